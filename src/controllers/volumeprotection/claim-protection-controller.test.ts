// What the caches do not show. The rest is proven against the real server in
// test/controllers/namespaces.test.ts.
import { expect, it } from 'vitest';
import { persistentVolumeClaims, pods } from '../../api/resources.ts';
import { silentLogger } from '../../base/logger.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi } from '../../client/testing/fake-api.ts';
import { settle } from '../../client/testing/settle.ts';
import { createClaimProtectionController } from './claim-protection-controller.ts';

const name = { namespace: 'shop', name: 'data' };
const finalizers = ['kubernetes.io/pvc-protection'];

it('SS-871: pods are asked for live before a claim goes', async () => {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const logger = silentLogger;
  const api = createFakeApi({ clock, random });
  const client = createClient(api.transport);
  const informers = createInformerFactory({ client, clock, random, logger });
  const context = { client, informers, clock, random, logger };
  const controller = createClaimProtectionController(context);
  await informers.start();
  await controller.start();
  const claims = client.resource(persistentVolumeClaims);
  const metadata = { ...name, finalizers };
  await claims.create({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: {} });
  await settle();

  // The pod appears when the cache has been asked already, and its event is late.
  api.beforeRequest = async ({ method, path, query }) => {
    if (method !== 'GET' || !path.endsWith('/pods') || query?.['watch'] !== undefined) return;
    api.beforeRequest = undefined;
    api.pauseWatches();
    const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
    const spec = { nodeName: 'n', containers: [], volumes };
    const pod = { ...name, name: 'p' };
    await client.resource(pods).create({ apiVersion: 'v1', kind: 'Pod', metadata: pod, spec });
  };
  await claims.delete(name);
  await settle();
  expect(api.beforeRequest).toBeUndefined();
  expect(api.get(persistentVolumeClaims, name)?.metadata.finalizers).toEqual(finalizers);

  api.resumeWatches();
  await client.resource(pods).delete({ ...name, name: 'p' }, { gracePeriodSeconds: 0 });
  await settle();
  expect(api.get(persistentVolumeClaims, name)).toBeUndefined();
  await controller.stop();
  await informers.stop();
});
