// The agent with real processes: the process runtime, a real clock, real files.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '../api/generated/types.ts';
import { configMaps, pods, secrets } from '../api/resources.ts';
import { sleep, systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { createClient } from '../client/create-client.ts';
import { createInformerFactory } from '../client/informer-factory.ts';
import { createFakeApi } from '../client/testing/fake-api.ts';
import { createNodeAgent } from './kubelet.ts';
import type { NodeAgent } from './kubelet.ts';
import type { LogOptions } from './node-connection.ts';
import { createProcessRuntime } from './runtime/process/process-runtime.ts';
import { NODE_NAME, isTrue, testContainer, testPod } from './testing/agent-harness.ts';

const clock = systemClock;
const random = systemRandom;
const logger = silentLogger;
const everything: LogOptions = {
  follow: false,
  previous: false,
  timestamps: false,
  sinceMs: undefined,
  tailLines: undefined,
  limitBytes: undefined,
};

let directory: string;
let api: ReturnType<typeof createFakeApi>;
let client: ReturnType<typeof createClient>;
let agent: NodeAgent;
let stop: () => Promise<void>;

async function startAgent(): Promise<void> {
  const informers = createInformerFactory({ client, clock, random, logger });
  const common = { clock, random, logger };
  agent = createNodeAgent({
    ...common,
    nodeName: NODE_NAME,
    client,
    informers,
    runtime: createProcessRuntime({ ...common, stateDir: join(directory, 'r'), nodeIndex: 93 }),
    stateDir: join(directory, 'n'),
    clusterDns: { ip: '10.96.0.10', domain: 'cluster.local' },
    apiServerAddress: { host: '127.0.0.1', port: 6443 },
    address: '127.0.0.1',
    version: 'v1.36.0',
  });
  await informers.start();
  await agent.start();
  stop = async () => {
    await agent.stop();
    await informers.stop();
  };
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'oa-'));
  api = createFakeApi({ clock, random });
  client = createClient(api.transport);
  await startAgent();
});

afterEach(async () => {
  for (const pod of api.list(pods)) await removePod(pod.metadata.name ?? '', 0);
  await stop();
  rmSync(directory, { recursive: true, force: true });
});

async function until<T>(what: string, check: () => T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 1000; tries++) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    await sleep(clock, 10);
  }
  throw new Error(`waited in vain for: ${what}: ${JSON.stringify(api.list(pods), null, 1)}`);
}

const shell = (script: string, more = {}) =>
  testContainer('main', { command: ['sh', '-c', script], ...more });

const podNow = (name: string) => api.get(pods, { namespace: 'default', name });

async function run(pod: Pod): Promise<Pod> {
  await client.resource(pods).create(pod);
  const name = pod.metadata.name ?? '';
  return until(`${name} ready`, () => {
    const now = podNow(name);
    return now !== undefined && isTrue(now, 'Ready') ? now : undefined;
  });
}

async function removePod(name: string, gracePeriodSeconds?: number): Promise<void> {
  const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  await client.resource(pods).delete({ namespace: 'default', name }, options);
  await until(`${name} gone`, () => podNow(name) === undefined);
}

async function logOf(pod: string, options: Partial<LogOptions> = {}): Promise<string> {
  const address = { namespace: 'default', pod, container: 'main' };
  const stream = await agent.connection.containerLogs(address, { ...everything, ...options });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test('environment, volumes and exec probe reach a real process', async () => {
  const metadata = { name: 'settings', namespace: 'default' };
  const data = { colour: 'blue' };
  await client.resource(configMaps).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  const secret = { password: Buffer.from('s3cret').toString('base64') };
  await client
    .resource(secrets)
    .create({ apiVersion: 'v1', kind: 'Secret', metadata, data: secret });
  const main = shell(
    'cat $ORDINAL_ROOT/etc/settings/colour; echo " $PASSWORD $POD $GREETING"; ' +
      'touch $ORDINAL_ROOT/scratch/ok; trap "exit 0" TERM; while :; do sleep 0.1; done',
    {
      env: [
        { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'settings', key: 'password' } } },
        { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'GREETING', value: 'hello $(POD)' },
      ],
      volumeMounts: [
        { name: 'settings', mountPath: '/etc/settings' },
        { name: 'scratch', mountPath: '/scratch' },
      ],
      readinessProbe: {
        exec: { command: ['sh', '-c', 'test -f $ORDINAL_ROOT/scratch/ok'] },
        periodSeconds: 1,
      },
    },
  );
  const volumes = [
    { name: 'settings', configMap: { name: 'settings' } },
    { name: 'scratch', emptyDir: {} },
  ];
  await run(testPod('web-0', { containers: [main], volumes }));
  await expect(logOf('web-0')).resolves.toBe('blue s3cret web-0 hello web-0\n');
  await removePod('web-0', 5);
});

test('logs follow to the end, tail and previous; exec gives output and exit code', async () => {
  await run(
    testPod('web-0', { containers: [shell('echo one; echo two; sleep 1; echo three; exit 3')] }),
  );
  const address = { namespace: 'default', pod: 'web-0', container: 'main' };
  const session = await agent.connection.exec(address, {
    command: ['sh', '-c', 'echo out; exit 7'],
    stdin: false,
    tty: false,
  });
  const out: Buffer[] = [];
  for await (const chunk of session.stdout) out.push(chunk as Buffer);
  expect(Buffer.concat(out).toString()).toBe('out\n');
  await expect(session.exitCode).resolves.toBe(7);
  await expect(logOf('web-0', { follow: true })).resolves.toBe('one\ntwo\nthree\n');
  await until('restart', () => podNow('web-0')?.status?.containerStatuses?.[0]?.restartCount === 1);
  const previous = { previous: true, tailLines: 1 };
  await expect(logOf('web-0', previous)).resolves.toBe('three\n');
});

test('a new agent adopts the running process: same pid, no restart', async () => {
  const script =
    'echo $$$$ > $ORDINAL_ROOT/scratch/pid; trap "exit 0" TERM; while :; do sleep 0.1; done';
  const volumes = [{ name: 'scratch', emptyDir: {} }];
  const main = shell(script, { volumeMounts: [{ name: 'scratch', mountPath: '/scratch' }] });
  const before = await run(testPod('web-0', { containers: [main], volumes }));
  const file = join(directory, 'n', 'pods', before.metadata.uid ?? '', 'volumes', 'scratch', 'pid');
  const pid = await until(
    'pid',
    () => existsSync(file) && (readFileSync(file, 'utf8').trim() || undefined),
  );
  await stop();
  await startAgent();
  await logOf('web-0');
  const after = podNow('web-0');
  expect(after?.status?.containerStatuses).toEqual(before.status?.containerStatuses);
  expect(readFileSync(file, 'utf8').trim()).toBe(pid);
  process.kill(Number(pid), 'SIGKILL');
  await until('restart', () => podNow('web-0')?.status?.containerStatuses?.[0]?.restartCount === 1);
});
