// Builds sets, pods and snapshots for the tests of this folder.
import type { ControllerRevision, Pod, StatefulSet } from '../../../api/generated/types.ts';
import { REVISION_LABEL, setIdentity } from './identity.ts';
import { volumesWithClaims } from './claims.ts';
import type { Action, EngineOptions, Plan, Snapshot } from './snapshot.ts';

export const NOW_MS = Date.UTC(2026, 0, 1, 12);

const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export function buildSet(spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'shop', uid: 'set-uid', generation: 1 },
    spec: {
      replicas: 3,
      serviceName: 'nginx',
      podManagementPolicy: 'OrderedReady',
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'nginx' }] },
      },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  };
}

export function buildControllerRevision(name: string, revision: number): ControllerRevision {
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name, namespace: 'shop' },
    data: {
      spec: { template: { $patch: 'replace', metadata: { labels: { app: 'web', at: name } } } },
    },
    revision,
  };
}

export const OLD = buildControllerRevision('web-old', 1);
export const NEW = buildControllerRevision('web-new', 2);

export type PodCondition =
  | 'ready'
  | 'unready'
  | 'pending'
  | 'failed'
  | 'succeeded'
  | 'terminating'
  | { readySeconds: number };

/** A pod of the set; `terminating` is still ready, `{readySeconds}` ready since so long. */
export function buildMember(
  set: StatefulSet,
  ordinal: number,
  { state = 'ready', revision = 'web-new' }: { state?: PodCondition; revision?: string } = {},
): Pod {
  const ready = state === 'ready' || state === 'terminating' || typeof state === 'object';
  const phases: Record<string, string> = {
    pending: 'Pending',
    failed: 'Failed',
    succeeded: 'Succeeded',
  };
  const sinceMs = NOW_MS - (typeof state === 'object' ? state.readySeconds : 3600) * 1000;
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      uid: `uid-${ordinal}`,
      labels: { app: 'web', [REVISION_LABEL]: revision },
      ...(state === 'terminating' ? { deletionTimestamp: iso(NOW_MS) } : {}),
    },
    spec: { containers: [], volumes: volumesWithClaims(set, ordinal, []) },
    status: {
      phase: typeof state === 'string' ? (phases[state] ?? 'Running') : 'Running',
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: iso(sinceMs) },
      ],
    },
  };
  setIdentity(set, pod, ordinal);
  return pod;
}

export const DEFAULT_OPTIONS: EngineOptions = { maxUnavailable: false, emulatedVersion: '1.36' };

export function buildSnapshot(
  set: StatefulSet,
  pods: readonly Pod[],
  parts: Partial<Snapshot> = {},
): Snapshot {
  return {
    set,
    pods,
    revisions: { current: OLD, update: NEW, collisionCount: 0 },
    claim: () => undefined,
    nowMs: NOW_MS,
    options: DEFAULT_OPTIONS,
    ...parts,
  };
}

/** The plan's actions in order, one short text each: `create web-0`, `delete web-2 (update)`. */
export function actionTexts(plan: Plan): string[] {
  const actions = plan.stages.flatMap((stage) => stage.tasks.flatMap((task) => task.actions));
  return actions.map(actionText);
}

function actionText(action: Action): string {
  switch (action.type) {
    case 'create-pod':
      return `create ${action.pod.metadata.name}`;
    case 'update-pod':
      return `update ${action.pod.metadata.name}`;
    case 'delete-pod':
      return `delete ${action.name} (${action.why})`;
    case 'repair-claims':
    case 'update-claims':
      return `${action.type} ${action.claims.podName}`;
  }
}

/** The plan's waits, one text each: `Pod/web-1…2 EarlierSlot: Pod/web-0 status.phase = Running`. */
export function waitTexts({ waits }: Plan): string[] {
  return waits.map(({ object, ordinals, gate, waitsFor }) => {
    const more = ordinals && ordinals.last > ordinals.first ? `…${ordinals.last}` : '';
    return `${object}${more} ${gate}: ${waitsFor.object} ${waitsFor.field} = ${waitsFor.wanted}`;
  });
}
