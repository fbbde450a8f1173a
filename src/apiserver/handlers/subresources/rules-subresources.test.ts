// Rules of docs/semantics/kubernetes-api.md about subresources, through the API server's core.
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import type {
  CertificateSigningRequest,
  Namespace,
  Pod,
  Status,
} from '../../../api/generated/types.ts';
import { signingRequest } from '../../../api/certificates/signing-request.fixture.ts';
import type { ApiResponse } from '../../api-request.ts';
import type { NodeConnection } from '../../node-connection.ts';
import { createTestApi, type TestApi } from '../../testing/test-api.ts';

const PODS = '/api/v1/namespaces/default/pods';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

let api: TestApi;
let web: number;

const absent = () => Promise.reject(new Error('not asked here'));

/** Ports of pods are those of this machine. */
const node: NodeConnection = {
  containerLogs: absent,
  exec: absent,
  attach: absent,
  usage: absent,
  dial: async (_, port) => {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  },
};

beforeEach(async () => {
  api = await createTestApi({ dialNode: () => node });
  return () => api.store.stop();
});

const container = (extra: object = {}) => ({ name: 'c', image: 'reg.example/app:1', ...extra });

function pod(name: string, spec: object = {}): Promise<Pod> {
  return api.ok<Pod>(`POST ${PODS}`, {
    metadata: { name, labels: { app: 'web' } },
    spec: { automountServiceAccountToken: false, containers: [container()], ...spec },
  });
}

async function runningPod(name: string, spec: object = {}): Promise<void> {
  await pod(name, { nodeName: 'n1', ...spec });
  const conditions = [{ type: 'Ready', status: 'True' }];
  await api.ok(`PATCH ${PODS}/${name}/status`, { status: { phase: 'Running', conditions } });
}

const evict = (name: string, deleteOptions?: object, query = '') =>
  api.call<Status>(`POST ${PODS}/${name}/eviction${query}`, {
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name }, deleteOptions },
  });

describe('eviction', () => {
  test('API-703, API-330: is answered with a Status, as kubectl drain posts it', async () => {
    await runningPod('p');
    expect(await evict('p', {})).toMatchObject({
      code: 201,
      body: { kind: 'Status', status: 'Success', code: 201 },
    });
    const { metadata } = await api.ok<Pod>(`GET ${PODS}/p`);
    expect(metadata.deletionGracePeriodSeconds).toBe(30);
  });

  test('API-703: grace, preconditions and a dry run are those of a delete', async () => {
    await runningPod('p');
    expect((await evict('p', { preconditions: { uid: 'another' } })).code).toBe(409);
    expect((await evict('p', { dryRun: ['All'] })).code).toBe(201);
    expect((await evict('p', undefined, '?dryRun=All')).code).toBe(201);
    expect((await api.ok<Pod>(`GET ${PODS}/p`)).metadata.deletionTimestamp).toBeUndefined();
    expect((await evict('p', { gracePeriodSeconds: 3 })).code).toBe(201);
    expect((await api.ok<Pod>(`GET ${PODS}/p`)).metadata.deletionGracePeriodSeconds).toBe(3);
  });

  test('API-703: pods that are over need no budget; no room is 429, two budgets are 500', async () => {
    await runningPod('p');
    await runningPod('over');
    await api.ok(`PATCH ${PODS}/over/status`, { status: { phase: 'Failed' } });
    const spec = { minAvailable: 2, selector: { matchLabels: { app: 'web' } } };
    await api.ok(`POST ${BUDGETS}`, { metadata: { name: 'b' }, spec });
    const status = { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 2, expectedPods: 2 };
    await api.ok(`PATCH ${BUDGETS}/b/status`, { status: { ...status, disruptionsAllowed: 0 } });
    expect((await evict('over')).code).toBe(201);
    const refused = await evict('p');
    expect(refused.code).toBe(429);
    expect(refused.body.details?.retryAfterSeconds).toBeUndefined();
    await api.ok(`POST ${BUDGETS}`, { metadata: { name: 'c' }, spec });
    expect((await evict('p')).code).toBe(500);
  });
});

describe('resize', () => {
  const resources = (cpu: string) => ({ requests: { cpu }, limits: { cpu: '4' } });

  test('API-706: changes resources of containers and nothing else', async () => {
    const before = await pod('p', { containers: [container({ resources: resources('1') })] });
    const patched = await api.ok<Pod>(`PATCH ${PODS}/p/resize`, {
      metadata: { labels: { app: 'other' } },
      spec: { containers: [container({ image: 'reg.example/app:2', resources: resources('2') })] },
    });
    expect(patched.metadata.labels).toEqual({ app: 'web' });
    expect(patched.spec?.containers[0]).toMatchObject({
      image: 'reg.example/app:1',
      resources: resources('2'),
    });
    expect(patched.metadata.generation).toBe((before.metadata.generation ?? 0) + 1);
    const removed = container({ resources: { requests: { cpu: '2' } } });
    const shrunk = await api.fails(`PATCH ${PODS}/p/resize`, { spec: { containers: [removed] } });
    expect(shrunk).toMatchObject({ code: 422 });
    expect(shrunk.message).toContain('resource limits cannot be removed');
  });

  test('API-706: a body without containers is refused', async () => {
    await pod('p', { containers: [container({ resources: resources('1') })] });
    const { code } = await api.call(`PUT ${PODS}/p/resize`, {
      body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: {} },
    });
    expect(code).toBe(422);
  });

  test('API-706: the main path does not take resources', async () => {
    await pod('p', { containers: [container({ resources: resources('1') })] });
    const { code } = await api.call(`PATCH ${PODS}/p`, {
      body: { spec: { containers: [container({ resources: resources('2') })] } },
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(code).toBe(422);
  });
});

describe('finalize and proxy', () => {
  test('API-708: finalize takes spec.finalizers, and the namespace goes with the last', async () => {
    await api.ok('POST /api/v1/namespaces', { metadata: { name: 'n', labels: { a: 'b' } } });
    await api.ok('DELETE /api/v1/namespaces/n');
    const going = await api.ok<Namespace>('GET /api/v1/namespaces/n');
    expect(going).toMatchObject({ status: { phase: 'Terminating' } });
    await api.ok('PUT /api/v1/namespaces/n/finalize', { ...going, spec: { finalizers: [] } });
    expect(await api.fails('GET /api/v1/namespaces/n')).toMatchObject({ code: 404 });
  });

  beforeEach(async () => {
    const server = createServer(({ method, url }, reply) => {
      reply.writeHead(url === '/missing' ? 404 : 200, { 'content-type': 'text/x-test' });
      reply.end(`${method} ${url}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    web = (server.address() as AddressInfo).port;
    return () => new Promise((resolve) => server.close(resolve));
  });

  async function through(path: string, method = 'GET') {
    const { body } = await api.call<ApiResponse>(`${method} ${path}`);
    if (body.kind !== 'stream') throw new Error(JSON.stringify(body));
    return [body.code, body.contentType, await text(body.stream)];
  }

  test('API-708: proxy goes through to a pod, by number or name of the port', async () => {
    const ports = [{ name: 'http', containerPort: web }];
    await runningPod('p', { containers: [container({ ports })] });
    const base = `${PODS}/p`;
    expect(await through(`${base}/proxy/`)).toEqual([200, 'text/x-test', 'GET /']);
    expect(await through(`${base}:http/proxy/a/b?c=d`)).toEqual([
      200,
      'text/x-test',
      'GET /a/b?c=d',
    ]);
    expect(await through(`${base}:${web}/proxy/x`, 'POST')).toEqual([
      200,
      'text/x-test',
      'POST /x',
    ]);
    expect(await through(`${base}/proxy/missing`)).toEqual([404, 'text/x-test', 'GET /missing']);
  });

  test('API-708: proxy of a Service goes to a pod that is ready', async () => {
    await runningPod('p');
    const services = '/api/v1/namespaces/default/services';
    await api.ok(`POST ${services}`, {
      metadata: { name: 's' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: web }] },
    });
    await api.ok('POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 's-1', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: web, protocol: 'TCP' }],
      endpoints: [
        {
          addresses: ['10.0.0.1'],
          targetRef: { kind: 'Pod', name: 'gone' },
          conditions: { ready: false },
        },
        {
          addresses: ['10.0.0.2'],
          targetRef: { kind: 'Pod', name: 'p' },
          conditions: { ready: true },
        },
      ],
    });
    expect(await through(`${services}/s:http/proxy/y`)).toEqual([200, 'text/x-test', 'GET /y']);
  });
});

test('API-709: a signing request is stored and decided on, its request fixed', async () => {
  const spec = {
    request: signingRequest({ commonName: 'jane' }).request,
    signerName: 'example.com/signer',
    usages: ['client auth'],
  };
  await api.ok(`POST ${REQUESTS}`, { metadata: { name: 'r' }, spec });
  const stored = await api.ok<CertificateSigningRequest>(`GET ${REQUESTS}/r`);
  const conditions = [{ type: 'Approved', status: 'True', reason: 'ByTest', message: 'yes' }];
  const approved = await api.ok<CertificateSigningRequest>(`PUT ${REQUESTS}/r/approval`, {
    ...stored,
    spec: { ...stored.spec, signerName: 'example.com/other' },
    status: { conditions },
  });
  expect(approved.status?.conditions).toMatchObject(conditions);
  expect(approved.spec.signerName).toBe('example.com/signer');
  const changed = await api.ok<CertificateSigningRequest>(`PATCH ${REQUESTS}/r`, {
    spec: { usages: ['any'] },
  });
  expect(changed.spec.usages).toEqual(['client auth']);
});
