import { beforeEach, expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import { leases } from '../api/resources.ts';
import { createClient } from './create-client.ts';
import type { LeaderElectionOptions, LeaderElector } from './leader-election.ts';
import { createLeaderElector } from './leader-election.ts';
import type { FakeApi } from './testing/fake-api.ts';
import { createFakeApi } from './testing/fake-api.ts';
import { settle } from './testing/settle.ts';

const lock = { namespace: 'kube-system', name: 'ordinal-controller' };
let clock: ManualClock;
let api: FakeApi;
let log: string[];

beforeEach(() => {
  clock = new ManualClock();
  api = createFakeApi({ clock, random: seededRandom(1) });
  log = [];
});

const candidate = (
  identity: string,
  options: Partial<LeaderElectionOptions> = {},
): LeaderElector & { cut(): void } => {
  let cut = false;
  const guard = () => {
    if (cut) throw new Error('ECONNREFUSED');
  };
  const client = createClient({
    ...api.transport,
    request: async (request) => {
      guard();
      const reply = await api.transport.request(request);
      guard();
      return reply;
    },
  });
  const elector = createLeaderElector({
    client,
    lock,
    identity,
    clock,
    random: seededRandom(identity.length),
    logger: silentLogger,
    onStartedLeading: () => void log.push(`${identity} leads`),
    onStoppedLeading: (why) => void log.push(`${identity} ${why}`),
    ...options,
  });
  return Object.assign(elector, { cut: () => (cut = true) });
};

const run = async (ms: number) => {
  await settle();
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500);
    await settle();
  }
};
const spec = () => api.get(leases, lock)?.spec;

test('SS-810: the first candidate leads, renews every two seconds; the second waits', async () => {
  const [a, b] = [candidate('a'), candidate('b')];
  await a.start();
  await settle();
  await b.start();
  await run(60_000);
  expect(log).toEqual(['a leads']);
  expect([a.isLeader, b.isLeader, b.leader]).toEqual([true, false, 'a']);
  expect(spec()).toMatchObject({
    holderIdentity: 'a',
    leaseDurationSeconds: 15,
    leaseTransitions: 0,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:01:00.000000Z',
  });
  await Promise.all([a.stop(), b.stop()]);
  expect(clock.nextDueMs()).toBeUndefined();
});

test('SS-810: stop releases the lease, and the other leads within a retry', async () => {
  const [a, b] = [candidate('a'), candidate('b')];
  await a.start();
  await settle();
  await b.start();
  await run(5000);
  await a.stop();
  expect(spec()?.holderIdentity).toBe('');
  await run(4500);
  expect(log).toEqual(['a leads', 'a stopped', 'b leads']);
  expect(spec()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  await b.stop();
});

test('SS-810: a leader that cannot renew resigns before another takes over', async () => {
  const [a, b] = [candidate('a'), candidate('b')];
  await a.start();
  await settle();
  await b.start();
  await run(4000);
  a.cut();
  await run(10_500);
  expect(log).toEqual(['a leads', 'a lost']);
  expect(a.isLeader).toBe(false);
  await run(15_000);
  expect(log).toEqual(['a leads', 'a lost', 'b leads']);
  await Promise.all([a.stop(), b.stop()]);
  expect(clock.nextDueMs()).toBeUndefined();
});

test('a hanging request does not keep a leader in office', async () => {
  const a = candidate('a');
  await a.start();
  await run(3000);
  api.beforeRequest = () => new Promise(() => {});
  await run(13_000);
  expect(log).toEqual(['a leads', 'a lost']);
});

test('a jump of the wall clock makes no second leader', async () => {
  let offsetMs = 0;
  const jumping: Clock = {
    now: () => clock.now() + offsetMs,
    schedule: (delayMs, callback) => clock.schedule(delayMs, callback),
  };
  const [a, b] = [candidate('a', { clock: jumping }), candidate('b', { clock: jumping })];
  await a.start();
  await settle();
  await b.start();
  await run(5000);
  offsetMs = 3_600_000;
  await run(20_000);
  offsetMs = -3_600_000;
  await run(20_000);
  expect(log).toEqual(['a leads']);
  await Promise.all([a.stop(), b.stop()]);
});

test('a leader whose lease was taken resigns at once', async () => {
  const a = candidate('a');
  await a.start();
  await run(1000);
  const body = { spec: { holderIdentity: 'thief' } };
  await createClient(api.transport).resource(leases).patch(lock, { type: 'merge', body });
  await run(2000);
  expect(log).toEqual(['a leads', 'a lost']);
  await a.stop();
});

test('changes of others to labels of the lease do not matter', async () => {
  const a = candidate('a');
  await a.start();
  await run(1000);
  const body = { metadata: { labels: { x: 'y' } } };
  await createClient(api.transport).resource(leases).patch(lock, { type: 'merge', body });
  await run(30_000);
  expect(a.isLeader).toBe(true);
  expect(api.get(leases, lock)?.metadata.labels).toEqual({ x: 'y' });
  await a.stop();
});

test('the lease is kept while the work winds down', async () => {
  let finish = () => {};
  const a = candidate('a', {
    onStartedLeading: () => new Promise((resolve) => (finish = resolve)),
  });
  const b = candidate('b');
  await a.start();
  await settle();
  await b.start();
  await run(1000);
  const stopped = a.stop();
  await run(40_000);
  expect(log).toEqual([]);
  finish();
  await stopped;
  expect(log).toEqual(['a stopped']);
  await run(5000);
  expect(log).toEqual(['a stopped', 'b leads']);
  await b.stop();
});

test('work that fails ends the leadership and frees the lease', async () => {
  const a = candidate('a', { onStartedLeading: () => Promise.reject(new Error('broken')) });
  await a.start();
  await run(1000);
  expect(log).toEqual(['a failed']);
  expect(spec()?.holderIdentity).toBe('');
  await a.stop();
});

test('stop of a candidate that never led', async () => {
  const [a, b] = [candidate('a'), candidate('b')];
  await a.start();
  await settle();
  await b.start();
  await run(1000);
  await b.stop();
  expect(log).toEqual(['a leads']);
  expect(spec()?.holderIdentity).toBe('a');
  await a.stop();
});
