// What the runtime is told about a pod as a whole.
import type { Pod } from '../api/generated/types.ts';
import { nameOf, namespaceOf, uidOf } from '../api/meta/object.ts';
import { podDns, podHostname } from './plan/pod-dns.ts';
import type { DnsContext } from './plan/pod-dns.ts';
import type { PodSandboxConfig } from './runtime/runtime.ts';

function sharedProcesses({ spec }: Pod): PodSandboxConfig['processes'] {
  if (spec?.hostPID === true) return 'node';
  return spec?.shareProcessNamespace === true ? 'pod' : undefined;
}

/** SS-901. `nodeName` is the host name of pods in the host's network. */
export function podSandboxConfig(
  pod: Pod,
  { dns, nodeName }: { dns: DnsContext; nodeName: string },
): PodSandboxConfig {
  const hostNetwork = pod.spec?.hostNetwork === true;
  const { hostname, fullyQualifiedName } = podHostname(pod, dns.clusterDomain);
  return {
    namespace: namespaceOf(pod),
    name: nameOf(pod),
    uid: uidOf(pod),
    hostname: hostNetwork ? nodeName : hostname,
    fullyQualifiedName: hostNetwork ? undefined : fullyQualifiedName,
    hostAliases: (pod.spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => ({ ip, hostnames })),
    dns: podDns(pod, dns),
    hostNetwork,
    processes: sharedProcesses(pod),
  };
}
