import { describe, expect, it } from 'vitest';
import type { Node, NodeCondition, Taint } from '../../../api/generated/types.ts';
import { planLabels } from './label-change.ts';
import { changedTaints, planNoExecute, planNoSchedule } from './taint-change.ts';

const NOW = '2026-01-01T00:00:00Z';
const PREFIX = 'node.kubernetes.io/';

function node(conditions: Readonly<Record<string, string>>, spec: Node['spec'] = {}): Node {
  const list = Object.entries(conditions).map(([type, status]): NodeCondition => ({
    type,
    status,
  }));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    spec,
    status: { conditions: list },
  };
}

const taint = (name: string, effect = 'NoSchedule'): Taint => ({ key: PREFIX + name, effect });
const names = (taints: readonly Taint[] | undefined) =>
  taints?.map(({ key, effect }) => `${key.replace(PREFIX, '')}:${effect}`);

describe('NoSchedule taints', () => {
  it.each([
    [{ Ready: 'False' }, ['not-ready']],
    [{ Ready: 'Unknown' }, ['unreachable']],
    [{ Ready: 'True', MemoryPressure: 'True' }, ['memory-pressure']],
    [
      { Ready: 'True', DiskPressure: 'True', PIDPressure: 'True' },
      ['disk-pressure', 'pid-pressure'],
    ],
    [{ Ready: 'True', NetworkUnavailable: 'True' }, ['network-unavailable']],
    [{ Ready: 'True', MemoryPressure: 'False', DiskPressure: 'Unknown' }, []],
  ])('SS-941: conditions %j give %j', (conditions, expected) => {
    const { add, remove } = planNoSchedule(node(conditions));
    expect(names(add)).toEqual(expected.map((name) => `${name}:NoSchedule`));
    expect(remove).toEqual([]);
  });

  it('SS-941: a cordoned node has one', () => {
    const { add } = planNoSchedule(node({ Ready: 'True' }, { unschedulable: true }));
    expect(names(add)).toEqual(['unschedulable:NoSchedule']);
  });

  it('SS-941: go with their condition; those of others stay', () => {
    const taints = [taint('not-ready'), taint('disk-pressure'), taint('out-of-service')];
    const { add, remove } = planNoSchedule(node({ Ready: 'True' }, { taints }));
    expect(add).toEqual([]);
    expect(names(remove)).toEqual(['not-ready:NoSchedule', 'disk-pressure:NoSchedule']);
  });

  it('SS-941: a node that has not reported keeps the one that it was born with', () => {
    expect(planNoSchedule(node({}, { taints: [taint('not-ready')] })).remove).toEqual([]);
  });
});

describe('NoExecute taints', () => {
  it('SS-941: say not ready or unreachable, never both', () => {
    const taints = [taint('not-ready', 'NoExecute'), taint('not-ready')];
    const silent = planNoExecute(node({ Ready: 'Unknown' }, { taints }));
    expect(names(silent.add)).toEqual(['unreachable:NoExecute']);
    expect(names(silent.remove)).toEqual(['not-ready:NoExecute']);
    expect(planNoExecute(node({ Ready: 'False' }, { taints }))).toEqual({ add: [], remove: [] });
    expect(names(planNoExecute(node({ Ready: 'True' }, { taints })).remove)).toEqual([
      'not-ready:NoExecute',
    ]);
  });
});

describe('the changed list', () => {
  it('keeps the order, and says when a taint was added', () => {
    const before = node({}, { taints: [taint('a'), taint('b')] });
    const change = { add: [taint('b'), taint('c')], remove: [taint('a'), taint('d')] };
    expect(changedTaints(before, change, NOW)).toEqual([
      taint('b'),
      { ...taint('c'), timeAdded: NOW },
    ]);
  });

  it('is not written when nothing changes', () => {
    const before = node({}, { taints: [taint('a')] });
    expect(changedTaints(before, { add: [taint('a')], remove: [taint('b')] }, NOW)).toBeUndefined();
  });
});

describe('labels', () => {
  const labelled = (labels: Record<string, string>): Node => ({
    ...node({}),
    metadata: { labels },
  });

  it('old names follow the new ones', () => {
    const labels = { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm64' };
    const old = { 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': 'arm64' };
    expect(planLabels(labelled(labels))).toEqual(old);
    expect(planLabels(labelled({ ...labels, ...old, 'beta.kubernetes.io/arch': 'amd64' }))).toEqual(
      {
        'beta.kubernetes.io/arch': 'arm64',
      },
    );
    expect(planLabels(labelled({ ...labels, ...old }))).toBeUndefined();
    expect(planLabels(labelled({ 'beta.kubernetes.io/os': 'plan9' }))).toBeUndefined();
  });
});
