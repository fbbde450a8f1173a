// One attempt to place one pod.
import type { Pod, PodCondition } from '../../api/generated/types.ts';
import { findCondition, setCondition } from '../../api/meta/conditions.ts';
import { nameOf, namespaceOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { pods } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder, ReconcileResult } from '../../client/controller-context.ts';
import { bindPod, promiseVolumes } from './bind-pod.ts';
import type { ClusterState } from './cluster-state.ts';
import { isWaiting } from './cluster-state.ts';
import type { PendingPods } from './pending-pods.ts';
import { chooseNode, type ClusterView } from './plan/choose-node.ts';
import { podFacts } from './plan/pod-facts.ts';
import type { VolumeReservations } from './volume-reservations.ts';

/** A pod without a node is looked at again after this, even if nothing has changed. */
const RETRY_MS = 300_000;

export interface SchedulingContext {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
  readonly state: ClusterState;
  readonly reservations: VolumeReservations;
  readonly pending: PendingPods;
  /** The pod as cached. */
  pod(key: string): Pod | undefined;
  view(): ClusterView;
}

/** Decides in one go, then writes. Throws StatusError. */
export async function schedulePod(
  key: string,
  context: SchedulingContext,
): Promise<ReconcileResult | void> {
  const { client, state, pending, recorder, reservations } = context;
  if (state.isConfirmed(key)) return;
  const pod = context.pod(key);
  state.forget(key);
  if (!pod || !isWaiting(pod)) return pending.delete(key);
  const facts = podFacts(pod);
  const decision = chooseNode(facts, context.view());
  if (!decision.node) {
    await refuse(pod, key, { message: decision.message, context });
    return { requeueAfterMs: RETRY_MS };
  }
  const node = decision.node.name;
  state.assume(facts, node);
  try {
    if (decision.volumes.reserve.length + decision.volumes.provision.length > 0) {
      await promiseVolumes(decision.volumes, node, { client, reservations });
      // The claim's next change brings the pod back here; until then it keeps its place.
      return { requeueAfterMs: RETRY_MS };
    }
    await bindPod(client, pod, node);
    state.confirm(key);
  } catch (error) {
    state.forget(key);
    if (isNotFound(error) && !context.pod(key)) return;
    throw error;
  }
  pending.delete(key);
  const message = `Successfully assigned ${namespaceOf(pod)}/${nameOf(pod)} to ${node}`;
  recorder.event(pod, 'Normal', { reason: 'Scheduled', message });
}

/** Condition and event tell the user why, when there is something new to tell. */
async function refuse(
  pod: Pod,
  key: string,
  { message, context }: { message: string; context: SchedulingContext },
): Promise<void> {
  const { client, clock, recorder, pending } = context;
  if (pending.fail(key, message)) {
    recorder.event(pod, 'Warning', { reason: 'FailedScheduling', message });
  }
  const old = findCondition(pod.status?.conditions, 'PodScheduled');
  if (old?.status === 'False' && old.message === message) return;
  const [condition] = setCondition<PodCondition>(
    old ? [old] : [],
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message },
    formatTime(clock.now()),
  );
  const name = { namespace: namespaceOf(pod), name: nameOf(pod), subresource: 'status' };
  const body = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
  try {
    await client.resource(pods).patch(name, { type: 'strategic', body });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
