// The API services of what this server answers for itself: one for each group version that it has
// built in, or that a definition has brought.
import type { APIService, CustomResourceDefinition } from '../../api/generated/types.ts';
import type { ResourceDefinition } from '../../api/resources.ts';

/** Who keeps an API service: `onstart` as it was at the last start, `true` all the time. */
export const MANAGED_LABEL = 'kube-aggregator.kubernetes.io/automanaged';
export type Managed = 'onstart' | 'true';

/** Clients prefer groups with more, and among versions the one with more. */
interface Priority {
  readonly group: number;
  readonly version: number;
}

/** Those of upstream. */
const PRIORITIES: Readonly<Record<string, Priority>> = {
  'v1.': { group: 18_000, version: 1 },
  'v1.apps': { group: 17_800, version: 15 },
  'v1.events.k8s.io': { group: 17_750, version: 15 },
  'v1.authentication.k8s.io': { group: 17_700, version: 15 },
  'v1.authorization.k8s.io': { group: 17_600, version: 15 },
  'v1.autoscaling': { group: 17_500, version: 15 },
  'v2.autoscaling': { group: 17_500, version: 30 },
  'v1.batch': { group: 17_400, version: 15 },
  'v1.certificates.k8s.io': { group: 17_300, version: 15 },
  'v1.networking.k8s.io': { group: 17_200, version: 15 },
  'v1.policy': { group: 17_100, version: 15 },
  'v1.rbac.authorization.k8s.io': { group: 17_000, version: 15 },
  'v1.storage.k8s.io': { group: 16_800, version: 15 },
  'v1.apiextensions.k8s.io': { group: 16_700, version: 15 },
  'v1.admissionregistration.k8s.io': { group: 16_700, version: 15 },
  'v1.scheduling.k8s.io': { group: 16_600, version: 15 },
  'v1.coordination.k8s.io': { group: 16_500, version: 15 },
  'v1.node.k8s.io': { group: 16_300, version: 15 },
  'v1.discovery.k8s.io': { group: 16_200, version: 15 },
  'v1.flowcontrol.apiserver.k8s.io': { group: 16_100, version: 21 },
  'v1beta1.metrics.k8s.io': { group: 100, version: 100 },
};

const CUSTOM: Priority = { group: 1000, version: 100 };

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

const nameOf = ({ group, version }: GroupVersion) => `${version}.${group}`;

function localService(
  { group, version }: GroupVersion,
  { managed, priority }: { managed: Managed; priority: Priority },
): APIService {
  const name = nameOf({ group, version });
  const priorities = { groupPriorityMinimum: priority.group, versionPriority: priority.version };
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name, labels: { [MANAGED_LABEL]: managed } },
    spec: { ...(group === '' ? {} : { group }), version, ...priorities },
  };
}

/** Of built-in resources; the group of API services itself has none, as upstream. */
export function builtinServices(resources: readonly ResourceDefinition[]): APIService[] {
  const versions = new Map(resources.map((resource) => [nameOf(resource), resource]));
  return [...versions].flatMap(([name, served]) => {
    const priority = PRIORITIES[name];
    return priority ? [localService(served, { managed: 'onstart', priority })] : [];
  });
}

/** Of the served versions of definitions. */
export function customServices(definitions: readonly CustomResourceDefinition[]): APIService[] {
  const services = new Map<string, APIService>();
  for (const { spec } of definitions) {
    for (const { name: version } of spec.versions.filter(({ served }) => served)) {
      const service = localService(
        { group: spec.group, version },
        { managed: 'true', priority: CUSTOM },
      );
      services.set(service.metadata.name ?? '', service);
    }
  }
  return [...services.values()];
}
