// The official JavaScript client against the real server, the whole of it: its own verbs, patches,
// watches and streams. (Its informer and port-forward are in examples/client-node.test.mjs.)
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import {
  ApiException,
  AppsV1Api,
  Attach,
  CoordinationV1Api,
  CoreV1Api,
  Cp,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  Metrics,
  PatchStrategy,
  V1MicroTime,
  Watch,
  makeInformer,
  setHeaderOptions,
  topPods,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestServer } from './server.ts';
import { until } from './until.ts';

const namespace = 'default';
const TIMEOUT_MS = 60_000;

const readText = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

describe('API-1401: the JavaScript client', { timeout: TIMEOUT_MS }, () => {
  const server = new TestServer('--nodes', '1');
  const config = new KubeConfig();
  let core: CoreV1Api;

  beforeAll(async () => {
    await server.start();
    config.loadFromFile(server.ready.kubeconfig);
    core = config.makeApiClient(CoreV1Api);
    await core.createNamespacedPod({
      namespace,
      body: {
        metadata: { name: 'shell', labels: { app: 'shell' } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'main',
              image: 'none',
              command: ['sh', '-c', 'mkdir /tmp/in; echo up; while read l; do echo "got $l"; done'],
              stdin: true,
            },
          ],
        },
      },
    });
    await until('the pod runs', async () => {
      const { status } = await core.readNamespacedPod({ name: 'shell', namespace });
      return status?.phase === 'Running';
    });
  });
  afterAll(() => server.dispose());

  test('every kind of patch, and the refusals of each', async () => {
    const target = { name: 'settings', namespace };
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: target, data: { a: '1' } },
    });
    const patch = async (strategy: string, body: object, more: object = {}) => {
      const header = setHeaderOptions('Content-Type', strategy);
      return await core.patchNamespacedConfigMap({ ...target, body, ...more }, header);
    };
    const add = [{ op: 'add', path: '/data/b', value: '2' }];
    expect((await patch(PatchStrategy.JsonPatch, add)).data).toEqual({ a: '1', b: '2' });
    const merged = await patch(PatchStrategy.MergePatch, { data: { a: null, c: '3' } });
    expect(merged.data).toEqual({ b: '2', c: '3' });
    const strategic = await patch(PatchStrategy.StrategicMergePatch, {
      data: { $retainKeys: ['d'], d: '4' },
    });
    expect(strategic.data).toEqual({ d: '4' });
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { d: '5' },
    };
    const apply = patch(PatchStrategy.ServerSideApply, body, { fieldManager: 'me' });
    await expect(apply).rejects.toMatchObject({ code: 409 });
    const forced = await patch(PatchStrategy.ServerSideApply, body, {
      fieldManager: 'me',
      force: true,
    });
    expect(forced.data).toEqual({ d: '5' });
    const missing = core.readNamespacedConfigMap({ name: 'none', namespace });
    await expect(missing).rejects.toBeInstanceOf(ApiException);
  });

  test('the client of any kind finds its way by discovery', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace },
      spec: { clusterIP: 'None', selector: { app: 'web' }, ports: [{ port: 80 }] },
    };
    const created = await objects.create(service);
    expect(created.metadata).toMatchObject({ name: 'web', namespace });
    const patched = await objects.patch(
      { ...service, metadata: { ...service.metadata, labels: { a: 'b' } } },
      undefined,
      undefined,
      'me',
      true,
      PatchStrategy.ServerSideApply,
    );
    expect(patched.metadata?.labels).toEqual({ a: 'b' });
    const { items } = await objects.list('v1', 'Service', namespace);
    expect(items.map(({ metadata }) => metadata?.name)).toContain('web');
    expect(await objects.delete(service)).toMatchObject({ kind: 'Service' });
  });

  test('a watch starts where a list ended; one from before history is an error 410', async () => {
    const list = await core.listNamespacedConfigMap({ namespace });
    const seen: string[] = [];
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const watch = new Watch(config);
    const { resourceVersion = '' } = list.metadata ?? {};
    const options = { resourceVersion, allowWatchBookmarks: true };
    const abort = await watch.watch(
      path,
      options,
      (phase, { metadata }: { metadata: { name: string } }) =>
        seen.push(`${phase} ${metadata.name}`),
      () => undefined,
    );
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'late' } } });
    await core.deleteNamespacedConfigMap({ name: 'late', namespace });
    await until('both events', () => seen.includes('DELETED late'));
    expect(seen).toEqual(['ADDED late', 'DELETED late']);
    abort.abort();
    const expired = await new Promise((resolve, reject) => {
      const tell = (phase: string, object: { code?: number }) => resolve([phase, object.code]);
      watch.watch(path, { resourceVersion: '1' }, tell, reject).catch(reject);
    });
    expect(expired).toEqual(['ERROR', 410]);
  });

  test('an informer goes on after the server was killed and started anew', async () => {
    const other = new TestServer('--nodes', '0');
    await other.start();
    const port = new URL(other.ready.server).port;
    const reached = new KubeConfig();
    reached.loadFromFile(other.ready.kubeconfig);
    const api = reached.makeApiClient(CoreV1Api);
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const informer = makeInformer(reached, path, () => api.listNamespacedConfigMap({ namespace }));
    // As its documentation says: whoever wants to go on starts it again.
    informer.on(
      'error',
      () => void setTimeout(() => void informer.start().catch(() => undefined), 50),
    );
    await informer.start();
    await other.kill();
    const again = new TestServer('--nodes', '0', '--data-dir', other.dataDir, '--port', port);
    try {
      await again.start();
      const metadata = { name: 'after', namespace };
      await api.createNamespacedConfigMap({ namespace, body: { metadata } });
      await until('the informer knows of it', () => informer.get('after', namespace) !== undefined);
      await informer.stop();
    } finally {
      await other.dispose();
      await again.dispose();
    }
  });

  test('log, attach, copying both ways, and what pods use', async () => {
    const log = new PassThrough();
    let text = '';
    log.on('data', (chunk: Buffer) => (text += chunk.toString()));
    // Following ends with the pod; cutting it off is an error that this client tells nobody.
    await new Log(config).log(namespace, 'shell', 'main', log, { follow: true });
    await until('the first line', () => text.includes('up\n'));
    const [input, output] = [new PassThrough(), new PassThrough()];
    let answer = '';
    output.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    const attach = new Attach(config);
    const socket = await attach.attach(namespace, 'shell', 'main', output, null, input, false);
    input.write('hello\n');
    await until('the answer', () => answer.includes('got hello') && text.includes('got hello'));
    socket.close();

    const directory = mkdtempSync(join(tmpdir(), 'ordinal-cp-'));
    const [there, back] = [join(directory, 'there'), join(directory, 'back')];
    mkdirSync(there);
    writeFileSync(join(there, 'note.txt'), 'from here');
    // Its promises do not wait for the other end.
    const copy = new Cp(config);
    await copy.cpToPod(namespace, 'shell', 'main', there, '/tmp/in');
    await until('the file was there and back', async () => {
      await copy.cpFromPod(namespace, 'shell', 'main', 'in', back, '/tmp');
      return readText(join(back, 'in/note.txt')) === 'from here';
    });
    rmSync(directory, { recursive: true });

    const metrics = await until('figures of the pod', async () => {
      const { items } = await new Metrics(config).getPodMetrics(namespace);
      return items.find(({ metadata }) => metadata.name === 'shell');
    });
    expect(metrics.containers.map(({ name }) => name)).toEqual(['main']);
    const top = await topPods(core, new Metrics(config), namespace);
    expect(top.map(({ Pod }) => Pod.metadata?.name)).toContain('shell');
  });

  test('a lease goes to one of two that want it', async () => {
    const leases = config.makeApiClient(CoordinationV1Api);
    const target = { name: 'leader', namespace };
    const body = await leases.createNamespacedLease({
      namespace,
      body: { metadata: target, spec: { leaseDurationSeconds: 15 } },
    });
    const claim = (holderIdentity: string) => {
      const { metadata = {} } = body;
      const spec = { leaseDurationSeconds: 15, holderIdentity, renewTime: new V1MicroTime() };
      return leases.replaceNamespacedLease({ ...target, body: { metadata, spec } });
    };
    const outcomes = await Promise.allSettled([claim('a'), claim('b')]);
    const won = outcomes.filter(({ status }) => status === 'fulfilled');
    const lost = outcomes.find((outcome) => outcome.status === 'rejected');
    expect(won).toHaveLength(1);
    expect(lost?.reason).toMatchObject({ code: 409 });
  });

  test('a set is made, scaled and deleted with what it owns', async () => {
    const apps = config.makeApiClient(AppsV1Api);
    const labels = { app: 'web' };
    const target = { name: 'web', namespace };
    const command = ['sleep', '1000'];
    const template = {
      metadata: { labels },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'c', image: 'none', command }],
      },
    };
    const spec = { serviceName: 'web', replicas: 1, selector: { matchLabels: labels }, template };
    await apps.createNamespacedStatefulSet({ namespace, body: { metadata: target, spec } });
    await until('the scale is written without a conflict', async () => {
      const { metadata = {} } = await apps.readNamespacedStatefulSetScale(target);
      const body = { metadata, spec: { replicas: 2 } };
      const written = apps.replaceNamespacedStatefulSetScale({ ...target, body });
      return await written.then(
        () => true,
        () => false,
      );
    });
    await until('two are ready', async () => {
      const { status } = await apps.readNamespacedStatefulSetStatus(target);
      return status?.readyReplicas === 2;
    });
    await apps.deleteNamespacedStatefulSet({ ...target, propagationPolicy: 'Foreground' });
    await until('the pods are gone', async () => {
      const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'app=web' });
      return items.length === 0;
    });
  });
});
