// The official JavaScript client against Ordinal: run it with `node --test`. An informer works
// with the control plane in this process; exec and port-forward need pods that run, so a node, so
// the command.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CoreV1Api, Exec, KubeConfig, PortForward, makeInformer } from '@kubernetes/client-node';
import { startControlPlane } from 'ordinalset/testing';

const namespace = 'default';

/** Resolves with what `find` gives as soon as that is something. */
async function until(find) {
  const deadlineMs = Date.now() + 20_000;
  for (;;) {
    const found = await find();
    if (found) return found;
    assert.ok(Date.now() < deadlineMs, `still not: ${find}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

void test('an informer sees what is created and deleted', async () => {
  const plane = await startControlPlane({ controllers: '' });
  const config = new KubeConfig();
  config.loadFromString(plane.kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  const list = () => api.listNamespacedConfigMap({ namespace });
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list);
  const seen = [];
  for (const event of ['add', 'update', 'delete']) {
    informer.on(event, ({ metadata }) => seen.push(`${event} ${metadata.name}`));
  }
  informer.on('error', () => {});
  await informer.start();
  const target = { name: 'settings', namespace };
  await api.createNamespacedConfigMap({ namespace, body: { metadata: target } });
  await until(() => seen.includes('add settings'));
  const body = { metadata: target, data: { color: 'blue' } };
  await api.replaceNamespacedConfigMap({ ...target, body });
  await until(() => seen.includes('update settings'));
  assert.equal(informer.get('settings', namespace).data.color, 'blue');
  await api.deleteNamespacedConfigMap(target);
  await until(() => seen.includes('delete settings'));
  await informer.stop();
  await plane.stop();
});

const dataDirectory = mkdtempSync(join(tmpdir(), 'ordinal-example-'));
const command = fileURLToPath(new URL('../bin/ordinal.js', import.meta.url));
const config = new KubeConfig();
let api;
let server;

before(async () => {
  const options = ['--data-dir', dataDirectory, '--port', '0', '--output', 'json'];
  server = spawn(process.execPath, [command, 'up', '--runtime', 'process', ...options]);
  const [line] = await once(server.stdout, 'data');
  config.loadFromFile(JSON.parse(String(line)).kubeconfig);
  api = config.makeApiClient(CoreV1Api);
});
after(async () => {
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
  const down = spawn(process.execPath, [command, 'down', '--data-dir', dataDirectory, '--wipe']);
  await once(down, 'exit');
  rmSync(dataDirectory, { recursive: true, force: true });
});

async function startPod(name, command) {
  await api.createNamespacedPod({
    namespace,
    body: {
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'main', image: 'none', command }],
      },
    },
  });
  await until(async () => {
    const { status } = await api.readNamespacedPod({ name, namespace });
    return status.phase === 'Running';
  });
}

void test('exec runs a program in a pod', async () => {
  await startPod('shell', ['sleep', '1000']);
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk) => (text += chunk));
  const status = await new Promise((resolve, reject) => {
    const program = ['sh', '-c', 'cat; exit 3'];
    const input = new PassThrough();
    input.end('from the client');
    const exec = new Exec(config);
    exec
      .exec(namespace, 'shell', 'main', program, output, null, input, false, resolve)
      .catch(reject);
  });
  assert.equal(text, 'from the client');
  assert.equal(status.details.causes[0].message, '3');
});

void test('port-forward reaches a server in a pod', async () => {
  const program = `require('net').createServer((s) => s.end('hello')).listen(18099)`;
  await startPod('server', [process.execPath, '-e', program]);
  const forward = new PortForward(config, true);
  const local = createServer((socket) => {
    forward.portForward(namespace, 'server', [18099], socket, null, socket).catch(() => {});
  });
  local.listen(0, '127.0.0.1');
  await once(local, 'listening');
  const greeting = await until(async () => {
    const socket = connect(local.address().port, '127.0.0.1');
    // The server in the pod may still be starting.
    socket.setTimeout(1000, () => socket.destroy());
    const text = await new Promise((resolve) => {
      socket.once('data', (chunk) => resolve(String(chunk)));
      socket.once('close', () => resolve(undefined));
    });
    socket.destroy();
    return text;
  });
  assert.equal(greeting, 'hello');
  local.close();
});
