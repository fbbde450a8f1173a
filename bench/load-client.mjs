// The load generator of load.mjs, in a process of its own: `node load-client.mjs '<json>'` sends
// requests over HTTPS from so many clients at once, each with a connection of its own, and prints
// how long it took, as JSON. HTTP/1.1 as the reference was measured; watches and `http2` by HTTP/2.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, constants } from 'node:http2';
import { openConnection } from './raw-client.mjs';

const options = JSON.parse(process.argv[2]);
const { server, caFile, token, work, count, clients, first = 0, http2 = false } = options;
const ca = readFileSync(caFile);
const authorization = `Bearer ${token}`;
const PODS = '/api/v1/namespaces/default/pods';
const filler = 'x'.repeat(1450);

/** A pod of about 2 KiB as it is stored. */
const podOf = (index) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `pod-${index}`, labels: { app: 'bench' }, annotations: { filler } },
  spec: { containers: [{ name: 'main', image: 'app:1' }] },
});

const requests = {
  create: (index) => ({ method: 'POST', path: PODS, body: JSON.stringify(podOf(index)) }),
  get: (index) => ({ method: 'GET', path: `${PODS}/pod-${index}` }),
  list: () => ({ method: 'GET', path: PODS }),
  one: () => ({ method: 'GET', path: `${PODS}?limit=1` }),
  hello: () => ({ method: 'GET', path: '/' }),
  'hello-post': (index) => ({ method: 'POST', path: '/', body: JSON.stringify(podOf(index)) }),
};

function openSession() {
  const session = connect(server, { ca, settings: { initialWindowSize: 16 << 20 } });
  session.on('connect', () => session.setLocalWindowSize(16 << 20));
  return session;
}

/** As openConnection, by HTTP/2. */
async function openHttp2() {
  const session = openSession();
  await once(session, 'connect');
  const send = ({ method, path, body }) =>
    new Promise((resolve, reject) => {
      const head = { ':method': method, ':path': path, authorization };
      if (body) head['content-type'] = 'application/json';
      const stream = session.request(head, { endStream: !body });
      let status = 0;
      stream.on('response', (headers) => (status = headers[':status']));
      stream.on('error', reject);
      stream.on('end', () => resolve(status));
      stream.resume();
      stream.end(body);
    });
  return { send, close: () => session.destroy(undefined, constants.NGHTTP2_NO_ERROR) };
}

async function send(connection, request) {
  const status = await connection.send(request);
  if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status}`);
}

/** Milliseconds of each request. */
async function load(connections) {
  const times = [];
  let next = first;
  const client = async (connection) => {
    while (next < first + count) {
      const request = requests[work](next++);
      const startMs = performance.now();
      await send(connection, request);
      times.push(performance.now() - startMs);
    }
  };
  await Promise.all(connections.map(client));
  return times.sort((a, b) => a - b);
}

/** Opens watches that stay; says so, and how many events have come when asked to end. */
async function watch(sessions) {
  let events = 0;
  const head = { ':path': `${PODS}?watch=true&resourceVersion=${options.from}`, authorization };
  await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const stream = sessions[index % sessions.length].request(head);
      stream.on('data', (chunk) => {
        for (const byte of chunk) if (byte === 10) events += 1;
      });
      stream.on('error', () => {});
      return new Promise((resolve) => stream.once('response', resolve));
    }),
  );
  process.stdout.write('{"watching":true}\n');
  await new Promise((resolve) => process.stdin.once('data', resolve));
  return { events };
}

async function measure() {
  const open = http2 ? openHttp2 : () => openConnection({ server, ca, token });
  const connections = await Promise.all(Array.from({ length: clients }, open));
  await send(connections[0], work.startsWith('hello') ? requests.hello() : requests.one());
  const startMs = performance.now();
  const times = await load(connections);
  const perSecond = (count * 1000) / (performance.now() - startMs);
  const medianMs = times[Math.floor(times.length / 2)];
  const p99Ms = times[Math.floor(times.length * 0.99)];
  for (const connection of connections) connection.close();
  return { perSecond, medianMs, p99Ms };
}

const result =
  work === 'watch' ? await watch(Array.from({ length: clients }, openSession)) : await measure();
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit();
