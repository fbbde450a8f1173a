// Clients that are slow, many or large: none of them costs the others anything.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../base/manual-clock.ts';
import { startEdgeServer, type EdgeServer } from './testing/edge-server.ts';
import { createTestApi, type TestApi } from './testing/test-api.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
let api: TestApi;
let edge: EdgeServer;
let clock: ManualClock;
const opened: TLSSocket[] = [];

beforeAll(async () => void (api = await createTestApi()));
beforeEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  clock = new ManualClock();
  if (edge) await edge.server.stop();
  edge = await startEdgeServer(api.handler, { clock });
});
afterAll(async () => {
  for (const socket of opened) socket.destroy();
  await edge.server.stop();
});

interface Client {
  readonly socket: TLSSocket;
  readonly text: () => string;
  readonly closed: Promise<unknown>;
}

async function open(): Promise<Client> {
  const { ca } = edge.certificates;
  const socket = connect({ host: '127.0.0.1', port: edge.port, ca });
  opened.push(socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += String(chunk)));
  socket.on('error', () => {});
  const closed = once(socket, 'close');
  await once(socket, 'secureConnect');
  return { socket, text: () => text, closed };
}

function head(method: string, ...more: string[]): string {
  const authorization = `authorization: Bearer ${edge.certificates.adminToken}`;
  const lines = [`${method} ${CONFIG_MAPS} HTTP/1.1`, 'host: x', authorization, ...more];
  return `${lines.join('\r\n')}\r\n`;
}

/** The answer to a request of somebody else. */
async function works(): Promise<void> {
  const { socket, text } = await open();
  socket.write(`${head('GET')}\r\n`);
  await expect.poll(text).toMatch(/^HTTP\/1\.1 200 /);
}

test('API-113: headers that never end are given up after 32 seconds', async () => {
  const silent = await open();
  const slow = await open();
  slow.socket.write(head('GET'));
  const busy = await open();
  busy.socket.write(`${head('GET')}\r\n`);
  await expect.poll(busy.text).toMatch(/^HTTP\/1\.1 200 /);
  clock.advance(32_000);
  await Promise.all([silent.closed, slow.closed]);
  expect(busy.socket.destroyed).toBe(false);
  await works();
});

test('API-113: a body that never ends is answered with 504, and the connection ends', async () => {
  const { socket, text, closed } = await open();
  socket.write(`${head('POST', 'content-type: application/json', 'content-length: 100')}\r\n{`);
  await works();
  clock.advance(60_000);
  await closed;
  expect(text()).toMatch(/^HTTP\/1\.1 504 /);
  expect(text()).toContain('"reason":"Timeout"');
});

test('API-111: a body that says it is too large is refused before it is sent', async () => {
  const { socket, text } = await open();
  socket.write(`${head('POST', `content-length: ${2 ** 40}`)}\r\n`);
  await expect.poll(text).toMatch(/^HTTP\/1\.1 413 /);
});

test('API-111: headers of more than a mebibyte are refused with 431', async () => {
  const { socket, text } = await open();
  socket.write(`${head('GET', `x-long: ${'x'.repeat(1_100_000)}`)}\r\n`);
  await expect.poll(text).toMatch(/^HTTP\/1\.1 431 /);
});

test("API-113: many connections that say nothing are in nobody's way", async () => {
  await Promise.all(Array.from({ length: 200 }, open));
  await works();
});

test('API-101: large bodies that nobody reads do not fill their connection', async () => {
  const session = connectHttp2(`https://127.0.0.1:${edge.port}`, { ca: edge.certificates.ca });
  session.on('error', () => {});
  const authorization = `Bearer ${edge.certificates.adminToken}`;
  const post = (body: Buffer) => {
    const stream = session.request({ ':method': 'POST', ':path': '/version', authorization });
    stream.resume();
    stream.end(body);
    return once(stream, 'close');
  };
  for (let count = 0; count < 8; count += 1) await post(Buffer.alloc(2 ** 21));
  expect(session.destroyed).toBe(false);
  session.destroy();
});

test("a client that resets many streams of one connection is in nobody's way", async () => {
  const session = connectHttp2(`https://127.0.0.1:${edge.port}`, { ca: edge.certificates.ca });
  session.on('error', () => {});
  const authorization = `Bearer ${edge.certificates.adminToken}`;
  for (let count = 0; count < 500 && !session.destroyed; count += 1) {
    const stream = session.request({ ':path': `${CONFIG_MAPS}?watch=true`, authorization });
    stream.on('error', () => {});
    stream.close();
  }
  await works();
  session.destroy();
});

test('a large list reaches who reads it late, whole', async () => {
  const filler = 'x'.repeat(500_000);
  for (const name of Array.from({ length: 40 }, (_, index) => `large-${index}`)) {
    await api.ok(`POST ${CONFIG_MAPS}`, { metadata: { name }, data: { filler } });
  }
  const { socket, text, closed } = await open();
  socket.pause();
  socket.write(`${head('GET', 'connection: close')}\r\n`);
  await works();
  socket.resume();
  await closed;
  const [, body = ''] = text().split('\r\n\r\n', 2);
  const { items } = JSON.parse(body) as { items: unknown[] };
  expect(items.length).toBeGreaterThanOrEqual(40);
  await api.ok(`DELETE ${CONFIG_MAPS}`);
});

test('API-113: connections that nobody uses are closed after two minutes, used ones are not', async () => {
  const { ca } = edge.certificates;
  const address = `https://127.0.0.1:${edge.port}`;
  const session = () => {
    const own = connectHttp2(address, { ca });
    own.on('error', () => {});
    return own;
  };
  const [idle, watching] = [session(), session()];
  await Promise.all([once(idle, 'connect'), once(watching, 'connect')]);
  const authorization = `Bearer ${edge.certificates.adminToken}`;
  const watch = watching.request({ ':path': `${CONFIG_MAPS}?watch=true`, authorization });
  await once(watch, 'response');
  const quiet = await open();
  quiet.socket.write(`${head('GET')}\r\n`);
  await expect.poll(quiet.text).toMatch(/^HTTP\/1\.1 200 /);
  const closed = once(idle, 'close');
  clock.advance(90_000);
  await works();
  expect([idle.closed, quiet.socket.destroyed]).toEqual([false, false]);
  clock.advance(60_000);
  await Promise.all([closed, quiet.closed]);
  await works();
  expect(watch.closed).toBe(false);
  watching.destroy();
});

test('API-111: a path may be long', async () => {
  const pathWith = (count: number) => {
    const labels = Array.from({ length: count }, (_, index) => `a${index}`);
    return `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(labels.join(','))}`;
  };
  const { socket, text } = await open();
  socket.write(`${head('GET').replace(CONFIG_MAPS, pathWith(20_000))}\r\n`);
  await expect.poll(text).toMatch(/^HTTP\/1\.1 200 /);
  const session = connectHttp2(`https://127.0.0.1:${edge.port}`, { ca: edge.certificates.ca });
  session.on('error', () => {});
  const authorization = `Bearer ${edge.certificates.adminToken}`;
  // The library of HTTP/2 takes no header of more than 64 KiB.
  const request = session.request({ ':path': pathWith(6_000), authorization });
  const [headers] = (await once(request, 'response')) as [object];
  expect(headers).toMatchObject({ ':status': 200 });
  session.destroy();
});
