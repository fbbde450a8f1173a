// The Kubernetes objects behind the numbers of a world, as the planner wants to see them.
import type {
  ControllerRevision,
  OwnerReference,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../src/api/generated/types.ts';
import { setReference } from '../../src/controllers/statefulset/plan/identity.ts';
import { buildPod } from '../../src/controllers/statefulset/plan/new-pod.ts';
import { buildRevision } from '../../src/controllers/statefulset/plan/revisions.ts';
import type { Configuration, Wish } from './configuration.ts';
import { CLAIM, KIND, instanceOf, kindOf, revisionOfPod, type Stored } from './world.ts';

/** The one instant of all syncs: time passes as steps of pods, not on a clock. */
export const NOW_MS = Date.UTC(2026, 0, 1, 12);

const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
const MIN_READY_SECONDS = 10;

export const podUid = (ordinal: number, instance: number) => `pod-${ordinal}-${instance}`;

export interface Objects {
  /** Of template 0 and 1. */
  readonly revisions: readonly [ControllerRevision, ControllerRevision];
  set(wish: Wish, stored: Stored): StatefulSet;
  pod(ordinal: number, code: number): Pod;
  claim(ordinal: number, state: number): PersistentVolumeClaim | undefined;
}

/** Objects of one configuration; made once each. */
export function createObjects(configuration: Configuration): Objects {
  const base = buildSet(configuration, { replicas: 1, start: 0, revision: 0 });
  const next = buildSet(configuration, { replicas: 1, start: 0, revision: 1 });
  const revisions = [
    buildRevision(base, { revision: 1, collisionCount: 0 }),
    buildRevision(next, { revision: 2, collisionCount: 0 }),
  ] as const;
  const pods = new Map<number, Pod>();
  return {
    revisions,
    set(wish, { current, currentReplicas }) {
      const set = buildSet(configuration, wish);
      const name = revisions[current - 1]?.metadata.name;
      const status = { replicas: 0, currentReplicas, collisionCount: 0 };
      set.status = name === undefined ? status : { ...status, currentRevision: name };
      return set;
    },
    pod(ordinal, code) {
      const key = ordinal * 256 + code;
      let pod = pods.get(key);
      if (!pod) {
        pod = buildPod(base, ordinal, revisions[revisionOfPod(code) as 0 | 1]);
        pods.set(key, withState(pod, ordinal, code));
      }
      return pod;
    },
    claim: (ordinal, state) => buildClaim(base, ordinal, state),
  };
}

function buildSet(configuration: Configuration, wish: Wish): StatefulSet {
  const { policy, strategy, minReady, retention } = configuration;
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'shop', uid: 'set-uid', generation: 1 },
    spec: {
      replicas: wish.replicas,
      serviceName: 'web',
      ordinals: { start: wish.start },
      podManagementPolicy: policy,
      minReadySeconds: minReady ? MIN_READY_SECONDS : 0,
      updateStrategy: strategy,
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'main', image: `image-${wish.revision}` }] },
      },
      ...(retention
        ? {
            volumeClaimTemplates: [claim as PersistentVolumeClaim],
            persistentVolumeClaimRetentionPolicy: retention,
          }
        : {}),
    },
  };
}

/** Gives a pod of the planner's own making uid and status. */
function withState(pod: Pod, ordinal: number, code: number): Pod {
  const kind = kindOf(code);
  const ready = kind === KIND.ready || kind === KIND.young;
  const sinceMs = NOW_MS - (kind === KIND.young ? 0 : 3_600_000);
  const phase = kind === KIND.pending ? 'Pending' : kind === KIND.failed ? 'Failed' : 'Running';
  const status = ready ? 'True' : 'False';
  pod.metadata.uid = podUid(ordinal, instanceOf(code));
  if (kind === KIND.terminating) pod.metadata.deletionTimestamp = iso(NOW_MS);
  pod.status = { phase, conditions: [{ type: 'Ready', status, lastTransitionTime: iso(sinceMs) }] };
  return pod;
}

function buildClaim(
  set: StatefulSet,
  ordinal: number,
  state: number,
): PersistentVolumeClaim | undefined {
  if (state === CLAIM.absent) return undefined;
  const metadata = { name: `data-web-${ordinal}`, namespace: 'shop', uid: `claim-${ordinal}` };
  const owner = ownerOf(set, ordinal, state);
  const claim: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata,
  };
  if (owner) claim.metadata = { ...metadata, ownerReferences: [owner] };
  return claim;
}

function ownerOf(set: StatefulSet, ordinal: number, state: number): OwnerReference | undefined {
  if (state === CLAIM.free) return undefined;
  if (state === CLAIM.ofSet) return setReference(set);
  const uid = podUid(ordinal, state === CLAIM.ofPod0 ? 0 : 1);
  const pod = { apiVersion: 'v1', kind: 'Pod', name: `web-${ordinal}`, uid };
  return { ...pod, controller: true, blockOwnerDeletion: true };
}

/** The state of a claim as the planner wants it to be. */
export function claimStateOf(claim: PersistentVolumeClaim, ordinal: number): number {
  const [owner] = claim.metadata.ownerReferences ?? [];
  if (!owner) return CLAIM.free;
  if (owner.kind === 'StatefulSet') return CLAIM.ofSet;
  return owner.uid === podUid(ordinal, 0) ? CLAIM.ofPod0 : CLAIM.ofPod1;
}
