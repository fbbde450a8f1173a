import { once } from 'node:events';
import { connect } from 'node:http2';
import { get, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notFound } from '../api/meta/status-error.ts';
import { pods } from '../api/resources.ts';
import { readAuditPolicy } from './audit-policy.ts';
import { startEdgeServer, type EdgeServer } from './testing/edge-server.ts';
import { createTestApi } from './testing/test-api.ts';

const events: object[] = [];
let edge: EdgeServer;
beforeAll(async () => {
  const handler = async () => {
    throw notFound(pods, 'web-0');
  };
  edge = await startEdgeServer(handler, { audit: (event) => events.push(event) });
});
afterAll(() => edge.server.stop());

/** The event of one GET. */
async function auditOf(path: string, headers: Record<string, string>): Promise<object> {
  events.length = 0;
  const { port, certificates } = edge;
  const options = { host: '127.0.0.1', port, path, headers, ca: certificates.ca, agent: false };
  await new Promise<void>((resolve, reject) => {
    const request = get(options, (reply) => reply.resume().on('end', resolve));
    request.on('error', reject);
  });
  await expect.poll(() => events.length).toBe(1);
  return events[0] ?? {};
}

it('API-117: an event says who did what as whom, and how it ended', async () => {
  const path = '/api/v1/namespaces/default/pods/web-0/status?pretty=true';
  const event = await auditOf(path, {
    authorization: `Bearer ${edge.certificates.adminToken}`,
    'user-agent': 'kubectl/v1',
    'impersonate-user': 'jane',
  });
  expect(event).toEqual({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: expect.stringMatching(/^[-0-9a-f]{36}$/) as string,
    stage: 'ResponseComplete',
    requestURI: path,
    verb: 'get',
    user: { username: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] },
    impersonatedUser: { username: 'jane', groups: ['system:authenticated'] },
    sourceIPs: ['127.0.0.1'],
    userAgent: 'kubectl/v1',
    objectRef: {
      resource: 'pods',
      namespace: 'default',
      name: 'web-0',
      apiVersion: 'v1',
      subresource: 'status',
    },
    responseStatus: {
      metadata: {},
      status: 'Failure',
      message: 'pods "web-0" not found',
      reason: 'NotFound',
      code: 404,
    },
    requestReceivedTimestamp: expect.stringMatching(/\.\d{6}Z$/) as string,
    stageTimestamp: expect.stringMatching(/\.\d{6}Z$/) as string,
  });
});

it('API-117: a bad token is logged without a user, and never itself', async () => {
  const event = await auditOf('/healthz', { authorization: 'Bearer secret-token' });
  expect(event).toMatchObject({ user: {}, responseStatus: { code: 401 } });
  expect(JSON.stringify(event)).not.toContain('secret-token');
});

it('API-117: a path that is no resource has no object', async () => {
  const event = await auditOf('/readyz', {});
  expect(event).toMatchObject({
    verb: 'get',
    user: { username: 'system:anonymous' },
    responseStatus: { code: 200 },
  });
  expect(event).not.toHaveProperty('objectRef');
});

it('API-117: callers over HTTP/2 have an address, too', async () => {
  events.length = 0;
  const { port, certificates } = edge;
  const session = connect(`https://127.0.0.1:${port}`, { ca: certificates.ca });
  const stream = session.request({ ':path': '/livez' });
  stream.resume();
  await once(stream, 'end');
  await new Promise<void>((resolve) => session.close(resolve));
  await expect.poll(() => events).toMatchObject([{ sourceIPs: ['127.0.0.1'] }]);
});

describe('with a policy', () => {
  const written: Record<string, unknown>[] = [];
  const policy = readAuditPolicy({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitManagedFields: true,
    rules: [
      { level: 'None', nonResourceURLs: ['/version'] },
      { level: 'RequestResponse', resources: [{ resources: ['configmaps'] }] },
      { level: 'Request', resources: [{ resources: ['secrets'] }] },
      { level: 'Metadata', omitStages: ['RequestReceived'] },
    ],
  });
  let own: EdgeServer;
  beforeAll(async () => {
    const api = await createTestApi();
    const audit = (event: object) => written.push(event as Record<string, unknown>);
    own = await startEdgeServer(api.handler, { audit, auditPolicy: policy });
  });
  afterAll(() => own.server.stop());

  async function send(method: string, path: string, body?: { type: string; text: string }) {
    written.length = 0;
    const { port, certificates } = own;
    const { adminCertificate: cert, adminKey: key, ca } = certificates;
    const headers = body ? { 'content-type': body.type } : {};
    const options = { host: '127.0.0.1', port, path, method, headers, ca, cert, key, agent: false };
    await new Promise<void>((resolve, reject) => {
      const outgoing = request(options, (reply) => reply.resume().on('end', resolve));
      outgoing.on('error', reject);
      outgoing.end(body?.text);
    });
  }
  const stages = () => written.map(({ level, stage }) => `${String(level)} ${String(stage)}`);
  const maps = '/api/v1/namespaces/default/configmaps';

  it('API-117: bodies are in it, at the level that asks for them', async () => {
    const text = 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: m}\ndata: {a: b}\n';
    await send('POST', maps, { type: 'application/yaml', text });
    await expect
      .poll(stages)
      .toEqual(['RequestResponse RequestReceived', 'RequestResponse ResponseComplete']);
    const [first, last] = written;
    expect(first?.['auditID']).toBe(last?.['auditID']);
    expect(first).not.toHaveProperty('responseStatus');
    expect(last).toMatchObject({
      requestObject: { metadata: { name: 'm' }, data: { a: 'b' } },
      responseObject: { kind: 'ConfigMap', metadata: { name: 'm', uid: expect.any(String) } },
      responseStatus: { code: 201 },
    });
    expect(last).not.toHaveProperty('responseObject.metadata.managedFields');
  });

  it('API-117: patches, lists and failures are in it, too', async () => {
    const type = 'application/merge-patch+json';
    await send('PATCH', `${maps}/m`, { type, text: '{"data":{"a":"c"}}' });
    await expect
      .poll(() => written[1])
      .toMatchObject({
        requestObject: { data: { a: 'c' } },
        responseObject: { data: { a: 'c' } },
      });
    await send('GET', maps);
    await expect
      .poll(() => written[1])
      .toMatchObject({
        responseObject: { kind: 'ConfigMapList', items: expect.any(Array) },
      });
    await send('GET', `${maps}/absent`);
    await expect
      .poll(() => written[1])
      .toMatchObject({
        responseObject: { kind: 'Status', code: 404 },
        responseStatus: { code: 404 },
      });
  });

  it('API-117: what the policy leaves out is left out', async () => {
    await send('GET', '/version');
    expect(written).toEqual([]);
    await send('GET', '/api/v1/namespaces/default/pods');
    await expect.poll(stages).toEqual(['Metadata ResponseComplete']);
    const text = '{"metadata":{"name":"s"}}';
    await send('POST', '/api/v1/namespaces/default/secrets', { type: 'application/json', text });
    await expect
      .poll(() => written[1])
      .toMatchObject({
        level: 'Request',
        requestObject: { metadata: { name: 's' } },
      });
    expect(written[1]).not.toHaveProperty('responseObject');
  });
});
