// Says of pods what their silent node no longer says: that they are not ready (SS-941).
import type { Pod, PodCondition } from '../../api/generated/types.ts';
import { findCondition, setCondition } from '../../api/meta/conditions.ts';
import { nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { pods } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/controller-context.ts';

export interface PodMarker {
  readonly client: Client;
  readonly clock: Clock;
  readonly recorder: EventRecorder;
}

const TRIES_MAX = 3;

/**
 * Sets Ready to False and records NodeNotReady for those that have it otherwise. Tries all of
 * them, then throws the first error.
 */
export async function markPodsNotReady(marker: PodMarker, list: readonly Pod[]): Promise<void> {
  const errors: unknown[] = [];
  for (const pod of list) {
    try {
      await markNotReady(marker, pod);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

async function markNotReady({ client, clock, recorder }: PodMarker, pod: Pod): Promise<void> {
  const resource = client.resource(pods);
  let newest = pod;
  for (let tries = 1; ; tries++) {
    try {
      if (tries > 1) {
        newest = await resource.get({ namespace: namespaceOf(pod), name: nameOf(pod) });
        if (uidOf(newest) !== uidOf(pod)) return;
      }
      const conditions = notReady(newest, formatTime(clock.now()));
      if (conditions === undefined) return;
      await resource.updateStatus({ ...newest, status: { ...newest.status, conditions } });
      recorder.event(pod, 'Warning', { reason: 'NodeNotReady', message: 'Node is not ready' });
      return;
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error) || tries === TRIES_MAX) throw error;
    }
  }
}

function notReady({ status }: Pod, now: string): PodCondition[] | undefined {
  const ready = findCondition(status?.conditions, 'Ready');
  if (ready === undefined || ready.status === 'False') return undefined;
  const { lastTransitionTime: _was, ...rest } = ready;
  return [...setCondition(status?.conditions, { ...rest, status: 'False' }, now)];
}
