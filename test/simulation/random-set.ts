// The sets that users make, in all the variety that matters to the engine.
import type { PersistentVolumeClaim, StatefulSet } from '../../src/api/generated/types.ts';
import type { Random } from '../../src/base/random.ts';

/** Some collide: `web-0` looks like a pod of `web`; `a-b` and `b` can name the same claims. */
export const SET_NAMES = ['web', 'web-0', 'a-b', 'b', 'db'] as const;
export const NAMESPACE = 'default';
export const IMAGES = ['app:1', 'app:2', 'app:3'] as const;

/** Claim templates that make `a-b` and `b` collide: `data` + `a-b` is `data-a` + `b`. */
const TEMPLATE_NAMES: Readonly<Record<string, string>> = { 'a-b': 'data', b: 'data-a' };

export function randomSet(name: string, random: Random): StatefulSet {
  const oneIn = (bound: number) => random.integer(bound) === 0;
  const labels = { app: name };
  const templates = random.integer(3);
  const claims = Array.from({ length: templates }, (_, number) =>
    claimTemplate(number === 0 ? (TEMPLATE_NAMES[name] ?? 'data') : 'log'),
  );
  const volumeMounts = claims.map((claim) => ({
    name: claim.metadata.name ?? '',
    mountPath: `/${claim.metadata.name}`,
  }));
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      serviceName: name,
      replicas: 1 + random.integer(5),
      podManagementPolicy: oneIn(2) ? 'Parallel' : 'OrderedReady',
      selector: { matchLabels: labels },
      ...(oneIn(4) ? { minReadySeconds: 1 + random.integer(8) } : {}),
      ...(oneIn(4) ? { ordinals: { start: random.integer(4) } } : {}),
      ...(oneIn(4) ? { revisionHistoryLimit: random.integer(3) } : {}),
      ...(oneIn(2) ? { persistentVolumeClaimRetentionPolicy: randomPolicy(random) } : {}),
      updateStrategy: randomStrategy(random),
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 10,
          automountServiceAccountToken: false,
          containers: [{ name: 'main', image: IMAGES[0], volumeMounts }],
        },
      },
      volumeClaimTemplates: claims,
    },
  };
}

export function randomPolicy(random: Random): { whenDeleted: string; whenScaled: string } {
  const one = () => (random.integer(2) === 0 ? 'Delete' : 'Retain');
  return { whenDeleted: one(), whenScaled: one() };
}

export function randomStrategy(
  random: Random,
): NonNullable<NonNullable<StatefulSet['spec']>['updateStrategy']> {
  switch (random.integer(6)) {
    case 0:
      return { type: 'OnDelete' };
    case 1:
      return { type: 'RollingUpdate' };
    case 2:
      return { type: 'RollingUpdate', rollingUpdate: { partition: random.integer(4) } };
    case 3:
      return { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 + random.integer(3) } };
    case 4:
      return { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '50%' } };
    default:
      return { type: 'RollingUpdate', rollingUpdate: { partition: 0 } };
  }
}

function claimTemplate(name: string): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
}
