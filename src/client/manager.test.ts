import { beforeEach, expect, test } from 'vitest';
import { leases, pods } from '../api/resources.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Runnable } from '../base/runnable.ts';
import { createController } from './controller.ts';
import { createClient } from './create-client.ts';
import { createInformerFactory } from './informer-factory.ts';
import { createManager } from './manager.ts';
import { createFakeApi } from './testing/fake-api.ts';
import { settle } from './testing/settle.ts';

let log: string[];
const part = (name: string): Runnable => ({
  start: async () => void log.push(`+${name}`),
  stop: async () => void log.push(`-${name}`),
});

const setUp = () => {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const api = createFakeApi({ clock, random });
  const client = createClient(api.transport);
  const tools = { client, clock, random, logger: silentLogger };
  const informers = createInformerFactory(tools);
  const election = { ...tools, lock: { namespace: 'kube-system', name: 'l' }, identity: 'me' };
  const run = async (ms: number) => {
    for (let passed = 0; passed <= ms; passed += 500) {
      await settle();
      clock.advance(500);
    }
    await settle();
  };
  return { api, client, clock, tools, informers, election, run };
};

beforeEach(() => {
  log = [];
});

test('starts background, informers, controllers and stops them in reverse', async () => {
  const { informers } = setUp();
  const traced = {
    ...informers,
    start: async () => void log.push('+informers'),
    stop: async () => void log.push('-informers'),
  };
  const manager = createManager({
    informers: traced,
    background: [part('events')],
    controllers: [part('a'), part('b')],
  });
  await manager.start();
  expect(log).toEqual(['+events', '+informers', '+a', '+b']);
  await manager.stop();
  await manager.stop();
  expect(log.slice(4)).toEqual(['-b', '-a', '-informers', '-events']);
});

test('a part that cannot start takes the others down', async () => {
  const { informers } = setUp();
  const broken = { start: () => Promise.reject(new Error('port in use')), stop: async () => {} };
  const manager = createManager({ informers, background: [part('a'), broken], controllers: [] });
  await expect(manager.start()).rejects.toThrow('port in use');
  expect(log).toEqual(['+a', '-a']);
});

test('SS-810: with leader election the controllers run only while leading', async () => {
  const { informers, election, api, clock, client, run } = setUp();
  const body = { spec: { holderIdentity: 'other', leaseDurationSeconds: 15 } };
  await client.resource(leases).create({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: election.lock,
    ...body,
  });
  const onLost = () => void log.push('lost');
  const manager = createManager({
    informers,
    controllers: [part('a')],
    leaderElection: { ...election, onLost },
  });
  await manager.start();
  await run(10_000);
  expect(log).toEqual([]);
  await run(12_000);
  expect(log).toEqual(['+a']);
  api.beforeRequest = () => Promise.reject(new Error('ECONNREFUSED'));
  await run(12_000);
  expect(log).toEqual(['+a', '-a', 'lost']);
  await manager.stop();
  expect(clock.nextDueMs()).toBeUndefined();
});

test('stop while leading stops the controllers, then frees the lease', async () => {
  const { informers, election, api, run } = setUp();
  const onLost = () => void log.push('lost');
  const manager = createManager({
    informers,
    controllers: [part('a')],
    leaderElection: { ...election, onLost },
  });
  await manager.start();
  await run(3000);
  await manager.stop();
  expect(log).toEqual(['+a', '-a']);
  expect(api.get(leases, election.lock)?.spec?.holderIdentity).toBe('');
});

test('a controller at work: pod events become reconciles', async () => {
  const { informers, tools, client } = setUp();
  const informer = informers.informer(pods);
  const controller = createController({
    ...tools,
    name: 'pods',
    informers: [informer],
    reconcile: async (key) => void log.push(`${key} ${informer.lister.list().length}`),
  });
  informer.addEventHandler({ add: () => controller.enqueue('all') });
  const manager = createManager({ informers, controllers: [controller] });
  await manager.start();
  await client.resource(pods).create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name: 'web-0' },
  });
  await settle();
  expect(log).toEqual(['all 1']);
  await manager.stop();
});
