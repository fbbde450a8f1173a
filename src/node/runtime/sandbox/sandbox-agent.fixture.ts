// The part of the server that runs pods, as a program of its own: tests start it in the cluster
// namespace and kill it. Arguments: namespace directory, state directory. Starts a pod with one
// container unless it finds one, prints one JSON line and stays. With a third argument it makes and
// removes pods without end after a line "started".
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { DNS_SERVICE_ADDRESS } from '../cluster-network.ts';
import { podConfig, shellContainer, TEST_SERVICES } from '../runtime-test-kit.ts';
import { probeSandbox } from './probe-sandbox.ts';
import { createSandboxRuntime } from './sandbox-runtime.ts';

const [namespaceDir = '', stateDir = '', churn] = process.argv.slice(2);
// Like the server, which answers on the cluster's addresses (and so is kept alive).
createServer().listen({ host: DNS_SERVICE_ADDRESS, port: 53 });
const abilities = await probeSandbox({ scratchDir: stateDir });
const runtime = createSandboxRuntime({
  ...TEST_SERVICES,
  stateDir,
  namespaceDir,
  abilities,
  nodeIndex: 0,
  hiddenPaths: [stateDir],
});
process.on('SIGTERM', () => {
  const remove = async () => {
    for (const { id } of runtime.listPodSandboxes()) await runtime.removePodSandbox(id);
    await runtime.stop();
    process.exit(0);
  };
  void remove();
});
await runtime.start();
if (churn !== undefined) console.log('started');
for (let round = 0; churn !== undefined; round++) {
  const { id } = await runtime.runPodSandbox(podConfig());
  await runtime.startContainer(id, shellContainer(stateDir, 'exec sleep 1000'));
  if (round % 2 === 1) await runtime.removePodSandbox(id);
}
if (runtime.listPodSandboxes().length === 0) {
  const pod = await runtime.runPodSandbox(podConfig());
  const script = 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done';
  await runtime.startContainer(pod.id, shellContainer(stateDir, script));
}
const [container] = runtime.listContainers();
const inherited = readFileSync(3, 'utf8');
const facts = {
  refusal: abilities.refusal,
  inherited,
  cwd: process.cwd(),
  pod: runtime.listPodSandboxes()[0],
  container,
  logPath: join(stateDir, 'main.log'),
  pids: runtime.listContainers().flatMap((status) => status.pid ?? []),
};
console.log(JSON.stringify(facts));
