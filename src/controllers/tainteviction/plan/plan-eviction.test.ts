import { describe, expect, it } from 'vitest';
import type { Toleration } from '../../../api/generated/types.ts';
import { planEviction } from './plan-eviction.ts';

const NOW_MS = 1_000_000;
const effect = 'NoExecute';
const taints = ['a', 'b'].map((key) => ({ key, effect }));
const tolerates = (key: string, tolerationSeconds?: number): Toleration => ({
  key,
  operator: 'Exists',
  effect,
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});
const plan = (tolerations: Toleration[], sinceMs?: number) =>
  planEviction({ taints, tolerations, sinceMs, nowMs: NOW_MS });

describe('a pod on a node with NoExecute taints', () => {
  it('SS-943: is evicted at once if it does not tolerate one of them', () => {
    expect(plan([])).toEqual({ do: 'evict', tolerated: false });
    expect(plan([tolerates('a')])).toEqual({ do: 'evict', tolerated: false });
    expect(plan([tolerates('a'), tolerates('b', 0)])).toEqual({ do: 'evict', tolerated: true });
    expect(plan([tolerates('a'), tolerates('b', -5)])).toEqual({ do: 'evict', tolerated: true });
  });

  it('SS-943: stays for the shortest time that it tolerates one of them', () => {
    const both = [tolerates('a', 300), tolerates('b', 20), tolerates('c', 1)];
    expect(plan(both)).toEqual({ do: 'wait', untilMs: NOW_MS + 20_000 });
    expect(plan(both, NOW_MS - 19_000)).toEqual({ do: 'wait', untilMs: NOW_MS + 1000 });
    expect(plan(both, NOW_MS - 20_000)).toEqual({ do: 'evict', tolerated: true });
    expect(plan([tolerates('a'), tolerates('b', 7)])).toMatchObject({ untilMs: NOW_MS + 7000 });
  });

  it('SS-943: stays for good if it tolerates them without limit', () => {
    expect(plan([tolerates('a'), tolerates('b')])).toEqual({ do: 'stay' });
    expect(plan([{ operator: 'Exists' }])).toEqual({ do: 'stay' });
    expect(planEviction({ taints: [], tolerations: [], sinceMs: 1, nowMs: 2 })).toEqual({
      do: 'stay',
    });
  });
});
