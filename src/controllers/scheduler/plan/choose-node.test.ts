import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '../../../api/generated/types.ts';
import { chooseNode } from './choose-node.ts';
import { buildCluster, buildNode, buildPod } from './cluster.fixture.ts';
import { podFacts } from './pod-facts.ts';

/** The node's name, or the message. */
function place(pod: Pod, nodes: readonly (Node | [Node, readonly Pod[]])[]): string {
  const decision = chooseNode(podFacts(pod), buildCluster(nodes));
  return decision.node ? decision.node.name : decision.message;
}

const away = (topologyKey: string, labels: Record<string, string>): Partial<PodSpec> => ({
  affinity: {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey, labelSelector: { matchLabels: labels } },
      ],
    },
  },
});

const together = (labels: Record<string, string>): Partial<PodSpec> => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'zone', labelSelector: { matchLabels: labels } },
      ],
    },
  },
});

describe('which nodes fit', () => {
  it('says when there are no nodes', () => {
    expect(place(buildPod('p'), [])).toBe('no nodes available to schedule pods');
  });

  it('counts the reasons in the words of Kubernetes, sorted', () => {
    const taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' };
    const nodes = [
      buildNode('a', { spec: { taints: [taint] } }),
      buildNode('b'),
      buildNode('c', { spec: { unschedulable: true } }),
    ];
    expect(place(buildPod('p', { requests: { cpu: '5' } }), nodes)).toBe(
      '0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), ' +
        '1 node(s) were unschedulable.',
    );
  });

  it('a node that is not ready takes the pods that tolerate its taints', () => {
    const taints = [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }];
    const nodes = [buildNode('a', { spec: { taints } })];
    expect(place(buildPod('p'), nodes)).toMatch(/untolerated taint/);
    const tolerations = [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists' }];
    expect(place(buildPod('p', { spec: { tolerations } }), nodes)).toBe('a');
  });

  it('names every resource that is missing', () => {
    const pod = buildPod('p', { requests: { cpu: '5', memory: '9Gi', 'example.com/gpu': '1' } });
    expect(place(pod, [buildNode('a')])).toBe(
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient example.com/gpu, ' +
        '1 Insufficient memory.',
    );
    const full = buildNode('a', { allocatable: { pods: '1' } });
    const message = '0/1 nodes are available: 1 Too many pods.';
    expect(place(buildPod('p'), [[full, [buildPod('q')]]])).toBe(message);
  });

  it('counts what pods on the node have asked for, exactly up to its end', () => {
    const others = Array.from({ length: 9 }, (_, index) =>
      buildPod(`q${index}`, { requests: { cpu: '0.4' } }),
    );
    const fits = buildPod('p', { requests: { cpu: '400m' } });
    expect(place(fits, [[buildNode('a'), others]])).toBe('a');
    const tooBig = buildPod('p', { requests: { cpu: '401m' } });
    expect(place(tooBig, [[buildNode('a'), others]])).toContain('1 Insufficient cpu');
  });

  it('takes the largest init container if that is more than the containers', () => {
    const resources = { requests: { cpu: '5' } };
    const spec = { initContainers: [{ name: 'i', image: 'app:1', resources }] };
    expect(place(buildPod('p', { spec }), [buildNode('a')])).toContain('Insufficient cpu');
  });

  it.each([
    ['tolerated by key and value', { key: 'k', value: 'v', effect: 'NoSchedule' }, true],
    ['another value', { key: 'k', value: 'other' }, false],
    ['any value', { key: 'k', operator: 'Exists' }, true],
    ['everything', { operator: 'Exists' }, true],
    ['another effect', { key: 'k', operator: 'Exists', effect: 'NoExecute' }, false],
  ])('a taint that is %s', (_, toleration, fits) => {
    const node = buildNode('a', {
      spec: { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] },
    });
    const message = '0/1 nodes are available: 1 node(s) had untolerated taint(s).';
    const pod = buildPod('p', { spec: { tolerations: [toleration] } });
    expect(place(pod, [node])).toBe(fits ? 'a' : message);
  });

  it('an unschedulable node takes pods that tolerate it', () => {
    const key = 'node.kubernetes.io/unschedulable';
    const pod = buildPod('p', { spec: { tolerations: [{ key, operator: 'Exists' }] } });
    expect(place(pod, [buildNode('a', { spec: { unschedulable: true } })])).toBe('a');
  });

  it('keeps to nodeSelector and required node affinity, by labels, fields and order', () => {
    const nodes = [
      buildNode('a', { labels: { size: '1' } }),
      buildNode('b', { labels: { size: '5' } }),
    ];
    const required = (term: object): Partial<PodSpec> => ({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
        },
      },
    });
    expect(place(buildPod('p', { spec: { nodeSelector: { size: '5' } } }), nodes)).toBe('b');
    const more = required({ matchExpressions: [{ key: 'size', operator: 'Gt', values: ['1'] }] });
    expect(place(buildPod('p', { spec: more }), nodes)).toBe('b');
    const named = required({
      matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }],
    });
    expect(place(buildPod('p', { spec: named }), nodes)).toBe('b');
    expect(place(buildPod('p', { spec: required({}) }), nodes)).toBe(
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    );
  });

  it('gives a host port to one pod a node, unless addresses differ', () => {
    const withPort = (name: string, hostIP?: string) => {
      const port = { containerPort: 80, hostPort: 80, ...(hostIP ? { hostIP } : {}) };
      return buildPod(name, { spec: { containers: [{ name: 'c', image: 'a', ports: [port] }] } });
    };
    const node = buildNode('a');
    expect(place(withPort('p'), [[node, [withPort('q')]]])).toBe(
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    );
    expect(place(withPort('p', '10.0.0.1'), [[node, [withPort('q', '10.0.0.2')]]])).toBe('a');
    expect(place(withPort('p', '10.0.0.1'), [[node, [withPort('q')]]])).toContain('free ports');
  });
});

describe('pods among each other', () => {
  const labels = { app: 'web' };

  it('required anti-affinity keeps pods of a set on different nodes', () => {
    const spec = away('kubernetes.io/hostname', labels);
    const member = (name: string) => buildPod(name, { labels, spec });
    const nodes: [Node, Pod[]][] = [
      [buildNode('a'), [member('web-0')]],
      [buildNode('b'), []],
    ];
    expect(place(member('web-1'), nodes)).toBe('b');
    nodes[1]?.[1].push(member('web-1'));
    expect(place(member('web-2'), nodes)).toBe(
      "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
    );
  });

  it('anti-affinity of pods that are there holds for newcomers without any', () => {
    const guard = buildPod('guard', { spec: away('kubernetes.io/hostname', labels) });
    expect(place(buildPod('web-0', { labels }), [[buildNode('a'), [guard]]])).toBe(
      "0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.",
    );
    expect(place(buildPod('other'), [[buildNode('a'), [guard]]])).toBe('a');
  });

  it('required affinity follows the others; the first of its group goes anywhere', () => {
    const east = buildNode('a', { labels: { zone: 'east' } });
    const west = buildNode('b', { labels: { zone: 'west' } });
    const nowhere = buildNode('c');
    const web = buildPod('web-0', { labels, spec: together(labels) });
    expect(place(web, [nowhere, west])).toBe('b');
    const follower = buildPod('web-1', { labels, spec: together(labels) });
    expect(place(follower, [east, [west, [web]]])).toBe('b');
    const stranger = buildPod('p', { spec: together(labels) });
    expect(place(stranger, [east, nowhere])).toBe(
      "0/2 nodes are available: 2 node(s) didn't match pod affinity rules.",
    );
  });

  it('topologySpreadConstraints hold the skew', () => {
    const constraint = {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: labels },
    };
    const spec = { topologySpreadConstraints: [constraint] };
    const member = (name: string) => buildPod(name, { labels, spec });
    const east = buildNode('a', { labels: { zone: 'east' } });
    const west = buildNode('b', { labels: { zone: 'west' }, allocatable: { pods: '0' } });
    expect(place(member('web-1'), [[east, [member('web-0')]], west])).toBe(
      "0/2 nodes are available: 1 Too many pods, 1 node(s) didn't match pod topology spread " +
        'constraints.',
    );
    expect(place(member('web-0'), [east, west])).toBe('a');
  });
});

describe('which of the fitting nodes is best', () => {
  it('spreads the pods of a controller', () => {
    const member = (name: string) => buildPod(name, { controller: 'set-uid' });
    const nodes: [Node, Pod[]][] = [
      [buildNode('a'), [member('web-0')]],
      [buildNode('b'), [buildPod('x', { requests: { cpu: '3' } }), buildPod('y')]],
    ];
    expect(place(member('web-1'), nodes)).toBe('b');
  });

  it('prefers the emptier node, then the first by name', () => {
    const busy = buildPod('q', { requests: { cpu: '2' } });
    expect(place(buildPod('p'), [[buildNode('a'), [busy]], buildNode('b')])).toBe('b');
    expect(place(buildPod('p'), [buildNode('b'), buildNode('a')])).toBe('a');
  });

  it('follows preferences of the pod and avoids PreferNoSchedule', () => {
    const preferred = {
      weight: 50,
      preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['fast'] }] },
    };
    const affinity = {
      nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preferred] },
    };
    const fast = buildNode('b', { labels: { disk: 'fast' } });
    expect(place(buildPod('p', { spec: { affinity } }), [buildNode('a'), fast])).toBe('b');
    const taints = [{ key: 'k', effect: 'PreferNoSchedule' }];
    expect(place(buildPod('p'), [buildNode('a', { spec: { taints } }), buildNode('b')])).toBe('b');
  });
});
