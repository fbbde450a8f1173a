import { connect, type ClientHttp2Session } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { PassThrough } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMaps, pods } from '../api/resources.ts';
import { notFound } from '../api/meta/status-error.ts';
import { unstored, type ApiRequest, type ApiResponse, type ApiWatchSink } from './api-request.ts';
import { startEdgeServer, type EdgeServer } from './testing/edge-server.ts';

let edge: EdgeServer;
let lastRequest: ApiRequest | undefined;
let sink: ApiWatchSink | undefined;
let watchStopped = 0;
let log: PassThrough;

const shared = { one: '1' };

const configMap = (name: string, data: Record<string, string> = { a: '1' }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', resourceVersion: '7', uid: `uid-${name}` },
  data,
});

async function handler(request: ApiRequest): Promise<ApiResponse> {
  lastRequest = request;
  const { path, query } = request;
  if (path.endsWith('/panic')) throw new TypeError('oh no');
  if (path.endsWith('/missing')) throw notFound(configMaps, 'missing');
  if (path.endsWith('/log')) {
    return { kind: 'stream', code: 200, contentType: 'text/plain', stream: log };
  }
  if (query.get('watch') === 'true') {
    return {
      kind: 'watch',
      resource: configMaps,
      open(given) {
        sink = given;
        given.events([{ type: 'ADDED', stored: unstored(configMap('first')) }]);
        return { stop: () => (watchStopped += 1) };
      },
    };
  }
  if (path.endsWith('/configmaps') && request.method === 'GET') {
    const size = Number(query.get('size') ?? 1);
    const items = [configMap('a', { a: 'x'.repeat(size) }), configMap('b')];
    if (query.has('shared')) for (const item of items) item.data = shared;
    const metadata = { resourceVersion: '9' };
    return { kind: 'list', resource: configMaps, metadata, items: items.map(unstored) };
  }
  return {
    kind: 'object',
    code: request.method === 'POST' ? 201 : 200,
    resource: path.includes('/pods/') ? pods : configMaps,
    subresource: '',
    stored: unstored(configMap('cm')),
    warnings: query.has('warn') ? ['unknown field "a\\b"', 'naïve\nline'] : [],
  };
}

beforeAll(async () => {
  log = new PassThrough();
  edge = await startEdgeServer(handler);
});
afterAll(() => edge.server.stop());

interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  as?: 'token' | 'certificate' | 'anonymous';
}

interface Result {
  code: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  bytes: Buffer;
}

function call(path: string, options: CallOptions = {}): Promise<Result> {
  const { certificates, port } = edge;
  const { as = 'token', method = 'GET', body } = options;
  const headers: Record<string, string> = { ...options.headers };
  if (as === 'token') headers['authorization'] ??= `Bearer ${certificates.adminToken}`;
  const identity =
    as === 'certificate' ? { cert: certificates.adminCertificate, key: certificates.adminKey } : {};
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        headers,
        ca: certificates.ca,
        ...identity,
        agent: false,
      },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('error', reject);
        reply.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const { headers: received } = reply;
          resolve({
            code: reply.statusCode ?? 0,
            headers: received,
            text: bytes.toString(),
            bytes,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const json = (result: Result) => JSON.parse(result.text) as Record<string, unknown>;
const CONFIG_MAPS = '/api/v1/namespaces/ns/configmaps';

describe('who is asking', () => {
  it('API-1102: takes the user from a client certificate', async () => {
    await call(CONFIG_MAPS, { as: 'certificate' });
    expect(lastRequest?.user.name).toBe('kubernetes-admin');
    expect(lastRequest?.user.groups).toEqual(['system:masters', 'system:authenticated']);
  });

  it('API-1102: takes the user from a bearer token, and refuses a bad one with 401', async () => {
    await call(CONFIG_MAPS);
    expect(lastRequest?.user.name).toBe('kubernetes-admin');
    const refused = await call('/healthz', { headers: { authorization: 'Bearer nonsense' } });
    expect(refused.code).toBe(401);
    expect(json(refused)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Unauthorized',
      reason: 'Unauthorized',
      code: 401,
    });
  });

  it('API-1102: lets anonymous callers see health and version only', async () => {
    expect((await call('/healthz', { as: 'anonymous' })).text).toBe('ok');
    expect((await call('/version', { as: 'anonymous' })).code).toBe(200);
    const refused = await call('/apis', { as: 'anonymous' });
    expect(refused.code).toBe(403);
    expect(json(refused)['message']).toBe(
      'forbidden: User "system:anonymous" cannot get path "/apis"',
    );
    await call(CONFIG_MAPS, { as: 'anonymous' });
    expect(lastRequest?.user).toEqual({
      name: 'system:anonymous',
      uid: '',
      groups: ['system:unauthenticated'],
    });
  });

  it('API-1107: lets administrators act as others, with their groups', async () => {
    const headers = { 'Impersonate-User': 'system:serviceaccount:ns:robot' };
    await call(CONFIG_MAPS, { headers });
    expect(lastRequest?.user.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:ns',
      'system:authenticated',
    ]);
    const robot = { as: 'anonymous', headers: { 'Impersonate-User': 'boss' } } as const;
    expect(json(await call('/api/v1/namespaces/ns/pods', robot))['message']).toBe(
      'pods is forbidden: User "system:anonymous" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
    );
    const refused = await call('/metrics', { headers });
    expect(json(refused)['message']).toBe(
      'forbidden: User "system:serviceaccount:ns:robot" cannot get path "/metrics"',
    );
  });
});

describe('requests', () => {
  it('API-103: hands bodies to the core as they came, and refuses unknown types with 415', async () => {
    const yaml = { 'content-type': 'application/YAML; charset=utf-8' };
    const created = await call(CONFIG_MAPS, { method: 'POST', body: 'a: b', headers: yaml });
    expect(created.code).toBe(201);
    expect(lastRequest?.contentType).toBe('application/yaml');
    expect(lastRequest?.body).toEqual(Buffer.from('a: b'));
    const text = { 'content-type': 'text/plain' };
    const refused = await call(CONFIG_MAPS, { method: 'POST', body: '{}', headers: text });
    expect(refused.code).toBe(415);
    expect(json(refused)['message']).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  });

  it('API-111: refuses bodies over three mebibytes with 413', async () => {
    const body = Buffer.alloc(3 * 1024 * 1024 + 1, 'x');
    const refused = await call(CONFIG_MAPS, { method: 'POST', body });
    expect(refused.code).toBe(413);
    expect(json(refused)['message']).toBe('Request entity too large: limit is 3145728');
    const chunked = { 'transfer-encoding': 'chunked' };
    expect((await call(CONFIG_MAPS, { method: 'POST', body, headers: chunked })).code).toBe(413);
  });

  it('API-116: answers unknown paths in plain text and unknown versions with a Status', async () => {
    const unknown = await call('/nothing/here');
    expect([unknown.code, unknown.text.trim()]).toEqual([404, '404 page not found']);
    expect(unknown.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect((await call('/apis/none.example.com/v1/things')).text.trim()).toBe('404 page not found');
    const { paths } = json(await call('/')) as { paths: string[] };
    expect(paths).toEqual(expect.arrayContaining(['/api/v1', '/apis/apps/v1', '/version']));
    const version = json(await call('/apis/apps/v9'));
    expect(version['message']).toBe('the server could not find the requested resource');
  });

  it('API-302: refuses methods that a path does not offer', async () => {
    expect((await call('/version', { method: 'POST' })).code).toBe(405);
    expect((await call(CONFIG_MAPS, { method: 'HEAD' })).code).toBe(405);
    expect(json(await call(CONFIG_MAPS, { method: 'OPTIONS' }))['reason']).toBe('MethodNotAllowed');
  });

  it('API-327: turns a panic of the core into 500 InternalError', async () => {
    const failed = await call(`${CONFIG_MAPS}/panic`);
    expect(failed.code).toBe(500);
    expect(json(failed)['message']).toBe('Internal error occurred: oh no');
  });

  it('API-310: sends errors of the core as they are', async () => {
    const missing = await call(`${CONFIG_MAPS}/missing`);
    expect(missing.code).toBe(404);
    expect(json(missing)['details']).toEqual({ name: 'missing', kind: 'configmaps' });
  });
});

describe('replies', () => {
  it('API-301: lists hold the items without apiVersion and kind', async () => {
    const list = json(await call(CONFIG_MAPS));
    expect(list).toEqual({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '9' },
      items: [configMap('a', { a: 'x' }), configMap('b')].map(({ metadata, data }) => ({
        metadata,
        data,
      })),
    });
  });

  it('API-105: gives metadata only when asked, and refuses the wrong form', async () => {
    const partial = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
    const object = json(await call(`${CONFIG_MAPS}/cm`, { headers: partial }));
    expect(object['kind']).toBe('PartialObjectMetadata');
    expect(object['data']).toBeUndefined();
    const list = await call(CONFIG_MAPS, { headers: partial });
    expect(list.code).toBe(406);
    expect(json(list)['message']).toBe(
      'you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)',
    );
  });

  it('API-324: has two texts for what it cannot give', async () => {
    const html = await call(`${CONFIG_MAPS}/cm`, { headers: { accept: 'text/html' } });
    expect([html.code, json(html)['message']]).toEqual([
      406,
      '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ]);
    const accept = 'application/json;as=Chart;v=v1;g=meta.k8s.io';
    const chart = json(await call(CONFIG_MAPS, { headers: { accept } }));
    expect(chart['message']).toBe(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
    const fallback = { accept: 'text/html,*/*;q=0.1' };
    expect((await call(`${CONFIG_MAPS}/cm`, { headers: fallback })).code).toBe(200);
  });

  it('API-107: indents when asked, and speaks YAML', async () => {
    const pretty = await call(`${CONFIG_MAPS}/cm?pretty=true`);
    expect(pretty.text.startsWith('{\n  "apiVersion": "v1"')).toBe(true);
    const yaml = await call(`${CONFIG_MAPS}/cm`, { headers: { accept: 'application/yaml' } });
    expect(yaml.headers['content-type']).toBe('application/yaml');
    expect(yaml.text).toContain('kind: ConfigMap\n');
    expect(yaml.text).toContain('a: "1"\n');
    // Values that objects share are written out each time: Go knows no aliases.
    const twice = await call(`${CONFIG_MAPS}?shared`, { headers: { accept: 'application/yaml' } });
    expect(twice.text.match(/one: "1"\n/g)).toHaveLength(2);
    const odd = { accept: 'constructor, application/json;q=0.5' };
    const plain = await call(`${CONFIG_MAPS}/cm`, { headers: odd });
    expect(plain.headers['content-type']).toBe('application/json');
  });

  it('API-108: compresses large bodies for those who accept gzip', async () => {
    const gzip = { 'accept-encoding': 'gzip' };
    const large = await call(`${CONFIG_MAPS}?size=200000`, { headers: gzip });
    expect(large.headers['content-encoding']).toBe('gzip');
    const list = JSON.parse(gunzipSync(large.bytes).toString()) as { items: unknown[] };
    expect(list.items).toHaveLength(2);
    const small = await call(CONFIG_MAPS, { headers: gzip });
    expect(small.headers['content-encoding']).toBeUndefined();
  });

  it('API-114: sends warnings as headers, quoted and in ASCII', async () => {
    const { headers } = await call(`${CONFIG_MAPS}/cm?warn`);
    expect(headers['warning']).toBe('299 - "unknown field \\"a\\\\b\\"", 299 - "nave line"');
  });
});

describe('streams', () => {
  it('API-508: sends the head of a watch at once, then one line an event', async () => {
    const { certificates, port } = edge;
    const headers = { authorization: `Bearer ${certificates.adminToken}` };
    const path = `${CONFIG_MAPS}?watch=true`;
    const lines: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const request = httpsRequest(
        { host: '127.0.0.1', port, path, headers, ca: certificates.ca, agent: false },
        (reply) => {
          reply.setEncoding('utf8');
          reply.on('data', (text: string) => {
            lines.push(...text.trim().split('\n'));
            if (lines.length === 1) {
              const stored = unstored(configMap('second'));
              sink?.events([
                { type: 'MODIFIED', stored },
                { type: 'DELETED', stored },
              ]);
            }
            if (lines.length === 3) sink?.end();
          });
          reply.on('end', resolve);
        },
      );
      request.on('error', reject);
      request.end();
    });
    const events = lines.map((line) => JSON.parse(line) as { type: string; object: object });
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(events[2]?.object).toEqual(configMap('second'));
  });

  it('API-522: a watch of metadata sends metadata', async () => {
    const accept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
    const before = sink;
    const finished = call(`${CONFIG_MAPS}?watch=true`, { headers: { accept } });
    await expect.poll(() => sink !== before).toBe(true);
    sink?.end();
    const event = JSON.parse((await finished).text) as { object: Record<string, unknown> };
    expect(event.object['kind']).toBe('PartialObjectMetadata');
  });

  it('API-720: sends logs as they come', async () => {
    const reply = call('/api/v1/namespaces/ns/pods/p/log', { headers: { accept: 'text/plain' } });
    log.write('one\n');
    log.end('two\n');
    expect(await reply).toMatchObject({ code: 200, text: 'one\ntwo\n' });
  });
});

describe('HTTP/2', () => {
  function get(session: ClientHttp2Session, path: string): Promise<{ code: number; text: string }> {
    const authorization = `Bearer ${edge.certificates.adminToken}`;
    return new Promise((resolve, reject) => {
      const stream = session.request({ ':path': path, authorization });
      let code = 0;
      let text = '';
      stream.setEncoding('utf8');
      stream.on('response', (headers) => (code = Number(headers[':status'])));
      stream.on('data', (chunk: string) => (text += chunk));
      stream.on('end', () => resolve({ code, text }));
      stream.on('error', reject);
    });
  }

  it('API-101: serves many requests over one connection, and ends watches in good order', async () => {
    const { server, port, certificates } = await startEdgeServer(handler);
    const session = connect(`https://127.0.0.1:${port}`, { ca: certificates.ca });
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => get(session, `${CONFIG_MAPS}/cm?n=${index}`)),
    );
    expect(replies.every(({ code }) => code === 200)).toBe(true);
    const stoppedBefore = watchStopped;
    const before = sink;
    const watch = get(session, `${CONFIG_MAPS}?watch=true`);
    await expect.poll(() => sink !== before).toBe(true);
    await server.stop();
    expect((await watch).text).toContain('"first"');
    expect(watchStopped).toBe(stoppedBefore + 1);
    session.destroy();
  });
});

describe('API-220', () => {
  it('lists checks when asked, and counts requests', async () => {
    const verbose = await call('/readyz?verbose');
    expect(verbose.text).toBe('[+]ping ok\nreadyz check passed\n');
    expect((await call('/readyz/ping')).text).toBe('ok');
    expect((await call('/readyz/other')).code).toBe(404);
    const { text } = await call('/metrics');
    expect(text).toMatch(
      /apiserver_request_total\{verb="list",group="",version="v1",resource="configmaps",subresource="",code="200"\} \d+/,
    );
  });
});
