import { describe, expect, it } from 'vitest';
import type { Node } from '../../../api/generated/types.ts';
import { isExcluded, planDisruption, zoneOf, zoneState } from './zones.ts';
import type { ZoneNodes, ZoneState } from './zones.ts';

const nodes = (ready: number, lost: number): ZoneNodes => [
  ...Array.from({ length: ready }, () => 'True'),
  ...Array.from({ length: lost }, (_, index) => ['False', 'Unknown', undefined][index % 3]),
];
const labelled = (labels: Record<string, string>): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { labels },
});

describe('the state of a zone', () => {
  it.each<[number, number, ZoneState]>([
    [0, 0, 'Normal'],
    [1, 0, 'Normal'],
    [0, 1, 'FullDisruption'],
    [0, 9, 'FullDisruption'],
    [1, 2, 'Normal'],
    [3, 3, 'Normal'],
    [2, 3, 'PartialDisruption'],
    [9, 11, 'PartialDisruption'],
  ])('SS-941: %i ready and %i lost nodes are %s', (ready, lost, state) => {
    expect(zoneState(nodes(ready, lost))).toBe(state);
  });
});

describe('rates of eviction', () => {
  const plan = (previous: [string, ZoneState][], zones: [string, ZoneNodes][]) => {
    const { turn, rates } = planDisruption(new Map(previous), new Map(zones));
    return { turn, rates: Object.fromEntries(rates) };
  };

  it('SS-941: a small zone that is half gone stops, a large one goes on slowly', () => {
    expect(plan([['a', 'Normal']], [['a', nodes(2, 3)]]).rates).toEqual({ a: 0 });
    expect(plan([['a', 'Normal']], [['a', nodes(20, 31)]]).rates).toEqual({ a: 0.01 });
    expect(plan([['a', 'PartialDisruption']], [['a', nodes(4, 1)]]).rates).toEqual({ a: 0.1 });
    expect(plan([['a', 'Normal']], [['a', nodes(4, 1)]]).rates).toEqual({});
  });

  it('SS-941: one zone that is gone altogether is evicted, all zones are not', () => {
    const zones: [string, ZoneNodes][] = [
      ['a', nodes(0, 3)],
      ['b', nodes(3, 0)],
    ];
    expect(
      plan(
        [
          ['a', 'Normal'],
          ['b', 'Normal'],
        ],
        zones,
      ),
    ).toEqual({
      turn: undefined,
      rates: { a: 0.1 },
    });
    const gone: [string, ZoneNodes][] = [
      ['a', nodes(0, 3)],
      ['b', nodes(0, 3)],
    ];
    expect(
      plan(
        [
          ['a', 'FullDisruption'],
          ['b', 'Normal'],
        ],
        gone,
      ),
    ).toEqual({
      turn: 'enter',
      rates: { a: 0, b: 0 },
    });
    const full: [string, ZoneState][] = [
      ['a', 'FullDisruption'],
      ['b', 'FullDisruption'],
    ];
    expect(plan(full, gone)).toEqual({ turn: undefined, rates: {} });
    expect(plan(full, zones)).toEqual({ turn: 'leave', rates: { a: 0.1, b: 0.1 } });
  });

  it('a cluster without nodes is no disruption', () => {
    expect(plan([], [])).toEqual({ turn: undefined, rates: {} });
    expect(plan([['a', 'Normal']], [])).toEqual({ turn: undefined, rates: {} });
  });
});

describe('zones by labels', () => {
  it('a zone is region and zone, under the old names first', () => {
    expect(zoneOf(labelled({}))).toBe('');
    const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r' };
    const other = { ...labels, 'failure-domain.beta.kubernetes.io/zone': 'old' };
    expect(zoneOf(labelled(labels))).not.toBe(zoneOf(labelled(other)));
    expect(zoneOf(labelled({ 'topology.kubernetes.io/zone': 'z' }))).not.toBe('');
  });

  it('a node may be left out', () => {
    expect(isExcluded(labelled({ 'node.kubernetes.io/exclude-disruption': '' }))).toBe(true);
    expect(isExcluded(labelled({}))).toBe(false);
  });
});
