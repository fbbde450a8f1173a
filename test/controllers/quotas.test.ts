import { expect, it } from 'vitest';
import { namesOfDefinition } from '../../src/api/apiextensions/custom-kind.ts';
import type { CustomResourceDefinition } from '../../src/api/generated/types.ts';
import { customResourceDefinitions, resourceQuotas } from '../../src/api/other-resources.ts';
import { useCluster } from './control-plane.ts';

const cluster = useCluster({ controllers: '*' });

const definition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'crontabs.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'crontabs', kind: 'CronTab' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object' } },
      },
    ],
  },
};

it('API-931: quotas count objects of custom kinds, and those that are gone no longer', async () => {
  const namespace = await cluster.namespace('crontabs');
  const name = { namespace, name: 'few' };
  const hard = { 'count/crontabs.example.com': '2' };
  await cluster.client.resource(resourceQuotas).create({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: name,
    spec: { hard },
  });
  await cluster.client.resource(customResourceDefinitions).create(definition);
  const [resource] = namesOfDefinition(definition);
  if (!resource) throw new Error('no resource');
  const crontabs = cluster.client.resource(resource);
  const used = async () =>
    (await cluster.get(resourceQuotas, name))?.status?.used?.['count/crontabs.example.com'];
  await cluster.eventually(used, '0');
  const create = (own: string) =>
    crontabs.create({
      apiVersion: 'example.com/v1',
      kind: 'CronTab',
      metadata: { namespace, name: own },
    });
  await create('a');
  await create('b');
  await expect(create('c')).rejects.toThrow('exceeded quota: few');
  await crontabs.delete({ namespace, name: 'a' });
  await cluster.eventually(used, '1');
  await create('c');
  await cluster.client.resource(customResourceDefinitions).delete({ name: 'crontabs.example.com' });
  await cluster.eventually(used, '0');
});
