import { expect, test } from 'vitest';
import { namespaces, statefulSets } from '../api/resources.ts';
import { createClient } from './create-client.ts';
import type { Transport, TransportRequest } from './transport.ts';

const record = () => {
  const requests: TransportRequest[] = [];
  const transport: Transport = {
    request: async (request) => {
      requests.push(request);
      return {};
    },
    watch: async (request) => {
      requests.push(request);
      return { stop: () => {} };
    },
    close: async () => {},
  };
  return { client: createClient(transport), requests };
};

const web = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { namespace: 'shop', name: 'web' },
};
const name = { namespace: 'shop', name: 'web' };
const path = '/apis/apps/v1/namespaces/shop/statefulsets';

test('API-301: paths and bodies of the verbs', async () => {
  const { client, requests } = record();
  const sets = client.resource(statefulSets);
  await sets.get(name);
  await sets.create(web);
  await sets.update(web);
  await sets.updateStatus(web);
  await sets.createSubresource({ ...name, subresource: 'scale' }, {});
  await sets.list();
  await client.resource(namespaces).get({ name: 'a b' });
  expect(requests.map((request) => `${request.method} ${request.path}`)).toEqual([
    `GET ${path}/web`,
    `POST ${path}`,
    `PUT ${path}/web`,
    `PUT ${path}/web/status`,
    `POST ${path}/web/scale`,
    'GET /apis/apps/v1/statefulsets',
    'GET /api/v1/namespaces/a%20b',
  ]);
  expect(requests[1]?.body).toBe(web);
});

test('API-501: selections and write options become the query', async () => {
  const { client, requests } = record();
  const sets = client.resource(statefulSets);
  await sets.list({ namespace: 'shop', labelSelector: 'a=b', limit: 5, continue: 'c' });
  await sets.watch({ resourceVersion: '7', allowWatchBookmarks: true }, { event() {}, end() {} });
  await sets.create(web, { dryRun: true, fieldManager: 'me' });
  expect(requests.map(({ query }) => query)).toEqual([
    { labelSelector: 'a=b', limit: '5', continue: 'c' },
    { watch: 'true', resourceVersion: '7', allowWatchBookmarks: 'true' },
    { dryRun: 'All', fieldManager: 'me' },
  ]);
});

test('API-601: patches carry their content type', async () => {
  const { client, requests } = record();
  const sets = client.resource(statefulSets);
  await sets.patch({ ...name, subresource: 'status' }, { type: 'merge', body: {} });
  await sets.patch(name, { type: 'apply', body: {} }, { force: true, fieldManager: 'me' });
  expect(requests).toMatchObject([
    { path: `${path}/web/status`, contentType: 'application/merge-patch+json' },
    { contentType: 'application/apply-patch+yaml', query: { force: 'true', fieldManager: 'me' } },
  ]);
});

test('API-901: delete sends DeleteOptions only when they say something', async () => {
  const { client, requests } = record();
  const sets = client.resource(statefulSets);
  await sets.delete(name);
  await sets.delete(name, { propagationPolicy: 'Orphan' });
  await sets.deleteCollection({ namespace: 'shop', labelSelector: 'a=b' });
  expect(requests.map(({ body }) => body)).toEqual([
    undefined,
    { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Orphan' },
    undefined,
  ]);
  expect(requests[2]).toMatchObject({ method: 'DELETE', path, query: { labelSelector: 'a=b' } });
});
