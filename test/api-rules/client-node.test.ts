// @kubernetes/client-node against the API server over HTTPS. Its own undici asks for a newer Node
// than ours; package.json gives it ours instead.
import {
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  type KubernetesObject,
  type V1ConfigMap,
  type V1Status,
} from '@kubernetes/client-node';
import { connect, createServer, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeConnection } from '../../src/apiserver/node-connection.ts';
import { startEdgeServer, type EdgeServer } from '../../src/apiserver/testing/edge-server.ts';
import { createTestApi, type TestApi } from '../../src/apiserver/testing/test-api.ts';

const namespace = 'default';
let api: TestApi;
let edge: EdgeServer;
let config: KubeConfig;

const absent = () => Promise.reject(new Error('not asked here'));

/** A node whose processes give back in capitals what they read, and whose ports are our own. */
const node: NodeConnection = {
  containerLogs: absent,
  attach: absent,
  usage: absent,
  exec: async () => {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const exitCode = text(stdin).then((read) => {
      stdout.end(read.toUpperCase());
      return read === '' ? 0 : 3;
    });
    return { stdin, stdout, stderr: undefined, exitCode, resize() {}, kill() {} };
  },
  dial: async (_, port) => connect(port, '127.0.0.1'),
};

beforeAll(async () => {
  api = await createTestApi({ dialNode: () => node });
  edge = await startEdgeServer(api.handler);
  const { certificates, port } = edge;
  const caData = Buffer.from(certificates.ca).toString('base64');
  config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'here', server: `https://127.0.0.1:${port}`, caData, skipTLSVerify: false },
    { name: 'admin', token: certificates.adminToken },
  );
  const spec = { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] };
  await api.ok('POST /api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec });
  await api.ok('PATCH /api/v1/namespaces/default/pods/p/status', { status: { phase: 'Running' } });
});
afterAll(() => edge.server.stop());

const core = () => config.makeApiClient(CoreV1Api);
const remove = (name: string) => core().deleteNamespacedConfigMap({ namespace, name });

test('API-1401, API-1402: creates, reads, replaces, patches, lists and deletes', async () => {
  const body = { metadata: { name: 'cm' }, data: { a: '1' } };
  const created = await core().createNamespacedConfigMap({ namespace, body });
  expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
  created.data = { a: '2' };
  const put = await core().replaceNamespacedConfigMap({ namespace, name: 'cm', body: created });
  expect(put.data).toEqual({ a: '2' });
  const patch = (change: object, strategy: string) =>
    core().patchNamespacedConfigMap(
      { namespace, name: 'cm', body: change },
      setHeaderOptions('Content-Type', strategy),
    );
  const merged = await patch({ data: { b: '3' } }, PatchStrategy.MergePatch);
  expect(merged.data).toEqual({ a: '2', b: '3' });
  const operations = [{ op: 'remove', path: '/data/a' }];
  expect((await patch(operations, PatchStrategy.JsonPatch)).data).toEqual({ b: '3' });
  const { items } = await core().listNamespacedConfigMap({ namespace, limit: 1 });
  expect(items.map(({ metadata }) => metadata?.name)).toEqual(['cm']);
  await remove('cm');
  await expect(core().readNamespacedConfigMap({ namespace, name: 'cm' })).rejects.toMatchObject({
    code: 404,
  });
});

test('API-1401: applies, by the generic client that reads plain discovery', async () => {
  const client = KubernetesObjectApi.makeApiClient(config);
  const object: KubernetesObject & { spec: object } = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace },
    spec: {
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
    },
  };
  const applied = await client.patch(
    object,
    undefined,
    undefined,
    'me',
    undefined,
    PatchStrategy.ServerSideApply,
  );
  expect(applied.metadata?.managedFields?.map(({ manager }) => manager)).toEqual(['me']);
  const metadata = { name: 'web', namespace };
  const read = await client.read({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata });
  expect(read).toMatchObject({ kind: 'StatefulSet', spec: { replicas: 1 } });
});

test('API-1401: an informer sees what is there and what changes', async () => {
  await api.ok('POST /api/v1/namespaces/default/configmaps', { metadata: { name: 'early' } });
  const seen: string[] = [];
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const list = () => core().listNamespacedConfigMap({ namespace });
  const informer = makeInformer<V1ConfigMap>(config, path, list);
  for (const event of ['add', 'update', 'delete'] as const) {
    informer.on(event, ({ metadata }) => seen.push(`${event} ${metadata?.name}`));
  }
  await informer.start();
  const body = { metadata: { name: 'late' } };
  await expect.poll(() => seen).toEqual(['add early']);
  const created = await core().createNamespacedConfigMap({ namespace, body });
  created.data = { a: '1' };
  await core().replaceNamespacedConfigMap({ namespace, name: 'late', body: created });
  await remove('late');
  await expect.poll(() => seen).toEqual(['add early', 'add late', 'update late', 'delete late']);
  await informer.stop();
  await remove('early');
});

test('API-1401: exec has input, output and the exit code', async () => {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const output = text(stdout);
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(namespace, 'p', 'c', ['cat'], stdout, null, stdin, false, resolve)
      .then(() => stdin.end('hello'), reject);
  });
  expect(status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
  stdout.end();
  expect(await output).toBe('HELLO');
});

test('API-1401: port-forward reaches a port of the pod', async () => {
  const echo = createServer((socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const { port } = echo.address() as AddressInfo;
  const input = new PassThrough();
  const output = new PassThrough();
  const received: Buffer[] = [];
  output.on('data', (data: Buffer) => received.push(data));
  const forward = new PortForward(config);
  const socket = await forward.portForward(namespace, 'p', [port], output, null, input);
  input.write('ping');
  await expect.poll(() => Buffer.concat(received).toString()).toBe('ping');
  if (typeof socket !== 'function') socket.close();
  await new Promise((resolve) => echo.close(resolve));
});
