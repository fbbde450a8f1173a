import { expect, it } from 'vitest';
import { MetricRegistry, type Metric } from './metric-registry.ts';

const skips: Metric = { name: 'skips_total', type: 'counter', help: 'Syncs skipped.' };
const sizes: Metric = { name: 'sizes', type: 'gauge', help: 'Sizes.' };

it('renders counters and gauges, each family under its help and type', () => {
  const registry = new MetricRegistry();
  for (let time = 0; time < 2; time++) registry.count(skips, { group: '', resource: 'pods' });
  registry.set(sizes, { name: 'a' }, 3);
  registry.set(sizes, { name: 'a' }, 4);
  registry.set(sizes, { name: 'b' }, 1);
  registry.remove(sizes, { name: 'b' });
  expect(registry.render().split('\n')).toEqual([
    '# HELP skips_total Syncs skipped.',
    '# TYPE skips_total counter',
    'skips_total{group="",resource="pods"} 2',
    '# HELP sizes Sizes.',
    '# TYPE sizes gauge',
    'sizes{name="a"} 4',
    '',
  ]);
});

it('escapes label values', () => {
  const registry = new MetricRegistry();
  registry.set(sizes, { name: 'a"b\\c\nd' }, 1);
  expect(registry.render()).toContain('sizes{name="a\\"b\\\\c\\nd"} 1\n');
});
