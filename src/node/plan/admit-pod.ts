// The node's own check before it runs a pod: the scheduler may have been bypassed or out of date.
import type { Container, Pod } from '../../api/generated/types.ts';
import { parseQuantity, quantityMillis } from '../../api/meta/quantity.ts';
import type { PodVerdict } from './pod-snapshot.ts';
import { isSidecar } from './pod-snapshot.ts';

const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const;

function requestOf(container: Container, resource: string): bigint {
  const text = container.resources?.requests?.[resource];
  return text === undefined ? 0n : quantityMillis(parseQuantity(text));
}

function sum(containers: readonly Container[], resource: string): bigint {
  return containers.reduce((total, container) => total + requestOf(container, resource), 0n);
}

/** What the pod asks for, in thousandths: its containers together, or a bigger init container. */
export function podRequest({ spec }: Pod, resource: string): bigint {
  const init = spec?.initContainers ?? [];
  const sidecars = init.filter(isSidecar);
  const steady = sum(spec?.containers ?? [], resource) + sum(sidecars, resource);
  const peaks = init
    .filter((container) => !isSidecar(container))
    .map((container) => requestOf(container, resource) + sum(sidecars, resource));
  const overhead = spec?.overhead?.[resource];
  const extra = overhead === undefined ? 0n : quantityMillis(parseQuantity(overhead));
  return [steady, ...peaks].reduce((a, b) => (a > b ? a : b)) + extra;
}

/** `TCP/8080@0.0.0.0` for every port of the host that the pod takes. */
function hostPorts({ spec }: Pod): { port: number; protocol: string; ip: string }[] {
  return (spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort = 0 }) => hostPort > 0)
      .map(({ hostPort = 0, protocol = 'TCP', hostIP }) => ({
        port: hostPort,
        protocol,
        ip: hostIP === undefined || hostIP === '' ? '0.0.0.0' : hostIP,
      })),
  );
}

function portsCollide(pod: Pod, others: readonly Pod[]): boolean {
  const taken = others.flatMap(hostPorts);
  return hostPorts(pod).some((wanted) =>
    taken.some(
      (used) =>
        used.port === wanted.port &&
        used.protocol === wanted.protocol &&
        (used.ip === wanted.ip || used.ip === '0.0.0.0' || wanted.ip === '0.0.0.0'),
    ),
  );
}

function outOf(
  resource: string,
  amounts: { requested: bigint; used: bigint; capacity: bigint },
): PodVerdict {
  const { requested, used, capacity } = amounts;
  return {
    reason: `OutOf${resource}`,
    message:
      `Pod was rejected: Node didn't have enough resource: ${resource}, ` +
      `requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}

/** Why the pod can't run beside `others` on a node with these resources; undefined: it can. */
export function admitPod(
  pod: Pod,
  others: readonly Pod[],
  allocatable: Readonly<Record<string, string>>,
): PodVerdict | undefined {
  const pods = Number(allocatable['pods'] ?? Infinity);
  if (others.length + 1 > pods) {
    const amounts = { requested: 1n, used: BigInt(others.length), capacity: BigInt(pods) };
    return outOf('pods', amounts);
  }
  for (const resource of RESOURCES) {
    const text = allocatable[resource];
    const requested = podRequest(pod, resource);
    if (text === undefined || requested === 0n) continue;
    const capacity = quantityMillis(parseQuantity(text));
    const used = others.reduce((total, other) => total + podRequest(other, resource), 0n);
    if (used + requested <= capacity) continue;
    // Upstream shows processor time in thousandths and everything else in whole units.
    const unit = resource === 'cpu' ? 1n : 1000n;
    return outOf(resource, {
      requested: requested / unit,
      used: used / unit,
      capacity: capacity / unit,
    });
  }
  if (portsCollide(pod, others)) {
    const message = "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports";
    return { reason: 'NodePorts', message };
  }
  return undefined;
}
