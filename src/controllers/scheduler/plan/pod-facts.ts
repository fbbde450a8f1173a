// What the scheduler needs to know of a pod, worked out once: requests, ports, claims, affinity.
import type { Pod, PodAffinityTerm } from '../../../api/generated/types.ts';
import { aggregateResources, isPodLevelResource } from '../../../api/core/pod-resources.ts';
import { addResources } from '../../../api/core/resource-list.ts';
import { controllerOf, keyOf, nameOf, namespaceOf } from '../../../api/meta/object.ts';
import { parseQuantity, quantityToNumber } from '../../../api/meta/quantity.ts';
import { affinityTerm, type AffinityTerm } from './affinity-term.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface WeightedTerm {
  /** Negative for what the pod would rather be away from. */
  readonly weight: number;
  readonly term: AffinityTerm;
}

export interface PodFacts {
  readonly pod: Pod;
  readonly key: string;
  /** Amounts by resource, in its base unit (cores, bytes). */
  readonly requests: ReadonlyMap<string, number>;
  readonly hostPorts: readonly HostPort[];
  /** Names of the claims it mounts. */
  readonly claims: readonly string[];
  readonly controllerUid: string;
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
}

export function podFacts(pod: Pod): PodFacts {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const terms = (list: readonly PodAffinityTerm[] | undefined) =>
    (list ?? []).map((term) => affinityTerm(term, pod));
  const weighted = (
    list: readonly { weight: number; podAffinityTerm: PodAffinityTerm }[] | undefined,
    sign: number,
  ) =>
    (list ?? []).map(({ weight, podAffinityTerm }) => ({
      weight: sign * weight,
      term: affinityTerm(podAffinityTerm, pod),
    }));
  return {
    pod,
    key: keyOf(pod),
    requests: requestsOf(pod),
    hostPorts: hostPortsOf(pod),
    claims: claimNames(pod),
    controllerUid: controllerOf(pod)?.uid ?? '',
    affinity: terms(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: terms(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: [
      ...weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
      ...weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
    ],
  };
}

/** Names of the claims that the pod mounts, also of its ephemeral volumes. */
export function claimNames(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [volume.persistentVolumeClaim.claimName];
    return volume.ephemeral ? [`${nameOf(pod)}-${volume.name}`] : [];
  });
}

/** `namespace/name` of the claims that the pod mounts. */
export function claimKeys(pod: Pod): string[] {
  return claimNames(pod).map((name) => `${namespaceOf(pod)}/${name}`);
}

function requestsOf({ spec }: Pod): ReadonlyMap<string, number> {
  if (!spec) return new Map();
  const requests = aggregateResources(spec, 'requests');
  for (const [name, amount] of Object.entries(spec.resources?.requests ?? {})) {
    if (isPodLevelResource(name)) requests[name] = amount;
  }
  const entries = Object.entries(addResources(requests, spec.overhead));
  return new Map(entries.map(([name, amount]) => [name, amountOf(amount)]));
}

/** A quantity in its base unit. */
export function amountOf(text: string): number {
  return quantityToNumber(parseQuantity(text));
}

function hostPortsOf({ spec }: Pod): HostPort[] {
  const sidecars = (spec?.initContainers ?? []).filter(
    ({ restartPolicy }) => restartPolicy === 'Always',
  );
  return [...(spec?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort = 0, hostIP = '', protocol = 'TCP' }) =>
      hostPort === 0 ? [] : [{ ip: hostIP || '0.0.0.0', protocol, port: hostPort }],
    ),
  );
}
