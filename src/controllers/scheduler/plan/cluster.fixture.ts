// Builds nodes, pods and views of a cluster for the tests of this folder.
import type { Node, Pod, PodSpec } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import type { ClusterView } from './choose-node.ts';
import { nodeBase, type NodeFacts } from './node-facts.ts';
import { podFacts } from './pod-facts.ts';
import type { VolumeView } from './pod-volumes.ts';

interface NodeSettings {
  labels?: Record<string, string>;
  spec?: Node['spec'];
  allocatable?: Record<string, string>;
}

/** A ready node with 4 cores and 8 GiB for 10 pods. */
export function buildNode(name: string, settings: NodeSettings = {}): Node {
  const { labels = {}, spec = {}, allocatable = {} } = settings;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '10', ...allocatable },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

interface PodSettings {
  labels?: Record<string, string>;
  /** Resource requests of its container. */
  requests?: Record<string, string>;
  spec?: Partial<PodSpec>;
  /** uid of its controller. */
  controller?: string;
}

export function buildPod(name: string, settings: PodSettings = {}): Pod {
  const { labels = {}, requests = {}, spec = {}, controller } = settings;
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', controller: true };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      labels,
      ...(controller === undefined ? {} : { ownerReferences: [{ ...owner, uid: controller }] }),
    },
    spec: { containers: [{ name: 'c', image: 'app:1', resources: { requests } }], ...spec },
  };
}

const noVolumes: VolumeView = {
  claim: () => undefined,
  volume: () => undefined,
  volumesOf: () => [],
  storageClass: () => undefined,
  reservation: () => undefined,
  isUsedByOther: () => false,
};

/** Nodes with the pods that are on them. */
export function buildCluster(
  nodes: readonly (Node | [Node, readonly Pod[]])[],
  volumes: Partial<VolumeView> = {},
): ClusterView {
  const facts = nodes.map((entry) => {
    const [node, pods] = Array.isArray(entry) ? entry : [entry, []];
    return withPods(node, pods);
  });
  return {
    nodes: facts,
    avoiding: facts.flatMap((node) =>
      [...node.pods.values()]
        .filter(({ antiAffinity }) => antiAffinity.length > 0)
        .map((pod) => ({ facts: pod, node })),
    ),
    namespaceLabels: () => undefined,
    volumes: { ...noVolumes, ...volumes },
  };
}

function withPods(node: Node, pods: readonly Pod[]): NodeFacts {
  const requested = new Map<string, number>();
  const facts = pods.map((pod) => podFacts(pod));
  for (const { requests } of facts) {
    for (const [name, amount] of requests) requested.set(name, (requested.get(name) ?? 0) + amount);
  }
  return {
    ...nodeBase(node),
    pods: new Map(facts.map((pod) => [nameOf(pod.pod), pod])),
    requested,
  };
}
