import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../api/generated/types.ts';
import { ClusterState } from './cluster-state.ts';
import { buildNode, buildPod } from './plan/cluster.fixture.ts';
import { podFacts } from './plan/pod-facts.ts';

let state: ClusterState;

beforeEach(() => {
  state = new ClusterState();
  state.setNode(buildNode('a'));
});

const on = (pod: Pod, nodeName: string): Pod => ({
  ...pod,
  spec: { containers: [], ...pod.spec, nodeName },
});

const requested = () => state.nodes()[0]?.requested.get('cpu') ?? 0;
const pod = buildPod('p', { requests: { cpu: '1' } });

describe('what counts on a node', () => {
  it('pods that are placed, until they end or go', () => {
    state.setPod(on(pod, 'a'));
    expect(requested()).toBe(1);
    state.setPod({ ...on(pod, 'a'), status: { phase: 'Succeeded' } });
    expect(requested()).toBe(0);
    state.setPod(on(pod, 'a'));
    state.deletePod('shop/p');
    expect(requested()).toBe(0);
  });

  it('pods that were placed a moment ago, before the informer shows it', () => {
    state.assume(podFacts(pod), 'a');
    state.setPod(pod);
    expect(requested()).toBe(1);
    state.setPod(on(pod, 'a'));
    expect(requested()).toBe(1);
    state.forget('shop/p');
    expect(requested()).toBe(1);
  });

  it('no pod whose binding failed, and none whose name another pod has now', () => {
    state.assume(podFacts(pod), 'a');
    state.forget('shop/p');
    expect(requested()).toBe(0);
    state.assume(podFacts(pod), 'a');
    state.confirm('shop/p');
    expect(state.isConfirmed('shop/p')).toBe(true);
    const successor = { ...pod, metadata: { ...pod.metadata, uid: 'other' } };
    state.setPod(successor);
    expect(requested()).toBe(0);
    expect(state.isConfirmed('shop/p')).toBe(false);
  });

  it('pods of a node that is not there yet, once it comes', () => {
    state.setPod(on(pod, 'b'));
    expect(state.nodes()).toHaveLength(1);
    state.setNode(buildNode('b'));
    expect(state.nodes()[1]?.pods.size).toBe(1);
    state.deleteNode('b');
    expect(state.nodes()).toHaveLength(1);
  });
});

it('SS-875: knows who uses a claim', () => {
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }];
  state.setPod(on(buildPod('p', { spec: { volumes } }), 'a'));
  expect(state.isUsedByOther('shop/c', 'shop/p')).toBe(false);
  expect(state.isUsedByOther('shop/c', 'shop/q')).toBe(true);
  state.deletePod('shop/p');
  expect(state.isUsedByOther('shop/c', 'shop/q')).toBe(false);
});
