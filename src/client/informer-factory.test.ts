import { expect, test } from 'vitest';
import { pods } from '../api/resources.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import { createClient } from './create-client.ts';
import { createInformerFactory } from './informer-factory.ts';
import { createFakeApi } from './testing/fake-api.ts';

const setUp = () => {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const api = createFakeApi({ clock, random });
  const client = createClient(api.transport);
  return {
    api,
    clock,
    factory: createInformerFactory({ client, clock, random, logger: silentLogger }),
  };
};

test('one informer a resource and selection', () => {
  const { factory } = setUp();
  const all = factory.informer(pods);
  expect(factory.informer(pods, {})).toBe(all);
  expect(factory.informer(pods, { namespace: 'a' })).not.toBe(all);
  const onNode = { fieldSelector: 'spec.nodeName=n' };
  expect(factory.informer(pods, onNode)).toBe(factory.informer(pods, { ...onNode }));
});

test('starts and stops all, late ones too', async () => {
  const { factory, api, clock } = setUp();
  const early = factory.informer(pods);
  await factory.start();
  const late = factory.informer(pods, { namespace: 'a' });
  await Promise.all([early.synced(), late.synced()]);
  expect(api.watchCount).toBe(2);
  await factory.stop();
  await factory.stop();
  expect(api.watchCount).toBe(0);
  expect(clock.nextDueMs()).toBeUndefined();
});

test('selections reach the server', async () => {
  const { factory, api } = setUp();
  const informer = factory.informer(pods, { namespace: 'a', fieldSelector: 'spec.nodeName=n' });
  await factory.start();
  await informer.synced();
  expect(api.requests[0]).toMatchObject({
    path: '/api/v1/namespaces/a/pods',
    query: { fieldSelector: 'spec.nodeName=n' },
  });
  await factory.stop();
});
