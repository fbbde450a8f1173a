// The load generator of load.mjs, in a process of its own: `node load-client.mjs '<json>'` sends
// requests over HTTPS from so many clients at once and prints how long it took, as JSON.
import { readFileSync } from 'node:fs';
import { connect, constants } from 'node:http2';

const options = JSON.parse(process.argv[2]);
const { server, caFile, token, work, count, clients, first = 0 } = options;
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
  hello: () => ({ method: 'GET', path: '/' }),
  'hello-post': (index) => ({ method: 'POST', path: '/', body: JSON.stringify(podOf(index)) }),
};

function send(session, { method, path, body }) {
  return new Promise((resolve, reject) => {
    const head = { ':method': method, ':path': path, authorization };
    if (body) head['content-type'] = 'application/json';
    const stream = session.request(head, { endStream: !body });
    let bytes = 0;
    let status = 0;
    stream.on('response', (headers) => (status = headers[':status']));
    stream.on('data', (chunk) => (bytes += chunk.length));
    stream.on('error', reject);
    stream.on('end', () => {
      if (status >= 300) reject(new Error(`${method} ${path}: ${status}`));
      else resolve(bytes);
    });
    stream.end(body);
  });
}

const open = () => {
  const session = connect(server, { ca, settings: { initialWindowSize: 16 << 20 } });
  session.on('connect', () => session.setLocalWindowSize(16 << 20));
  return session;
};

/** Milliseconds of each request. */
async function load(sessions) {
  const times = [];
  let next = first;
  const client = async (session) => {
    while (next < first + count) {
      const request = requests[work](next++);
      const startMs = performance.now();
      await send(session, request);
      times.push(performance.now() - startMs);
    }
  };
  await Promise.all(sessions.map(client));
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
  return events;
}

const sessions = Array.from({ length: clients }, open);
if (work === 'watch') {
  process.stdout.write(`${JSON.stringify({ events: await watch(sessions) })}\n`);
} else {
  await send(sessions[0], work.startsWith('hello') ? requests.hello() : requests.list());
  const startMs = performance.now();
  const times = await load(sessions);
  const elapsedMs = performance.now() - startMs;
  const medianMs = times[Math.floor(times.length / 2)];
  const p99Ms = times[Math.floor(times.length * 0.99)];
  const perSecond = (count * 1000) / elapsedMs;
  process.stdout.write(`${JSON.stringify({ perSecond, medianMs, p99Ms })}\n`);
}
for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_NO_ERROR);
process.exit();
