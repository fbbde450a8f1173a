// The checks of the level baseline: nothing that is known to give a pod rights over its node.
import type { Container, SELinuxOptions } from '../../generated/types.ts';
import { profileChecks } from './profile-checks.ts';
import {
  containersOf,
  containersWhere,
  distinct,
  hasOwnUsers,
  namesOf,
  plural,
  quoted,
  settersText,
} from './pod-check.ts';
import type { CheckedPod, Finding, PodCheck } from './pod-check.ts';

const CAPABILITIES: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];
const SELINUX_TYPES: readonly string[] = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
/** Safe sysctls with the minor version since which they are. */
const SYSCTLS: ReadonlyMap<string, number> = new Map([
  ['kernel.shm_rmid_forced', 0],
  ['net.ipv4.ip_local_port_range', 0],
  ['net.ipv4.tcp_syncookies', 0],
  ['net.ipv4.ping_group_range', 0],
  ['net.ipv4.ip_unprivileged_port_start', 0],
  ['net.ipv4.ip_local_reserved_ports', 27],
  ['net.ipv4.tcp_keepalive_time', 29],
  ['net.ipv4.tcp_fin_timeout', 29],
  ['net.ipv4.tcp_keepalive_intvl', 29],
  ['net.ipv4.tcp_keepalive_probes', 29],
  ['net.ipv4.tcp_rmem', 32],
  ['net.ipv4.tcp_wmem', 32],
]);

const checks: readonly PodCheck[] = [
  ...profileChecks,
  { id: 'capabilities_baseline', find: findCapabilities },
  { id: 'hostNamespaces', find: findHostNamespaces },
  { id: 'hostPathVolumes', find: findHostPaths },
  { id: 'hostPorts', find: findHostPorts },
  { id: 'hostProbesAndHostLifecycle', since: 34, find: findProbeHosts },
  { id: 'privileged', find: findPrivileged },
  {
    id: 'procMount',
    find: (pod, minor) => (minor >= 35 && hasOwnUsers(pod) ? undefined : findProcMount(pod)),
  },
  { id: 'seLinuxOptions', find: findSeLinux },
  { id: 'sysctls', find: findSysctls },
  { id: 'windowsHostProcess', find: findHostProcess },
];

/** By id. */
export const baselineChecks = checks.toSorted((left, right) => (left.id < right.id ? -1 : 1));

function findCapabilities(pod: CheckedPod): Finding | undefined {
  const foreign = ({ securityContext }: Container) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !CAPABILITIES.includes(name));
  const bad = containersOf(pod).filter((container) => foreign(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = quoted(distinct(bad.flatMap(foreign)));
  const detail = `${namesOf(bad)} must not include ${names} in securityContext.capabilities.add`;
  return { reason: 'non-default capabilities', detail };
}

function findHostNamespaces({ spec }: CheckedPod): Finding | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(
    (name) => spec[name] === true,
  );
  if (shared.length === 0) return undefined;
  return { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') };
}

function findHostPaths({ spec }: CheckedPod): Finding | undefined {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural(names, 'volume')} ${quoted(names)}` };
}

function findHostPorts(pod: CheckedPod): Finding | undefined {
  const portsOf = ({ ports = [] }: Container) =>
    ports.flatMap(({ hostPort = 0 }) => (hostPort === 0 ? [] : [String(hostPort)]));
  const bad = containersOf(pod).filter((container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = distinct(bad.flatMap(portsOf));
  const use = bad.length === 1 ? 'uses' : 'use';
  const detail = `${namesOf(bad)} ${use} ${plural(ports, 'hostPort')} ${ports.join(', ')}`;
  return { reason: 'hostPort', detail };
}

function findProbeHosts(pod: CheckedPod): Finding | undefined {
  const hostsOf = (container: Container): string[] => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const handlers = [
      livenessProbe,
      readinessProbe,
      startupProbe,
      lifecycle?.postStart,
      lifecycle?.preStop,
    ];
    const hosts = handlers.flatMap((own) => [own?.httpGet?.host, own?.tcpSocket?.host]);
    return hosts.filter((host): host is string => host !== undefined && host !== '');
  };
  const names = distinct(
    containersOf(pod)
      .filter((container) => hostsOf(container).length > 0)
      .map(({ name }) => name),
  );
  if (names.length === 0) return undefined;
  const hosts = distinct(containersOf(pod).flatMap(hostsOf));
  const who = `${plural(names, 'container')} ${quoted(names)} ${plural(names, 'uses', 'use')}`;
  const what = plural(hosts, 'probe or lifecycle host');
  return { reason: 'probe or lifecycle host', detail: `${who} ${what} ${quoted(hosts)}` };
}

function findPrivileged(pod: CheckedPod): Finding | undefined {
  const bad = containersWhere(pod, ({ privileged }) => privileged === true);
  if (bad.length === 0) return undefined;
  const detail = `${namesOf(bad)} must not set securityContext.privileged=true`;
  return { reason: 'privileged', detail };
}

/** Only the default mount of /proc; also what the level restricted says about pods with users. */
export function findProcMount(pod: CheckedPod): Finding | undefined {
  const bad = containersWhere(pod, ({ procMount = 'Default' }) => procMount !== 'Default');
  if (bad.length === 0) return undefined;
  const types = distinct(bad.flatMap(({ securityContext }) => securityContext?.procMount ?? []));
  const detail = `${namesOf(bad)} must not set securityContext.procMount to ${quoted(types)}`;
  return { reason: 'procMount', detail };
}

function findSeLinux(pod: CheckedPod, minor: number): Finding | undefined {
  const types = minor >= 31 ? [...SELINUX_TYPES, 'container_engine_t'] : SELINUX_TYPES;
  const isBad = ({ type = '', user = '', role = '' }: SELinuxOptions) =>
    !types.includes(type) || user !== '' || role !== '';
  const own = pod.spec.securityContext?.seLinuxOptions;
  const podIsBad = own !== undefined && isBad(own);
  const bad = containersWhere(
    pod,
    ({ seLinuxOptions }) => seLinuxOptions !== undefined && isBad(seLinuxOptions),
  );
  const setters = settersText(podIsBad, bad);
  if (setters === undefined) return undefined;
  const options = [own, ...bad.map(({ securityContext }) => securityContext?.seLinuxOptions)];
  const badTypes = distinct(options.flatMap((each) => each?.type ?? [])).filter(
    (type) => !types.includes(type),
  );
  const data = [
    ...(badTypes.length > 0 ? [`${plural(badTypes, 'type')} ${quoted(badTypes)}`] : []),
    ...(options.some((each) => (each?.user ?? '') !== '') ? ['user may not be set'] : []),
    ...(options.some((each) => (each?.role ?? '') !== '') ? ['role may not be set'] : []),
  ];
  const detail = `${setters} set forbidden securityContext.seLinuxOptions: ${data.join('; ')}`;
  return { reason: 'seLinuxOptions', detail };
}

function findSysctls({ spec }: CheckedPod, minor: number): Finding | undefined {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
  const bad = names.filter((name) => !SYSCTLS.has(name) || minor < (SYSCTLS.get(name) ?? 0));
  return bad.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: bad.join(', ') };
}

function findHostProcess(pod: CheckedPod): Finding | undefined {
  const podIsBad = pod.spec.securityContext?.windowsOptions?.hostProcess === true;
  const bad = containersWhere(pod, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  const setters = settersText(podIsBad, bad);
  if (setters === undefined) return undefined;
  const detail = `${setters} must not set securityContext.windowsOptions.hostProcess=true`;
  return { reason: 'hostProcess', detail };
}
