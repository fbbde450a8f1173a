// One pod's namespaces: a network namespace joined to the bridge, a host name, shared memory. They
// persist by name without a process, so containers come and go while the pod keeps its address.
import {
  BRIDGE_NAME,
  GATEWAY_ADDRESS,
  macOfAddress,
  POD_NETWORK_PREFIX_LENGTH,
} from '../cluster-network.ts';
import { runOrThrow, shellQuote, type CommandRunner } from '../command-runner.ts';
import type { PodRecord } from '../records.ts';
import { PODS_MOUNT, SHM_MOUNT } from './cluster-namespace.ts';

/** Files under which the pod's namespaces can be entered. */
export function podNamespaces(pod: PodRecord): { net?: string; uts: string; ipc: string } {
  const dir = `${PODS_MOUNT}/${pod.id}`;
  const own = { uts: `${dir}/uts`, ipc: `${dir}/ipc` };
  return pod.config.hostNetwork ? own : { ...own, net: `/run/netns/${pod.id}` };
}

/** Path of the pod's /dev/shm. */
export function podSharedMemory(pod: PodRecord): string {
  return `${SHM_MOUNT}/${pod.id}`;
}

/** Makes them, and runs `further` shell commands; throws OrdinalError `ORD_POD_NETWORK`. */
export async function createPodNamespaces(
  runner: CommandRunner,
  pod: PodRecord,
  further: readonly string[],
): Promise<void> {
  const { uts, ipc } = podNamespaces(pod);
  const script = [
    `mkdir -m 1777 ${PODS_MOUNT}/${pod.id} ${podSharedMemory(pod)} || exit 1`,
    `: >${uts}`,
    `: >${ipc}`,
    // At the same time as the network.
    `unshare --uts=${uts} --ipc=${ipc} hostname ${shellQuote(pod.config.hostname)} &`,
    'named=$!',
    ...(pod.config.hostNetwork ? [] : networkCommands(pod)),
    ...further.map((command) => `${command} || exit 1`),
    'wait $named',
  ].join('\n');
  await runOrThrow(runner, ['sh', '-c', script], {
    code: 'ORD_POD_NETWORK',
    what: `can't set up pod ${pod.config.namespace}/${pod.config.name}`,
  });
}

/** Removes them, complete or not. Call it when the pod's processes have ended. */
export async function removePodNamespaces(runner: CommandRunner, pod: PodRecord): Promise<void> {
  const { uts, ipc } = podNamespaces(pod);
  const network = pod.config.hostNetwork
    ? []
    : ['ip -force -batch - <<END', `link del ${linkName(pod)}`, `netns del ${pod.id}`, 'END'];
  const script = [
    ...network,
    `umount ${uts} ${ipc}`,
    `rm -rf ${PODS_MOUNT}/${pod.id} ${podSharedMemory(pod)}`,
  ].join('\n');
  await runner.run(['sh', '-c', script]);
}

/** Ids of all pods that have namespaces. */
export async function listPodNamespaces(runner: CommandRunner): Promise<ReadonlySet<string>> {
  const listing = await runner.run(['ls', PODS_MOUNT]);
  return new Set(listing.stdout.split('\n').filter((line) => line !== ''));
}

function networkCommands(pod: PodRecord): string[] {
  const { id, ip } = pod;
  return [
    'ip -batch - <<END || exit 1',
    `netns add ${id}`,
    `link add ${linkName(pod)} type veth peer name eth0 address ${macOfAddress(ip)} netns ${id}`,
    `link set ${linkName(pod)} master ${BRIDGE_NAME} up`,
    'END',
    `ip -n ${id} -batch - <<END || exit 1`,
    'link set lo up',
    `addr add ${ip}/${POD_NETWORK_PREFIX_LENGTH} dev eth0`,
    'link set eth0 up',
    `route add default via ${GATEWAY_ADDRESS}`,
    'END',
  ];
}

/** At most 15 characters for the kernel. */
function linkName(pod: PodRecord): string {
  return `v${pod.id}`;
}
