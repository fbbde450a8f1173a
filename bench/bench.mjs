// `npm run bench`: figures of the embedded mode and of the engine on this machine. The machine is
// noisy, so each figure is a median, and stands beside the time of a bare Node.js start measured in
// the same minute, or is CPU time.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createClient,
  createHttpTransport,
  loadKubeconfig,
  persistentVolumeClaims,
  services,
  silentLogger,
  statefulSets,
  systemClock,
} from '../dist/index.js';

const ROUNDS = 5;
const command = fileURLToPath(new URL('../bin/ordinal.js', import.meta.url));
const dataDirectory = mkdtempSync(join(tmpdir(), 'ordinal-bench-'));

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const row = (name, text) => process.stdout.write(`${name.padEnd(58)} ${text}\n`);

function up() {
  const options = ['--data-dir', dataDirectory, '--port', '0', '--output', 'json'];
  const child = spawn(process.execPath, [command, 'up', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ordinal up ended with code ${code}`)));
    child.stdout.once('data', (chunk) => {
      child.removeAllListeners('exit');
      resolve({ child, ...JSON.parse(String(chunk)) });
    });
  });
}

async function kill(server) {
  const ended = new Promise((resolve) => server.child.once('exit', resolve));
  process.kill(server.pid, 'SIGKILL');
  await ended;
}

function residentMiB(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

function bareNodeMs() {
  const times = Array.from({ length: ROUNDS }, () => {
    const startMs = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - startMs;
  });
  return median(times);
}

async function startUp() {
  await kill(await up()); // makes certificates and the store: the first start is not warm
  const bareMs = bareNodeMs();
  const times = [];
  const memory = [];
  for (let round = 0; round < ROUNDS; round++) {
    const server = await up();
    times.push(server.readyMs);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // idle
    memory.push(residentMiB(server.pid));
    await kill(server);
  }
  const ratio = (median(times) / bareMs).toFixed(1);
  row('up to ready, warm', `${median(times)} ms = ${ratio} × a bare Node.js start`);
  row('resident memory of the server, idle', `${median(memory).toFixed(0)} MiB`);
}

function trivialSet(name) {
  const labels = { app: name };
  const template = { metadata: { name: 'data' }, spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Mi' } },
  } }; // prettier-ignore
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: 'default' },
    spec: {
      serviceName: name,
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'main',
              image: 'none',
              command: ['sleep', '1000000'],
              volumeMounts: [{ name: 'data', mountPath: '/data' }],
            },
          ],
        },
      },
      volumeClaimTemplates: [template],
    },
  };
}

/** Milliseconds from the creation of a set of three, with a claim each, until all are Ready. */
async function applyToReadyMs(client, name) {
  const metadata = { name, namespace: 'default' };
  const spec = { clusterIP: 'None', selector: { app: name } };
  await client.resource(services).create({ apiVersion: 'v1', kind: 'Service', metadata, spec });
  let done;
  const ready = new Promise((resolve) => (done = resolve));
  const selection = { namespace: 'default', fieldSelector: `metadata.name=${name}` };
  const stream = await client.resource(statefulSets).watch(selection, {
    event: ({ object }) => object.status?.readyReplicas === 3 && done(),
    end() {},
  });
  const startMs = performance.now();
  await client.resource(statefulSets).create(trivialSet(name));
  await ready;
  const elapsedMs = performance.now() - startMs;
  stream.stop();
  await client.resource(statefulSets).delete(metadata);
  await client.resource(persistentVolumeClaims).deleteCollection({ namespace: 'default' });
  return elapsedMs;
}

async function convergence() {
  const server = await up();
  const connection = loadKubeconfig({ path: server.kubeconfig });
  const options = { userAgent: 'ordinal-bench', clock: systemClock, logger: silentLogger };
  const client = createClient(createHttpTransport({ ...connection, ...options }));
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.push(await applyToReadyMs(client, `bench-${round}`));
  }
  const ratio = (median(times) / bareNodeMs()).toFixed(1);
  const text = `${median(times).toFixed(0)} ms = ${ratio} × a bare Node.js start`;
  row('3 replicas with claims, create to all Ready', text);
}

/** Runs a program of this folder, which prints its own rows. */
function runProgram(name, ...flags) {
  const file = fileURLToPath(new URL(name, import.meta.url));
  spawnSync(process.execPath, ['--expose-gc', ...flags, file], { stdio: 'inherit' });
}

try {
  runProgram('planning.mjs', '--max-semi-space-size=256');
  runProgram('resting-sets.mjs');
  runProgram('load.mjs');
  row('bare Node.js start', `${bareNodeMs().toFixed(0)} ms`);
  await startUp();
  await convergence();
} finally {
  spawnSync(process.execPath, [command, 'down', '--data-dir', dataDirectory, '--wipe']);
  rmSync(dataDirectory, { recursive: true, force: true });
}
process.exit();
