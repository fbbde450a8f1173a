// Tests of an operator with vitest and `ordinalset/testing`: each file has a control plane of its
// own, each test a namespace of its own.
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { configMaps, namespaces } from 'ordinalset';
import { startControlPlane, type ControlPlane } from 'ordinalset/testing';

let plane: ControlPlane;
let namespace: string;
let count = 0;

beforeAll(async () => void (plane = await startControlPlane()));
afterAll(() => plane.stop());
beforeEach(async () => {
  namespace = `test-${++count}`;
  const metadata = { name: namespace };
  await plane.client.resource(namespaces).create({ apiVersion: 'v1', kind: 'Namespace', metadata });
});

/** Your operator: keeps a ConfigMap for an owner. */
async function reconcile(ownerName: string): Promise<void> {
  const owner = await plane.client.resource(configMaps).get({ name: ownerName, namespace });
  const { uid = '' } = owner.metadata;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: ownerName, uid }];
  await plane.client.resource(configMaps).create({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `${ownerName}-child`, namespace, ownerReferences },
    data: { from: ownerName },
  });
}

const listConfigMaps = async () => {
  const { items } = await plane.client.resource(configMaps).list({ namespace });
  return items.map(({ metadata }) => metadata.name).filter((name) => name?.startsWith('app'));
};

test('the garbage collector removes what belonged to an owner', async () => {
  const metadata = { name: 'app', namespace };
  await plane.client.resource(configMaps).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await reconcile('app');
  expect(await listConfigMaps()).toEqual(['app', 'app-child']);
  await plane.client.resource(configMaps).delete(metadata);
  await vi.waitFor(async () => expect(await listConfigMaps()).toEqual([]), 10_000);
});

test('a namespace goes with everything in it', async () => {
  const metadata = { name: 'app', namespace };
  await plane.client.resource(configMaps).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await plane.client.resource(namespaces).delete({ name: namespace });
  await vi.waitFor(async () => {
    const { items } = await plane.client.resource(namespaces).list();
    expect(items.map((item) => item.metadata.name)).not.toContain(namespace);
  }, 10_000);
});
