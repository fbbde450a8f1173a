import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '../api/generated/types.ts';
import { nameOf } from '../api/meta/object.ts';
import { statusError } from '../api/meta/status-error.ts';
import { events } from '../api/resources.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Runnable } from '../base/runnable.ts';
import type { EventRecorder } from './controller-context.ts';
import { createClient } from './create-client.ts';
import { createEventRecorder } from './event-recorder.ts';
import type { FakeApi } from './testing/fake-api.ts';
import { createFakeApi } from './testing/fake-api.ts';
import { settle } from './testing/settle.ts';

let clock: ManualClock;
let api: FakeApi;
let recorder: EventRecorder & Runnable;

const set = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { namespace: 'shop', name: 'web', uid: 'u-1', resourceVersion: '7' },
};
const stored = () => api.list(events).toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
const record = (message: string, reason = 'Created') =>
  recorder.event(set, 'Normal', { reason, message });
const summary = (event: Event) => `${event.reason} ${event.message} x${event.count}`;

beforeEach(async () => {
  clock = new ManualClock();
  const random = seededRandom(1);
  api = createFakeApi({ clock, random });
  recorder = createEventRecorder({
    client: createClient(api.transport),
    clock,
    random,
    logger: silentLogger,
    component: 'statefulset-controller',
  });
  await recorder.start();
});
afterEach(async () => {
  const stopped = recorder.stop();
  await settle();
  clock.advance(1000);
  await stopped;
  expect(clock.nextDueMs()).toBeUndefined();
});

test('an event as upstream writes it', async () => {
  recorder.event(set, 'Warning', { reason: 'Failed', message: 'no', fieldPath: 'spec.x{y}' });
  await settle();
  const [event] = stored();
  expect(event).toMatchObject({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace: 'shop' },
    involvedObject: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      namespace: 'shop',
      name: 'web',
      uid: 'u-1',
      resourceVersion: '7',
      fieldPath: 'spec.x{y}',
    },
    type: 'Warning',
    reason: 'Failed',
    message: 'no',
    count: 1,
    source: { component: 'statefulset-controller' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    reportingComponent: 'statefulset-controller',
    reportingInstance: '',
  });
  const [, hex = ''] = /^web\.([0-9a-f]{16})$/.exec(event?.metadata.name ?? '') ?? [];
  expect(Number(BigInt(`0x${hex}`) / 1_000_000n)).toBe(clock.now());
});

test('events about cluster-scoped objects go to the default namespace', async () => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };
  recorder.event(node, 'Normal', { reason: 'Ready', message: 'ok' });
  await settle();
  expect(stored()[0]?.metadata.namespace).toBe('default');
  expect(stored()[0]?.involvedObject).toEqual({ apiVersion: 'v1', kind: 'Node', name: 'n' });
});

describe('correlation', () => {
  test('equal events are counted up in one object', async () => {
    record('pod web-0');
    await settle();
    clock.advance(5000);
    record('pod web-0');
    record('pod web-1');
    await settle();
    expect(stored().map(summary)).toEqual(['Created pod web-0 x2', 'Created pod web-1 x1']);
    expect(stored()[0]).toMatchObject({
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:05Z',
    });
  });

  test('an event that expired on the server is written anew, with its count', async () => {
    record('a');
    await settle();
    api.beforeRequest = ({ method }) => {
      if (method === 'PATCH') throw statusError('NotFound', 'gone');
    };
    const [first] = stored();
    await createClient(api.transport)
      .resource(events)
      .delete({ namespace: 'shop', name: nameOf(first ?? set) });
    record('a');
    await settle();
    expect(stored().map(summary)).toEqual(['Created a x2']);
  });

  test('from the tenth similar event within ten minutes on they are combined', async () => {
    for (let i = 0; i < 12; i++) record(`pod ${i}`);
    record('other', 'Deleted');
    await settle();
    const all = stored().map(summary);
    expect(all.length).toBe(11);
    expect(all).toContain('Created (combined from similar events): pod 11 x3');
    expect(all).toContain('Deleted other x1');
    clock.advance(600_001);
    record('pod 12');
    await settle();
    expect(stored().map(summary)).toContain('Created pod 12 x1');
  });

  test('one object gets a burst of 25, then one event in five minutes', async () => {
    for (let i = 0; i < 30; i++) record('x', `Reason${i}`);
    const other = { ...set, metadata: { ...set.metadata, name: 'db', uid: 'u-2' } };
    recorder.event(other, 'Normal', { reason: 'Fine', message: 'x' });
    await settle();
    await settle();
    expect(stored().length).toBe(26);
    clock.advance(300_000);
    record('x', 'Later');
    record('x', 'TooMany');
    await settle();
    expect(stored().length).toBe(27);
  });
});

describe('faults', () => {
  test('order is kept over failures; nothing throws', async () => {
    const order: unknown[] = [];
    let failures = 2;
    api.beforeRequest = ({ body }) => {
      if (failures-- > 0) throw new Error('ECONNREFUSED');
      order.push((body as Event).message);
    };
    for (const message of ['a', 'b', 'c']) record(message);
    await settle();
    expect(order).toEqual([]);
    for (let i = 0; i < 2; i++) {
      clock.advance(10_000);
      await settle();
    }
    expect(order).toEqual(['a', 'b', 'c']);
  });

  test('an event at any moment of the writing of another is written', async () => {
    for (let turns = 0; turns < 60; turns++) {
      const named = { ...set, metadata: { ...set.metadata, name: `web-${turns}` } };
      recorder.event(named, 'Normal', { reason: 'First', message: 'm' });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      recorder.event(named, 'Normal', { reason: 'Second', message: 'm' });
      await settle();
    }
    expect(stored().length).toBe(120);
  });

  test('gives up after 12 tries and goes on with the next', async () => {
    let tries = 0;
    api.beforeRequest = ({ body }) => {
      if ((body as Event).message === 'a' && ++tries) throw new Error('ECONNREFUSED');
    };
    record('a');
    record('b');
    for (let i = 0; i < 12; i++) {
      await settle();
      clock.advance(10_000);
    }
    await settle();
    expect(tries).toBe(12);
    expect(stored().map(summary)).toEqual(['Created b x1']);
  });

  test('API-909: a refusal is final', async () => {
    let tries = 0;
    api.beforeRequest = () => {
      tries++;
      throw statusError('Forbidden', 'the namespace is being terminated');
    };
    record('a');
    await settle();
    expect(tries).toBe(1);
    expect(clock.nextDueMs()).toBeUndefined();
  });

  test('a name that is taken is replaced', async () => {
    let taken = true;
    api.beforeRequest = () => {
      if (taken) {
        taken = false;
        throw statusError('AlreadyExists', 'taken');
      }
    };
    record('a');
    record('a');
    await settle();
    expect(stored().map(summary)).toEqual(['Created a x2']);
  });

  test('the queue is bounded', async () => {
    let open = () => {};
    api.beforeRequest = () => new Promise((resolve) => (open = resolve));
    for (let i = 0; i < 1500; i++) {
      const metadata = { ...set.metadata, name: `web-${i}`, uid: `u-${i}` };
      recorder.event({ ...set, metadata }, 'Normal', { reason: 'R', message: 'm' });
    }
    await settle();
    api.beforeRequest = undefined;
    open();
    for (let i = 0; i < 200 && stored().length < 1000; i++) await settle();
    expect(stored().length).toBe(1000);
  });

  test('stop writes what is queued, one try each, and then takes no more', async () => {
    record('a');
    record('b');
    await recorder.stop();
    record('c');
    await settle();
    expect(stored().map(summary)).toEqual(['Created a x1', 'Created b x1']);
  });
});
