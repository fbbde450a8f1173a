// What 10,000 sets cost while nothing happens: server and engine in one process. Run by bench.mjs.
import { statefulSets } from '../dist/index.js';
import { startControlPlane } from '../dist/testing.js';

const SETS = 10_000;
const AT_ONCE = 50;
const QUIET_MS = 1000;
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

const plane = await startControlPlane({ controllers: 'statefulset,serviceaccount' });
const api = plane.client.resource(statefulSets);

/** Grows with every write to the API. */
async function revision() {
  const { metadata } = await api.list({ namespace: 'none' });
  return Number(metadata.resourceVersion);
}

const cpuMs = (start) => {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
};

/** CPU milliseconds of server and engine, and writes to the API, in MEASURED_MS. */
async function measure() {
  const from = await revision();
  const start = process.cpuUsage();
  await sleep(MEASURED_MS);
  const spentMs = cpuMs(start);
  return `${spentMs.toFixed(0)} ms of CPU, ${(await revision()) - from} writes`;
}

async function untilQuiet() {
  for (let last = -1, now = 0; last !== now;) {
    last = now;
    await sleep(QUIET_MS);
    now = await revision();
  }
}

row('no sets, 5 s', await measure());
const start = process.cpuUsage();
for (let first = 0; first < SETS; first += AT_ONCE) {
  const batch = Array.from({ length: AT_ONCE }, (_, n) => first + n);
  await Promise.all(batch.map((n) => api.create(setNamed(`set-${n}`, n % 2))));
}
await untilQuiet();
const writes = await revision();
const seconds = (cpuMs(start) / 1000).toFixed(1);
row(`${SETS} sets, create to settled`, `${seconds} s of CPU, ${writes} writes`);
globalThis.gc();
row(`${SETS} sets at rest, 5 s`, await measure());
row('resident memory with them', `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
process.exit();
