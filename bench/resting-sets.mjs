// What 10,000 sets cost while nothing happens: a server and the engine in one process, joined by
// HTTPS, so that each request can be counted. Run by bench.mjs.
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createClient,
  createHttpTransport,
  createInformerFactory,
  createStatefulSetController,
  loadKubeconfig,
  silentLogger,
  statefulSets,
  systemClock,
  systemRandom,
} from '../dist/index.js';
import { startControlPlane } from '../dist/testing.js';

const SETS = 10_000;
const AT_ONCE = 50;
const QUIET_MS = 3000;
const MEASURED_MS = 5000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const row = (name, text) => process.stdout.write(`${name.padEnd(58)} ${text}\n`);

function setNamed(name, replicas) {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'none' }] } };
  const spec = { serviceName: name, replicas, selector: { matchLabels: labels }, template };
  const metadata = { name, namespace: 'default' };
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec };
}

let requests = 0;

function counting(transport) {
  return {
    request(request) {
      requests++;
      return transport.request(request);
    },
    watch(request, handler) {
      requests++;
      return transport.watch(request, handler);
    },
    close: () => transport.close(),
  };
}

/** CPU milliseconds of this process, and requests of the engine, in MEASURED_MS. */
async function measure() {
  const from = requests;
  const start = process.cpuUsage();
  await sleep(MEASURED_MS);
  const { user, system } = process.cpuUsage(start);
  return { cpuMs: (user + system) / 1000, requests: requests - from };
}

async function untilQuiet() {
  for (let last = -1; last !== requests;) {
    last = requests;
    await sleep(QUIET_MS);
  }
}

const plane = await startControlPlane({ controllers: '' });
const folder = mkdtempSync(join(tmpdir(), 'ordinal-bench-'));
const file = join(folder, 'kubeconfig');
writeFileSync(file, plane.kubeconfig);
const connection = loadKubeconfig({ path: file });
rmSync(folder, { recursive: true });
const tools = { clock: systemClock, random: systemRandom, logger: silentLogger };
const transport = createHttpTransport({ ...connection, ...tools, userAgent: 'ordinal-bench' });
const client = createClient(counting(transport));
const informers = createInformerFactory({ ...tools, client });
const options = { maxUnavailable: false, emulatedVersion: '1.36' };
const engine = createStatefulSetController({ ...tools, client, informers }, options);
await informers.start();
await engine.start();

const empty = await measure();
const startMs = performance.now();
const api = plane.client.resource(statefulSets);
for (let first = 0; first < SETS; first += AT_ONCE) {
  const batch = Array.from({ length: AT_ONCE }, (_, n) => first + n);
  await Promise.all(batch.map((n) => api.create(setNamed(`set-${n}`, n % 10 === 0 ? 1 : 0))));
}
await untilQuiet();
const seconds = (performance.now() - startMs - QUIET_MS) / 1000;
row(`${SETS} sets, create to settled`, `${seconds.toFixed(0)} s, ${requests} requests`);
globalThis.gc();
const resting = await measure();
const text = `${resting.cpuMs.toFixed(0)} ms of CPU, ${resting.requests} requests`;
row(
  `${SETS} sets at rest, ${MEASURED_MS / 1000} s`,
  `${text}; no sets: ${empty.cpuMs.toFixed(0)} ms`,
);
row('resident memory with them', `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
process.exit();
