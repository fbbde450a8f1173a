import { expect, it } from 'vitest';
import { MetricRegistry } from '../../base/metric-registry.ts';
import { plan } from './plan/plan.ts';
import { buildMember, buildSet, buildSnapshot, DEFAULT_OPTIONS } from './plan/set-builder.ts';
import { createSetMetrics } from './set-metrics.ts';

const rollingUpdate = { partition: 0, maxUnavailable: '50%' };
const set = buildSet({ replicas: 4, updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
const LABELS =
  '{statefulset_namespace="shop",statefulset_name="web",pod_management_policy="OrderedReady"}';

function figuresOf(maxUnavailable: boolean) {
  const registry = new MetricRegistry();
  const metrics = createSetMetrics(registry);
  const options = { ...DEFAULT_OPTIONS, maxUnavailable };
  metrics.planned(set, plan(buildSnapshot(set, [buildMember(set, 0)], { options })));
  const lines = () =>
    registry
      .render()
      .split('\n')
      .filter((line) => !line.startsWith('#') && line !== '');
  return { metrics, lines };
}

it('SS-840: budget and unavailable replicas of a set, as long as the set is there', () => {
  const { metrics, lines } = figuresOf(true);
  expect(lines()).toEqual([
    `statefulset_controller_statefulset_max_unavailable${LABELS} 2`,
    `statefulset_controller_statefulset_unavailable_replicas${LABELS} 3`,
  ]);
  metrics.gone('shop/web');
  expect(lines()).toEqual([]);
});

it('SS-840: neither without the gate MaxUnavailableStatefulSet', () => {
  expect(figuresOf(false).lines()).toEqual([]);
});

it('SS-840: syncs skipped for a cache, by its resource', () => {
  const { metrics, lines } = figuresOf(false);
  metrics.skipped('pods');
  metrics.skipped('sets');
  metrics.skipped('sets');
  expect(lines()).toEqual([
    'statefulset_controller_stale_sync_skips_total{group="",resource="pods"} 1',
    'statefulset_controller_stale_sync_skips_total{group="apps",resource="statefulsets"} 2',
  ]);
});
