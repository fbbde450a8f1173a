// How long one decision on a set of 1,000 replicas takes, and what it allocates. Run by bench.mjs
// in a process of its own, with a young generation large enough not to be collected meanwhile.
import { plan } from '../dist/index.js';

const REPLICAS = 1000;
const ROUNDS = 30;
/** In a round. */
const PLANS = 5;
const NOW_MS = Date.UTC(2026, 0, 1);

const labels = { app: 'web' };
const template = (image) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
});

function revision(name, number, image) {
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name, namespace: 'default', uid: name },
    data: { spec: { template: { ...template(image), $patch: 'replace' } } },
    revision: number,
  };
}

const OLD = revision('web-old', 1, 'old');
const NEW = revision('web-new', 2, 'new');

function setOf(policy, rollingUpdate) {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web', namespace: 'default', uid: 'set', generation: 2 },
    spec: {
      replicas: REPLICAS,
      serviceName: 'web',
      podManagementPolicy: policy,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate },
      selector: { matchLabels: labels },
      template: template('new'),
      volumeClaimTemplates: [
        { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } },
      ],
    },
  };
}

function snapshotOf(set, { pods, claims, current = NEW }) {
  return {
    set,
    revisions: { current, update: NEW, collisionCount: 0 },
    pods,
    claim: (name) => claims.get(name),
    nowMs: NOW_MS,
    options: { maxUnavailable: true, emulatedVersion: '1.36' },
  };
}

/** All pods of the set as the planner itself makes them, running and ready, with their claims. */
function settled(atRevision) {
  const set = setOf('Parallel', { partition: 0 });
  const nothing = { pods: [], claims: new Map() };
  const revisions = { current: atRevision, update: atRevision, collisionCount: 0 };
  const empty = { ...snapshotOf(set, nothing), revisions };
  const creations = plan(empty).stages.flatMap((stage) =>
    stage.tasks.flatMap((task) => task.actions),
  );
  const claims = creations.flatMap((action) => action.claims.create);
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: '2025-12-31T00:00:00Z' };
  const pods = creations.map(({ pod }, index) => ({
    ...pod,
    metadata: { ...pod.metadata, uid: `pod-${index}` },
    status: { phase: 'Running', conditions: [ready] },
  }));
  return { pods, claims: new Map(claims.map((claim) => [claim.metadata.name, claim])) };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Times are CPU times: the machine may be busy with other things. */
function measure(snapshot) {
  for (let round = 0; round < ROUNDS; round++) plan(snapshot); // warm
  const times = [];
  const bytes = [];
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    const start = process.cpuUsage();
    for (let n = 0; n < PLANS; n++) plan(snapshot);
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1000 / PLANS);
    bytes.push((process.memoryUsage().heapUsed - before) / PLANS);
  }
  const text = `${median(times).toFixed(2)} ms, ${(median(bytes) / 1024).toFixed(0)} KiB`;
  const { stages, waits } = plan(snapshot);
  const actions = stages.reduce((sum, { tasks }) => sum + tasks.length, 0);
  return `${text} (${actions} actions, ${waits.length} waits)`;
}

const now = settled(NEW);
const before = settled(OLD);
const ordered = setOf('OrderedReady', { partition: 0 });
const parallel = setOf('Parallel', { partition: 0 });
const atOnce = setOf('Parallel', { partition: 0, maxUnavailable: '100%' });
const without = { ...now, pods: now.pods.toSpliced(REPLICAS / 2, 1) };
const cases = {
  settled: snapshotOf(ordered, now),
  'one pod is missing': snapshotOf(ordered, without),
  'one pod is missing, Parallel': snapshotOf(parallel, without),
  'all to roll': snapshotOf(ordered, { ...before, current: OLD }),
  'all to roll at once': snapshotOf(atOnce, { ...before, current: OLD }),
  'all to create, Parallel': snapshotOf(parallel, { pods: [], claims: new Map() }),
};
for (const [name, snapshot] of Object.entries(cases)) {
  process.stdout.write(
    `${`plan of ${REPLICAS} replicas, ${name}`.padEnd(58)} ${measure(snapshot)}\n`,
  );
}
