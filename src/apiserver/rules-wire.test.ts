// Rules of docs/semantics/kubernetes-api.md about the wire: the real core behind the real edge.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ConfigMap, Pod, Status } from '../api/generated/types.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { startEdgeServer, type EdgeServer } from './testing/edge-server.ts';
import { createTestApi, type TestApi } from './testing/test-api.ts';

const NS = '/api/v1/namespaces/default';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
/** What kubectl asks of every get. */
const KUBECTL_TABLE = `${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`;

let api: TestApi;
let edge: EdgeServer;

beforeAll(async () => {
  api = await createTestApi();
  edge = await startEdgeServer(api.handler);
  for (const name of ['a', 'b']) {
    await api.ok(`POST ${NS}/configmaps`, { metadata: { name }, data: { x: name } });
  }
  await api.ok(`POST ${NS}/pods`, {
    metadata: { name: 'over' },
    spec: { containers: [{ name: 'c', image: 'reg.example/app:1' }] },
  });
  await api.ok(`PATCH ${NS}/pods/over/status`, { status: { phase: 'Succeeded' } });
});
afterAll(() => edge.server.stop());

interface Reply {
  readonly code: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

interface CallOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Reads no more than this many lines. */
  readonly lines?: number;
  readonly on?: EdgeServer;
}

function call(path: string, options: CallOptions = {}): Promise<Reply> {
  const { certificates, port } = options.on ?? edge;
  const authorization = `Bearer ${certificates.adminToken}`;
  const { method = 'GET', body, lines } = options;
  const headers = { authorization, ...options.headers };
  const target = { host: '127.0.0.1', port, path, method, headers, ca: certificates.ca };
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...target, agent: false }, (reply) => {
      let text = '';
      const finish = () => {
        resolve({ code: reply.statusCode ?? 0, headers: reply.headers, text });
        request.destroy();
      };
      reply.setEncoding('utf8');
      reply.on('data', (chunk: string) => {
        text += chunk;
        if (lines !== undefined && text.split('\n').length > lines) finish();
      });
      reply.on('end', finish);
    });
    request.on('error', reject);
    request.end(body);
  });
}

interface Table {
  kind: string;
  apiVersion: string;
  metadata: { resourceVersion?: string };
  columnDefinitions: { name: string; format: string; type: string; priority: number }[] | null;
  rows: { cells: unknown[]; conditions?: object[]; object: { kind: string; metadata: object } }[];
}

const tableOf = (text: string) => JSON.parse(text) as Table;
const getTable = async (path: string) =>
  tableOf((await call(path, { headers: { accept: KUBECTL_TABLE } })).text);

describe('forms', () => {
  test.each([
    'application/vnd.kubernetes.protobuf,application/json',
    'application/vnd.kubernetes.protobuf, */*',
    'application/json, */*;q=0.8',
    '*/*',
  ])('API-104: %s is answered in JSON that says so', async (accept) => {
    const { code, headers, text } = await call(`${NS}/configmaps/a`, { headers: { accept } });
    expect([code, headers['content-type']]).toEqual([200, 'application/json']);
    expect(JSON.parse(text)).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1' });
  });

  test('API-102: a body without Content-Type is JSON', async () => {
    const body = '{"metadata":{"name":"untyped"}}';
    const created = await call(`${NS}/configmaps`, { method: 'POST', body });
    expect(created.code).toBe(201);
    expect((await call(`${NS}/configmaps/untyped`, { method: 'DELETE' })).code).toBe(200);
  });

  test.each([
    ['text/html, application/yaml', 'ConfigMapList', 'application/yaml'],
    ['application/json;v=v1;as=Table;g=meta.k8s.io, application/json', 'Table', undefined],
    ['application/json;as=Chart;v=v1;g=meta.k8s.io, application/json', 'ConfigMapList', undefined],
    [
      'application/json;g=meta.k8s.io;v=v1;as=PartialObjectMetadataList',
      'PartialObjectMetadataList',
      undefined,
    ],
    ['application/json;as=Table;v=v9;g=meta.k8s.io, */*', 'ConfigMapList', undefined],
    ['application/*', 'Status', undefined],
    ['text/html', 'Status', undefined],
  ])('API-105: %s gives a %s', async (accept, kind, type = 'application/json') => {
    const { code, headers, text } = await call(`${NS}/configmaps`, { headers: { accept } });
    expect(code).toBe(kind === 'Status' ? 406 : 200);
    expect(headers['content-type']).toBe(type);
    if (type === 'application/json') expect(JSON.parse(text)).toMatchObject({ kind });
    else expect(text).toContain(`kind: ${kind}\n`);
  });

  test('API-107: unknown parameters are ignored, encoded ones understood', async () => {
    const selector = 'fieldSelector=metadata.name%3Da';
    const { code, text } = await call(`${NS}/configmaps?unknown=1&${selector}&timeout=32s`);
    expect(code).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ items: [{ metadata: { name: 'a' } }] });
  });

  test('API-106: what kubectl asks for is a Table of v1; v1beta1 for those who know no more', async () => {
    const table = await getTable(`${NS}/configmaps`);
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    const accept = 'application/json;g=meta.k8s.io;v=v1beta1;as=Table';
    const { text } = await call(`${NS}/configmaps`, { headers: { accept } });
    expect(tableOf(text).apiVersion).toBe('meta.k8s.io/v1beta1');
  });

  test('API-109: headers of replies', async () => {
    const object = await call(`${NS}/configmaps/a`);
    expect(object.headers).toMatchObject({
      'cache-control': 'no-cache, private',
      'content-type': 'application/json',
    });
    expect((await call('/apis')).headers).toMatchObject({ vary: 'Accept' });
    expect((await call('/healthz')).headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
  });

  test('API-115: the program of User-Agent is the manager; headers of kubectl say nothing', async () => {
    const headers = {
      'user-agent': 'kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0',
      'kubectl-command': 'kubectl create',
      'kubectl-session': '7c1f',
      'content-type': 'application/json',
    };
    const body = JSON.stringify({ metadata: { name: 'by-kubectl' }, data: { a: '1' } });
    const { text } = await call(`${NS}/configmaps`, { method: 'POST', headers, body });
    const { metadata } = JSON.parse(text) as ConfigMap;
    expect(metadata.managedFields?.map(({ manager }) => manager)).toEqual(['kubectl']);
    await api.ok(`DELETE ${NS}/configmaps/by-kubectl`);
  });
});

describe('refusals', () => {
  const status = async (path: string, options: CallOptions = {}) => {
    const reply = await call(path, options);
    const body = JSON.parse(reply.text) as Status;
    expect(body).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure' });
    expect(body.code).toBe(reply.code);
    return { ...reply, body };
  };

  test('API-321, API-110: a version of the future is 504, with a cause and a time to wait', async () => {
    let isAnswered = false;
    const waiting = status(`${NS}/configmaps?resourceVersion=1000000`);
    void waiting.finally(() => (isAnswered = true));
    await expect
      .poll(() => {
        api.clock.advance(5_000);
        return isAnswered;
      })
      .toBe(true);
    const { code, headers, body } = await waiting;
    expect([code, headers['retry-after']]).toEqual([504, '1']);
    expect(body).toMatchObject({
      reason: 'Timeout',
      details: {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
      },
    });
  });

  test('API-323: unknown types of bodies list those that are known, of patches do not', async () => {
    const text = { 'content-type': 'text/plain' };
    const created = await status(`${NS}/configmaps`, { method: 'POST', headers: text, body: 'x' });
    expect(created.body).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
    expect(created.body.message).toContain('accepted media types include: application/json');
    const path = `${NS}/configmaps/a`;
    const patched = await status(path, { method: 'PATCH', headers: text, body: '{}' });
    expect(patched.body).toMatchObject({ code: 415, message: '415: Unsupported Media Type' });
  });

  test('API-110: what is final names no time to come back', async () => {
    for (const path of [`${NS}/configmaps/none`, `${NS}/configmaps?labelSelector=!!`]) {
      expect((await status(path)).headers).not.toHaveProperty('retry-after');
    }
  });

  test('API-325: what a path does not offer', async () => {
    const { body } = await status(`${NS}/configmaps`, { method: 'PATCH', body: '{}' });
    expect(body).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
      message: 'the server does not allow this method on the requested resource',
    });
  });

  test('API-326: bodies beyond the limit', async () => {
    const body = 'x'.repeat(3 * 1024 * 1024 + 1);
    const refused = await status(`${NS}/configmaps`, { method: 'POST', body });
    expect(refused.body).toMatchObject({
      code: 413,
      reason: 'RequestEntityTooLarge',
      message: 'Request entity too large: limit is 3145728',
    });
  });

  test('API-328: a Service with nobody behind it is 503', async () => {
    const spec = { ports: [{ port: 80 }], selector: { app: 'none' } };
    await api.ok(`POST ${NS}/services`, { metadata: { name: 'empty' }, spec });
    const unseen = await status(`${NS}/services/empty/proxy/index.html`);
    expect(unseen.body).toMatchObject({ code: 404, message: 'services "empty" not found' });
    await api.ok('POST /apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'empty-1', labels: { 'kubernetes.io/service-name': 'empty' } },
      addressType: 'IPv4',
      endpoints: [],
    });
    const { body } = await status(`${NS}/services/empty/proxy/index.html`);
    expect(body).toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
      message: 'no endpoints available for service "empty"',
    });
  });

  test('API-1103: there is no plain HTTP', async () => {
    const plain = new Promise((resolve, reject) => {
      const request = httpRequest(
        { host: '127.0.0.1', port: edge.port, path: '/healthz' },
        resolve,
      );
      request.on('error', reject);
      request.end();
    });
    await expect(plain).rejects.toThrow();
  });

  test('API-523: a watch over WebSocket is answered as if it had not been asked for', async () => {
    const { certificates, port } = edge;
    const url = `wss://127.0.0.1:${port}${NS}/configmaps?watch=true`;
    const headers = { authorization: `Bearer ${certificates.adminToken}` };
    const socket = new WebSocket(url, { ca: certificates.ca, headers });
    const code = await new Promise((resolve, reject) => {
      socket.on('unexpected-response', (request, reply) => {
        resolve(reply.statusCode);
        request.destroy();
      });
      socket.on('open', () => reject(new Error('it was upgraded')));
      socket.on('error', () => {});
    });
    expect(code).toBe(200);
  });
});

test('API-113: an ordinary request has 60 seconds, a watch as long as it wants', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const slow = await startEdgeServer(
    async (request) => {
      asked += 1;
      if (request.query.has('watch')) return api.handler(request);
      return new Promise(() => {});
    },
    { clock },
  );
  const ordinary = call(`${NS}/configmaps`, { on: slow });
  const watch = call(`${NS}/configmaps?watch=true`, { on: slow, lines: 3 });
  await expect.poll(() => asked).toBe(2);
  clock.advance(60_000);
  const { code, text } = await ordinary;
  expect(code).toBe(504);
  expect(JSON.parse(text)).toMatchObject({ kind: 'Status', reason: 'Timeout' });
  // Two maps are there; the third line comes after the minute.
  await api.ok(`POST ${NS}/configmaps`, { metadata: { name: 'late' } });
  expect((await watch).text).toContain('"late"');
  await api.ok(`DELETE ${NS}/configmaps/late`);
  const stopping = slow.server.stop();
  clock.advance(60_000);
  await stopping;
});

test('API-113: a request may ask for less time; what is no duration is 400', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const never = () => {
    asked += 1;
    return new Promise<never>(() => {});
  };
  const slow = await startEdgeServer(never, { clock });
  const ordinary = call(`${NS}/configmaps?timeout=1.5s`, { on: slow });
  await expect.poll(() => asked).toBe(1);
  clock.advance(1_500);
  expect((await ordinary).code).toBe(504);
  const faults = [
    ['1.5x', 'unknown unit "x" in duration "1.5x"'],
    ['10', 'missing unit in duration "10"'],
    ['soon', 'invalid duration "soon"'],
    ['1m-', 'unknown unit "m-" in duration "1m-"'],
    ['9999999h', 'invalid duration "9999999h"'],
  ];
  for (const [text, why] of faults) {
    for (const path of [`${NS}/configmaps`, '/version']) {
      const reply = await call(`${path}?timeout=${text}`, { on: slow });
      expect(JSON.parse(reply.text)).toMatchObject({
        code: 400,
        message: `invalid timeout specified in the request URL - time: ${why}`,
      });
    }
  }
  for (const text of ['', '0', '-1s', '1h2m3.5s']) {
    expect((await call(`/version?timeout=${text}`, { on: slow })).code).toBe(200);
  }
  await slow.server.stop();
});

describe('tables', () => {
  test('API-803: all columns are sent, those for wide output marked; the name has its format', async () => {
    const { columnDefinitions, rows } = await getTable(`${NS}/pods`);
    const columns = columnDefinitions ?? [];
    expect(columns.map(({ name, priority }) => [name, priority])).toEqual([
      ...['Name', 'Ready', 'Status', 'Restarts', 'Age'].map((name) => [name, 0]),
      ...['IP', 'Node', 'Nominated Node', 'Readiness Gates'].map((name) => [name, 1]),
    ]);
    expect(columns.filter(({ format }) => format === 'name').map(({ name }) => name)).toEqual([
      'Name',
    ]);
    expect(rows[0]?.cells).toHaveLength(columns.length);
  });

  test('API-804: cells are numbers and texts, ages for people', async () => {
    const { rows } = await getTable(`${NS}/configmaps`);
    for (const { cells } of rows) {
      expect(cells).toEqual([expect.any(String), 1, expect.stringMatching(/^(\d+[smhdy])+$/)]);
    }
  });

  test('API-805: who asks for no Table gets the list', async () => {
    const { text } = await call(`${NS}/configmaps`, { headers: { accept: 'application/json' } });
    expect(JSON.parse(text)).toMatchObject({ kind: 'ConfigMapList', items: [{}, {}] });
  });

  test('API-806: a watch sends Tables of one row, with columns in the first; bookmarks, too', async () => {
    const path =
      `${NS}/configmaps?watch=true&allowWatchBookmarks=true&sendInitialEvents=true` +
      '&resourceVersionMatch=NotOlderThan';
    const { text } = await call(path, { headers: { accept: KUBECTL_TABLE }, lines: 3 });
    const lines = text.trim().split('\n').slice(0, 3);
    const events = lines.map((line) => JSON.parse(line) as { type: string; object: Table });
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
    expect(events.map(({ object }) => object.kind)).toEqual(['Table', 'Table', 'Table']);
    expect(events.map(({ object }) => object.rows.length)).toEqual([1, 1, 1]);
    expect(events.map(({ object }) => object.columnDefinitions?.length)).toEqual([
      3,
      undefined,
      undefined,
    ]);
    expect(events[2]?.object.rows[0]?.object.metadata).toMatchObject({
      annotations: { 'k8s.io/initial-events-end': 'true' },
    });
  });

  test('API-807: a pod that is over says so', async () => {
    const { rows } = await getTable(`${NS}/pods/over`);
    const { status } = await api.ok<Pod>(`GET ${NS}/pods/over`);
    expect(rows[0]?.conditions).toEqual([
      {
        type: 'Completed',
        status: 'True',
        reason: status?.phase,
        message: 'The pod has completed successfully.',
      },
    ]);
  });
});
