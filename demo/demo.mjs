// The main job, end to end, on embedded defaults: a PostgreSQL cluster as a StatefulSet. Every
// claim that is printed is checked; the first that fails ends the demo with exit code 1.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Resolver } from 'node:dns/promises';
import pc from 'picocolors';
import {
  configMaps,
  createClient,
  createHttpTransport,
  execInPod,
  isNotFound,
  loadKubeconfig,
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  serviceAccounts,
  services,
  silentLogger,
  statefulSets,
  systemClock,
} from '../dist/index.js';
import { NAMESPACE, inPod, namespace, scripts, service, statefulSet } from './manifests.mjs';
import { CheckFailed, check, heading, say, until } from './progress.mjs';
import {
  findPostgresql,
  kill,
  makeDataDirectory,
  databases,
  podProcesses,
  startServer,
  stopServer,
} from './server.mjs';

const run = randomUUID();
const dataDirectory = makeDataDirectory();
let server;
let connection;
let client;
let exitCode = 0;

const sorted = (names) => names.toSorted((a, b) => (a < b ? -1 : 1));
const at = (name) => ({ namespace: NAMESPACE, name });
const listPods = async () => (await client.resource(pods).list({ namespace: NAMESPACE })).items;
const isReady = (pod) =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');

async function connect() {
  server = await startServer(dataDirectory);
  connection = loadKubeconfig({ path: server.kubeconfig });
  const options = { userAgent: 'ordinal-demo', clock: systemClock, logger: silentLogger };
  client = createClient(createHttpTransport({ ...connection, ...options }));
}

function describePods(list) {
  const words = (pod) => {
    const phase = pod.metadata.deletionTimestamp ? 'Terminating' : pod.status?.phase;
    return `${pod.metadata.name} ${isReady(pod) ? 'Ready' : phase}`;
  };
  return list.length === 0 ? 'no pods' : list.map(words).join(' · ');
}

/** Waits until exactly `names` are Ready (and `also` holds for each). */
async function untilReady(names, { also = () => true, seconds = 40 } = {}) {
  let seen = [];
  return await until(
    `${names.join(', ')} are Ready`,
    async () => {
      seen = await listPods();
      const ready = seen.filter((pod) => isReady(pod) && also(pod)).map((pod) => pod.metadata.name);
      const settled = seen.length === names.length && ready.length === names.length;
      return settled && sorted(ready).join() === sorted(names).join() ? seen : undefined;
    },
    { seconds, show: () => describePods(seen) },
  );
}

/**
 * Remembers creations, readiness and deletions of pods in the order in which the API tells of them.
 */
async function recordPods() {
  const log = [];
  const known = new Map();
  const { items, metadata } = await client.resource(pods).list({ namespace: NAMESPACE });
  for (const pod of items) known.set(pod.metadata.uid, isReady(pod));
  const selection = { namespace: NAMESPACE, resourceVersion: metadata.resourceVersion };
  const stream = await client.resource(pods).watch(selection, {
    event({ type, object }) {
      const { name, uid, deletionTimestamp } = object.metadata ?? {};
      if (type === 'ADDED') log.push(`create ${name}`);
      const wasReady = known.get(uid) === true;
      if (isReady(object) && !wasReady && type !== 'DELETED') log.push(`ready ${name}`);
      if (deletionTimestamp && known.get(uid) !== 'deleted') log.push(`delete ${name}`);
      known.set(uid, deletionTimestamp ? 'deleted' : isReady(object));
    },
    end() {},
  });
  return {
    stop() {
      stream.stop();
      return log;
    },
  };
}

async function sql(pod, statement) {
  const command = [
    ...inPod('exec ~/opt/node/bin/node ~/opt/scripts/sql.mjs "$@"'),
    `${pod}.pg`,
    statement,
  ];
  const result = await execInPod(connection, { ...at(pod), pod, command });
  if (result.exitCode !== 0) throw new Error(`${pod}: ${result.stderr.toString().trim()}`);
  return JSON.parse(result.stdout.toString());
}

/** Rows that `pod` sees, once they are `count` or the time is up. */
async function rowsOn(pod, count) {
  let seen;
  return await until(
    `${pod} has ${count} rows`,
    async () => {
      seen = Number((await sql(pod, 'select count(*) from ledger'))[0]?.count);
      return seen === count ? seen : undefined;
    },
    { show: () => `${pod} has ${seen ?? '?'} of ${count} rows` },
  );
}

async function volumesOf(names) {
  const list = await client.resource(persistentVolumeClaims).list({ namespace: NAMESPACE });
  const byName = new Map(list.items.map((claim) => [claim.metadata.name, claim.spec.volumeName]));
  return names.map((name) => byName.get(`data-${name}`));
}

const members = ['pg-0', 'pg-1', 'pg-2'];

async function startCluster() {
  heading('1. A PostgreSQL cluster: headless Service and StatefulSet `pg` of three');
  await client.resource(namespaces).create(namespace);
  await until('the namespace has its ServiceAccount', () =>
    client.resource(serviceAccounts).get(at('default')),
  );
  await client.resource(configMaps).create(scripts());
  await client.resource(services).create(service);
  const record = await recordPods();
  const dns = server.runtime === 'sandbox' ? '' : `127.0.0.1:${server.dnsPort}`;
  const paths = { postgresql: findPostgresql(), node: process.execPath };
  await client.resource(statefulSets).create(statefulSet({ ...paths, run, dns }));
  const list = await untilReady(members);
  check('pods came up in order, each after the one before was Ready', {
    expected: members.flatMap((name) => [`create ${name}`, `ready ${name}`]),
    seen: record.stop(),
  });
  const volumes = await volumesOf(members);
  for (const [index, pod] of list.entries()) {
    const { name } = pod.metadata;
    say(`  ${name}  ${pod.status.podIP.padEnd(13)} claim data-${name} → volume ${volumes[index]}`);
  }
  const addresses = new Set(list.map((pod) => pod.status.podIP));
  check('three addresses and three volumes', {
    expected: [3, 3],
    seen: [addresses.size, new Set(volumes.filter(Boolean)).size],
  });
  await checkNames(list);
}

async function checkNames(list) {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${server.dnsPort}`]);
  const seen = [];
  for (const name of members) {
    seen.push(...(await resolver.resolve4(`${name}.pg.${NAMESPACE}.svc.cluster.local`)));
  }
  const expected = list.map((pod) => pod.status.podIP);
  check('every pod has its stable DNS name (asked from the host)', { expected, seen });
}

async function replicate() {
  heading('2. One primary, two streaming replicas');
  await sql('pg-0', 'create table ledger (id int primary key, note text)');
  await sql('pg-0', "insert into ledger select n, 'row ' || n from generate_series(1, 100) n");
  check('rows written through pg-0 are read on both replicas', {
    expected: [100, 100],
    seen: [await rowsOn('pg-1', 100), await rowsOn('pg-2', 100)],
  });
  const roles = [];
  for (const name of members) {
    roles.push((await sql(name, 'select pg_is_in_recovery() as standby'))[0]?.standby);
  }
  check('pg-0 is the primary, the others are standbys', {
    expected: [false, true, true],
    seen: roles,
  });
}

async function killMember(name) {
  const before = await client.resource(pods).get(at(name));
  const [volume] = await volumesOf([name]);
  const processes = podProcesses(run, name);
  for (const pid of processes) kill(pid);
  say(`killed ${processes.length} processes of ${name} with SIGKILL`);
  const restarts = (pod) => pod.status?.containerStatuses?.[0]?.restartCount;
  const count = restarts(before) + 1;
  const also = (pod) => pod.metadata.name !== name || restarts(pod) === count;
  const list = await untilReady(members, { also });
  const after = list.find((pod) => pod.metadata.name === name);
  check(`${name} is back: the same pod, one restart more, the same volume and data`, {
    expected: [before.metadata.uid, count, volume, 100],
    seen: [
      after.metadata.uid,
      restarts(after),
      (await volumesOf([name]))[0],
      await rowsOn(name, 100),
    ],
  });
}

async function deletePod() {
  const before = await client.resource(pods).get(at('pg-1'));
  const [volume] = await volumesOf(['pg-1']);
  await client.resource(pods).delete(at('pg-1'));
  const list = await untilReady(members, {
    also: (pod) => pod.metadata.uid !== before.metadata.uid,
  });
  const after = list.find((pod) => pod.metadata.name === 'pg-1');
  check('deleted pg-1 came back as a new pod with the same name, volume and data', {
    expected: ['pg-1', true, volume, 100],
    seen: [
      after.metadata.name,
      after.metadata.uid !== before.metadata.uid,
      (await volumesOf(['pg-1']))[0],
      await rowsOn('pg-1', 100),
    ],
  });
}

async function survive() {
  heading('4. The server is killed');
  const before = databases(run);
  process.kill(server.pid, 'SIGKILL');
  await new Promise((resolve) => server.child.once('exit', resolve));
  check('without a server the pods go on running', {
    expected: [3, before],
    seen: [before.length, databases(run)],
  });
  const starts = (list) => list.map((pod) => pod.status.containerStatuses[0].containerID);
  const old = starts(await readPodsLater());
  const list = await untilReady(members);
  check('a new server has adopted them: the same containers, no restart', {
    expected: old,
    seen: starts(list),
  });
}

/** The pods as stored, read from the server that was started anew. */
async function readPodsLater() {
  await connect();
  return await listPods();
}

async function scaleTo(replicas) {
  const body = { spec: { replicas } };
  await client
    .resource(statefulSets)
    .patch({ ...at('pg'), subresource: 'scale' }, { type: 'merge', body });
  return await untilReady(members.slice(0, replicas));
}

async function scale() {
  heading('5. Scaling 3 → 1 → 3');
  const volumes = await volumesOf(members);
  const record = await recordPods();
  await scaleTo(1);
  check('scaled down from the highest ordinal', {
    expected: ['delete pg-2', 'delete pg-1'],
    seen: record.stop().filter((line) => line.startsWith('delete')),
  });
  check('the claims are kept', { expected: volumes, seen: await volumesOf(members) });
  await sql('pg-0', "insert into ledger select n, 'row ' || n from generate_series(101, 150) n");
  await scaleTo(3);
  check('scaled up again: the claims are re-attached, the replicas catch up', {
    expected: [volumes, 150, 150],
    seen: [await volumesOf(members), await rowsOn('pg-1', 150), await rowsOn('pg-2', 150)],
  });
}

async function update() {
  heading('6. Rolling update');
  const set = await client.resource(statefulSets).get(at('pg'));
  const record = await recordPods();
  const annotations = { 'demo.ordinal.dev/change': 'second' };
  const body = { spec: { template: { metadata: { annotations } } } };
  await client.resource(statefulSets).patch(at('pg'), { type: 'strategic', body });
  const updated = await until('the set has a new revision', async () => {
    const { status } = await client.resource(statefulSets).get(at('pg'));
    return status.updateRevision === set.status.updateRevision ? undefined : status.updateRevision;
  });
  const label = 'controller-revision-hash';
  await untilReady(members, { also: (pod) => pod.metadata.labels[label] === updated });
  check('pods were replaced in reverse order, one at a time', {
    expected: members
      .toReversed()
      .flatMap((name) => [`delete ${name}`, `create ${name}`, `ready ${name}`]),
    seen: record.stop(),
  });
  check('all data is there', { expected: 150, seen: await rowsOn('pg-2', 150) });
}

async function remove() {
  heading('7. Deleting everything');
  await client.resource(statefulSets).delete(at('pg'));
  await until(
    'the pods are gone',
    async () => ((await listPods()).length === 0 ? true : undefined),
    {
      show: () => 'waiting for the pods to end',
    },
  );
  await client.resource(namespaces).delete({ name: NAMESPACE });
  await until('the namespace is gone', async () => {
    try {
      await client.resource(namespaces).get({ name: NAMESPACE });
      return undefined;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  });
  const left = await until('the volumes are gone', async () => {
    const { items } = await client.resource(persistentVolumes).list();
    return items.length === 0 ? items.length : undefined;
  });
  check('no pod, no claim and no volume is left', { expected: 0, seen: left });
}

async function story() {
  heading('0. `ordinal up` on a fresh data directory');
  await connect();
  say(`ready after ${server.readyMs} ms: ${server.server}, runtime ${server.runtime}`);
  await startCluster();
  await replicate();
  heading('3. Members die');
  await killMember('pg-2');
  await killMember('pg-0');
  await deletePod();
  await survive();
  await scale();
  await update();
  await remove();
}

async function cleanUp() {
  heading('8. `ordinal down --wipe`');
  const result = stopServer(dataDirectory);
  check('nothing is left running and nothing behind', {
    expected: { code: 0, processes: [], data: false },
    seen: { code: result.status, processes: podProcesses(run), data: existsSync(dataDirectory) },
  });
}

function report(error) {
  exitCode = 1;
  const text = error instanceof CheckFailed ? error.message : error.stack;
  process.stdout.write(`\n${pc.red('✗')} ${text}\n`);
}

async function abandon(signal) {
  process.stdout.write(`\n${signal}: cleaning up\n`);
  stopServer(dataDirectory);
  process.exit(130);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void abandon(signal));
try {
  await story();
} catch (error) {
  report(error);
}
try {
  await cleanUp();
} catch (error) {
  report(error);
}
process.stdout.write(exitCode === 0 ? `\n${pc.green('The demo did all it claims.')}\n` : '\n');
process.exit(exitCode);
