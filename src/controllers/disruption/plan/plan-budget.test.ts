import { describe, expect, it } from 'vitest';
import type { Pod, PodDisruptionBudget } from '../../../api/generated/types.ts';
import { formatTime } from '../../../base/time.ts';
import { failedStatus, needsScale, planBudget } from './plan-budget.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
type Spec = NonNullable<PodDisruptionBudget['spec']>;
type Status = PodDisruptionBudget['status'];

const budget = (spec: Spec, status?: Status): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'b', generation: 3 },
  spec,
  status,
});

/** `+` ready, `-` not ready, `x` ready but terminating. */
const podsOf = (text: string): Pod[] =>
  text.split('').map((sign, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `p${index}`,
      ...(sign === 'x' ? { deletionTimestamp: formatTime(NOW_MS) } : {}),
    },
    status: { conditions: [{ type: 'Ready', status: sign === '-' ? 'False' : 'True' }] },
  }));

const plan = (spec: Spec, pods: string, more: { scale?: number; status?: Status } = {}) =>
  planBudget({
    budget: budget(spec, more.status),
    pods: podsOf(pods),
    scale: more.scale ?? pods.length,
    nowMs: NOW_MS,
  });

describe('numbers', () => {
  it.each<[Spec, string, number, number[]]>([
    [{ minAvailable: 2 }, '+++', 3, [3, 2, 3, 1]],
    [{ minAvailable: 2 }, '++-', 3, [2, 2, 3, 0]],
    [{ minAvailable: 2 }, '+++', 9, [3, 2, 3, 1]],
    [{ minAvailable: 5 }, '+++', 3, [3, 5, 3, 0]],
    [{ minAvailable: '50%' }, '+++', 3, [3, 2, 3, 1]],
    [{ minAvailable: '50%' }, '+++', 5, [3, 3, 5, 0]],
    [{ minAvailable: '100%' }, '+++', 3, [3, 3, 3, 0]],
    [{ maxUnavailable: 1 }, '+++', 3, [3, 2, 3, 1]],
    [{ maxUnavailable: 1 }, '++-', 3, [2, 2, 3, 0]],
    [{ maxUnavailable: 0 }, '+++', 3, [3, 3, 3, 0]],
    [{ maxUnavailable: '34%' }, '+++', 3, [3, 1, 3, 2]],
    [{ maxUnavailable: 9 }, '+++', 3, [3, 0, 3, 3]],
    [{ maxUnavailable: 1 }, '++x', 3, [2, 2, 3, 0]],
    [{ maxUnavailable: '50%' }, '+', 0, [1, 0, 0, 0]],
    [{ minAvailable: 0 }, '', 0, [0, 0, 0, 0]],
    [{}, '++', 2, [2, 0, 0, 0]],
  ])('SS-967: %j, pods %s, scale %i: healthy, desired, expected, allowed %j', (...row) => {
    const [spec, pods, scale, numbers] = row;
    const { status } = plan(spec, pods, { scale });
    const { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed } = status ?? {};
    expect([currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed]).toEqual(numbers);
  });

  it('SS-967: a number of available pods counts pods, all else asks their controllers', () => {
    const asks = [{ minAvailable: 1 }, { minAvailable: '1%' }, { maxUnavailable: 1 }, {}];
    expect(asks.map((spec) => needsScale(budget(spec)))).toEqual([false, true, true, false]);
  });
});

describe('granted evictions', () => {
  const secondsAgo = (seconds: number) => formatTime(NOW_MS - seconds * 1000);

  it('SS-967: count as gone for two minutes', () => {
    const disruptedPods = {
      p0: secondsAgo(30),
      p1: secondsAgo(119),
      p2: secondsAgo(121),
      p3: secondsAgo(10),
      gone: secondsAgo(1),
    };
    const { status, notDeleted, recheckAtMs } = plan({ minAvailable: 1 }, '+++x+', {
      status: { disruptedPods },
    });
    expect(status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1 });
    expect(status?.disruptedPods).toEqual({ p0: disruptedPods.p0, p1: disruptedPods.p1 });
    expect(notDeleted.map(({ metadata }) => metadata.name)).toEqual(['p2']);
    expect(recheckAtMs).toBe(NOW_MS + 1000);
  });
});

describe('the written status', () => {
  it('SS-967: says of which generation it is, and whether something may go', () => {
    const { status } = plan({ minAvailable: 1 }, '++');
    expect(status).toMatchObject({
      observedGeneration: 3,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'True',
          reason: 'SufficientPods',
          observedGeneration: 3,
        },
      ],
    });
    expect(plan({ minAvailable: 1 }, '++', { status }).status).toBeUndefined();
    const { disruptedPods: _empty, ...stored } = status ?? {};
    expect(plan({ minAvailable: 1 }, '++', { status: stored }).status).toBeUndefined();
    expect(plan({ minAvailable: 1 }, '+', { status }).status?.conditions).toMatchObject([
      { status: 'False', reason: 'InsufficientPods' },
    ]);
  });

  it('SS-967: allows nothing when the numbers cannot be told', () => {
    const status = { currentHealthy: 2, disruptionsAllowed: 2, observedGeneration: 2 };
    const failed = failedStatus(budget({}, status), { message: 'why', nowMs: NOW_MS });
    expect(failed).toMatchObject({
      currentHealthy: 2,
      disruptionsAllowed: 0,
      conditions: [
        { status: 'False', reason: 'SyncFailed', message: 'why', observedGeneration: 2 },
      ],
    });
  });
});
