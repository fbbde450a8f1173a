import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ApiResponse } from '../../api-request.ts';
import type { NodeConnection, Usage } from '../../node-connection.ts';
import { createTestApi, type TestApi } from '../../testing/test-api.ts';

const PODS = '/api/v1/namespaces/default/pods';
const NODE = '/api/v1/nodes/n';
const usage: Usage = {
  atMs: 1_700_000_000_000,
  windowMs: 10_000,
  startedAtMs: 1_699_999_000_000,
  cpuNanoCores: 5_000_000,
  cpuNanoseconds: 2_500_000_000,
  memoryBytes: 4096,
};
const node: NodeConnection = {
  containerLogs: ({ container }) => Promise.resolve(Readable.from([`log of ${container}`])),
  exec: () => Promise.reject(new Error('not asked here')),
  attach: () => Promise.reject(new Error('not asked here')),
  usage: () =>
    Promise.resolve({
      node: usage,
      pods: [{ namespace: 'default', name: 'p', containers: [{ name: 'c', ...usage }] }],
    }),
  /** Ports of pods are those of this machine. */
  dial: async (_, port) => {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  },
};

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi({ dialNode: () => node });
  await api.ok('POST /api/v1/nodes', { metadata: { name: 'n' } });
  const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'reg.example/app:1' }] };
  await api.ok(`POST ${PODS}`, { metadata: { name: 'p' }, spec });
  return () => api.store.stop();
});

/** Sends headers along, as the edge does for requests that are passed on. */
function send(line: string, headers: IncomingHttpHeaders = {}): Promise<ApiResponse> {
  const [method = '', target = ''] = line.split(' ');
  const url = new URL(target, 'https://localhost');
  return api.handler({
    method,
    path: url.pathname,
    query: url.searchParams,
    user: { name: 'admin', uid: '', groups: ['system:masters'] },
    body: undefined,
    contentType: '',
    userAgent: 'test',
    signal: () => new AbortController().signal,
    forwarded: { headers, sourceIP: '192.0.2.1' },
  });
}

describe('proxy of pods', () => {
  let port: number;
  let asked: IncomingHttpHeaders;

  beforeEach(async () => {
    const server = createServer(({ url, headers }, reply) => {
      asked = headers;
      const location = url === '/old' ? { location: '/new' } : {};
      reply.writeHead(url === '/old' ? 302 : 200, { 'x-own': '1', etag: '"e"', ...location });
      reply.end('body');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
    return () => new Promise((resolve) => server.close(resolve));
  });

  test('API-708: headers go both ways, credentials and what ends here do not', async () => {
    const response = await send(`GET ${PODS}/p:${port}/proxy/x?a=b`, {
      ':authority': 'api.example:6443',
      authorization: 'Bearer secret',
      'impersonate-user': 'jane',
      connection: 'x-hop',
      'x-hop': '1',
      'x-mine': 'yes',
      'x-forwarded-for': '203.0.113.9',
    });
    expect(response).toMatchObject({
      kind: 'stream',
      code: 200,
      headers: { 'x-own': '1', etag: '"e"' },
    });
    expect(response).not.toHaveProperty('headers.connection');
    expect(asked).toMatchObject({
      host: 'api.example:6443',
      'x-mine': 'yes',
      'x-forwarded-for': '203.0.113.9, 192.0.2.1',
      'x-forwarded-uri': `${PODS}/p:${port}/proxy/x`,
    });
    for (const name of ['authorization', 'impersonate-user', 'x-hop', ':authority']) {
      expect(asked).not.toHaveProperty(name);
    }
  });

  test('API-708: redirects stay behind the proxy; its root is a folder', async () => {
    const base = `${PODS}/p:${port}/proxy`;
    expect(await send(`GET ${base}/old`)).toMatchObject({
      code: 302,
      headers: { location: `${base}/new` },
    });
    expect(await send(`GET ${base}?a=b`)).toMatchObject({
      kind: 'plain',
      code: 301,
      headers: { location: `${base}/?a=b` },
    });
  });
});

describe('proxy of nodes', () => {
  const ask = async (path: string, method = 'GET') => {
    const response = await send(`${method} ${path}`);
    if (response.kind === 'stream') return [response.code, await text(response.stream)] as const;
    if (response.kind !== 'plain') throw new Error(response.kind);
    return [response.code, String(response.body)] as const;
  };

  test('API-708: answers what a kubelet does, as far as the agent knows', async () => {
    expect(await ask(`${NODE}/proxy/healthz`)).toEqual([200, 'ok']);
    expect(await ask(`${NODE}:10250/proxy/healthz/`)).toEqual([200, 'ok']);
    const [, pods] = await ask(`${NODE}/proxy/pods`);
    expect(JSON.parse(pods)).toMatchObject({
      kind: 'PodList',
      items: [{ metadata: { name: 'p' } }],
    });
    const [, summary] = await ask(`${NODE}/proxy/stats/summary`);
    expect(JSON.parse(summary)).toMatchObject({
      node: { nodeName: 'n', cpu: { usageNanoCores: 5_000_000 } },
      pods: [
        {
          podRef: { name: 'p', namespace: 'default' },
          containers: [{ name: 'c', memory: { workingSetBytes: 4096 } }],
          cpu: { usageCoreNanoSeconds: 2_500_000_000 },
        },
      ],
    });
    const [, metrics] = await ask(`${NODE}/proxy/metrics/resource`);
    expect(metrics).toContain(
      'container_cpu_usage_seconds_total{container="c",namespace="default",pod="p"} ' +
        '2.5 1700000000000\n',
    );
    expect(metrics).toContain('node_memory_working_set_bytes 4096 1700000000000\n');
    expect((await ask(`${NODE}/proxy/metrics`))[1]).toContain('kubelet_running_pods 1\n');
    const logs = `${NODE}/proxy/containerLogs/default/p/c`;
    expect(await ask(logs)).toEqual([200, 'log of c']);
  });

  test('API-708: everything else is refused', async () => {
    expect(await ask(`${NODE}/proxy/nothing`)).toEqual([404, '404 page not found\n']);
    expect((await ask(`${NODE}/proxy/pods`, 'POST'))[0]).toBe(405);
    const codeOf = async (line: string) => (await api.fails(line)).code;
    expect(await codeOf('GET /api/v1/nodes/absent/proxy/healthz')).toBe(404);
    expect(await codeOf(`GET ${NODE}:22/proxy/healthz`)).toBe(503);
    expect(await codeOf(`GET ${NODE}/proxy/containerLogs/default/absent/c`)).toBe(404);
  });
});
