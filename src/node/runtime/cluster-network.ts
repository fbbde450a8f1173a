// The address plan of the cluster namespace, in one place.
import { BlockList, isIPv4 } from 'node:net';
import { assert } from '../../base/assert.ts';

/** All pods of all nodes share one bridge. */
export const BRIDGE_NAME = 'ordinal0';
/**
 * Fixed: an automatic MAC changes when a pod leaves, and the others lose their gateway for 30 s.
 */
export const BRIDGE_MAC = '02:6f:72:64:00:01';
export const POD_NETWORK = '10.244.0.0/16';
export const POD_NETWORK_PREFIX_LENGTH = 16;
/** The bridge's own address: the pods' default gateway and the address of node 0. */
export const GATEWAY_ADDRESS = '10.244.0.1';
export const SERVICE_NETWORK = '10.96.0.0/12';
/** ClusterIP of `kubernetes.default`; the server can listen on it. */
export const KUBERNETES_SERVICE_ADDRESS = '10.96.0.1';
/** ClusterIP of the cluster DNS; the server can listen on it. */
export const DNS_SERVICE_ADDRESS = '10.96.0.10';

const clusterNetworks = new BlockList();
for (const network of [POD_NETWORK, SERVICE_NETWORK]) {
  const [address = '', bits] = network.split('/');
  clusterNetworks.addSubnet(address, Number(bits));
}

/** True for an IPv4 address of a pod, a node or a service; a name is none. */
export function isClusterAddress(address: string): boolean {
  return isIPv4(address) && clusterNetworks.check(address);
}

/** Nodes and pods per node that fit in the plan. */
export const NODES_MAX = 256;
export const POD_HOST_NUMBERS = { first: 2, last: 254 } as const;

/** Address of node `nodeIndex` (0 to 255) on the bridge. */
export function nodeAddress(nodeIndex: number): string {
  return podAddress(nodeIndex, 1);
}

/** `spec.podCIDR` of node `nodeIndex`. */
export function nodePodNetwork(nodeIndex: number): string {
  return `${podAddress(nodeIndex, 0)}/24`;
}

/** Address number `hostNumber` of the node's pod network. */
export function podAddress(nodeIndex: number, hostNumber: number): string {
  assert(nodeIndex >= 0 && nodeIndex < NODES_MAX, `node index ${nodeIndex} fits the plan`);
  return `10.244.${nodeIndex}.${hostNumber}`;
}

/** Loopback counterpart for pods without a network namespace. */
export function loopbackAddress(nodeIndex: number, hostNumber: number): string {
  assert(nodeIndex >= 0 && nodeIndex < NODES_MAX, `node index ${nodeIndex} fits the plan`);
  return `127.244.${nodeIndex}.${hostNumber}`;
}

/** MAC that follows from an address, so that neighbours' caches stay right if it is used again. */
export function macOfAddress(address: string): string {
  const hex = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `0a:58:${hex.join(':')}`;
}
