// The figures behind `kubectl top`: windows, rates, and what has no figures.
import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { podConfig, shellContainer } from './runtime/runtime-test-kit.ts';
import { FakeRuntime } from './testing/fake-runtime.ts';
import { UsageMeter } from './usage-meter.ts';

const SECOND_NS = 1_000_000_000;

let clock: ManualClock;
let cpuNanoseconds: number;
let runtime: FakeRuntime;
let meter: UsageMeter;

beforeEach(async () => {
  clock = new ManualClock();
  cpuNanoseconds = 0;
  runtime = new FakeRuntime({ clock, onStats: () => ({ cpuNanoseconds, memoryBytes: 4096 }) });
  meter = new UsageMeter({ runtime, clock, logger: silentLogger });
  const { id } = await runtime.runPodSandbox(podConfig());
  await runtime.startContainer(id, shellContainer('/nowhere', 'true'));
});

const figures = async () => (await meter.usage()).pods[0]?.containers[0];

describe('usage of containers', () => {
  test('the first figures are the mean since the start', async () => {
    clock.advance(4000);
    cpuNanoseconds = SECOND_NS;
    const { pods } = await meter.usage();
    expect(pods).toMatchObject([{ namespace: 'default', name: 'web-0' }]);
    expect(pods[0]?.containers).toMatchObject([
      { name: 'main', windowMs: 4000, cpuNanoCores: SECOND_NS / 4, memoryBytes: 4096 },
    ]);
  });

  test('later ones are the mean since an earlier measurement, ten seconds ago or more', async () => {
    clock.advance(60_000);
    cpuNanoseconds = 60 * SECOND_NS;
    expect(await figures()).toMatchObject({ windowMs: 60_000, cpuNanoCores: SECOND_NS });
    clock.advance(5000);
    expect(await figures()).toMatchObject({ windowMs: 65_000 });
    clock.advance(15_000);
    cpuNanoseconds += 2 * SECOND_NS;
    expect(await figures()).toMatchObject({ windowMs: 20_000, cpuNanoCores: SECOND_NS / 10 });
    clock.advance(5000);
    expect(await figures()).toMatchObject({ windowMs: 25_000 });
  });

  test('are measured once a second at most, and once for all who ask together', async () => {
    clock.advance(2000);
    const [one, other] = await Promise.all([meter.usage(), meter.usage()]);
    expect(one).toBe(other);
    clock.advance(999);
    expect(await meter.usage()).toBe(one);
    clock.advance(1);
    expect(await meter.usage()).not.toBe(one);
  });

  test('never count backwards', async () => {
    cpuNanoseconds = SECOND_NS;
    clock.advance(20_000);
    await meter.usage();
    clock.advance(20_000);
    cpuNanoseconds = 0;
    await meter.usage();
    clock.advance(20_000);
    expect((await figures())?.cpuNanoCores).toBe(0);
  });

  test('what has ended has none', async () => {
    const [container] = runtime.listContainers();
    await runtime.stopContainer(container?.id ?? '', 0);
    clock.advance(2000);
    expect((await meter.usage()).pods).toMatchObject([{ name: 'web-0', containers: [] }]);
  });
});

test('the machine itself uses something, and no more than it has', async () => {
  clock.advance(2000);
  const { node } = await meter.usage();
  expect(node.cpuNanoCores).toBeGreaterThan(0);
  expect(node.memoryBytes).toBeGreaterThan(0);
});
