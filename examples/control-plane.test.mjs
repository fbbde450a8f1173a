// A test of your own with `ordinalset/testing`: run it with `node --test`. No cluster, no images,
// no pods: the API server and the controllers are in this process, on a store in memory.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pods, statefulSets } from 'ordinalset';
import { startControlPlane } from 'ordinalset/testing';

const namespace = 'default';
const labels = { app: 'db' };
let plane;

before(async () => void (plane = await startControlPlane()));
after(() => plane.stop());

/** What a kubelet would do. */
async function reportReady(name) {
  const conditions = [{ type: 'Ready', status: 'True' }];
  const body = { status: { phase: 'Running', conditions } };
  const status = { name, namespace, subresource: 'status' };
  await plane.client.resource(pods).patch(status, { type: 'merge', body });
}

/** Resolves with the names of the pods as soon as there are `count`. */
async function podNames(count) {
  const deadlineMs = Date.now() + 10_000;
  for (;;) {
    const { items } = await plane.client.resource(pods).list({ namespace });
    if (items.length === count) return items.map(({ metadata }) => metadata.name);
    assert.ok(Date.now() < deadlineMs, `there are ${items.length} pods instead of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await test('db-1 is made when db-0 is ready', async () => {
  await plane.client.resource(statefulSets).create({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace },
    spec: {
      replicas: 2,
      serviceName: 'db',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'db', image: 'db:1' }] },
      },
    },
  });
  assert.deepEqual(await podNames(1), ['db-0']);
  await reportReady('db-0');
  assert.deepEqual(await podNames(2), ['db-0', 'db-1']);
});
