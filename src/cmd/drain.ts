// After a server was killed its pods still run. This ends them, from inside their namespace.
import { spawn } from 'node:child_process';
import { OrdinalError } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import { withToolPath } from '../node/runtime/command-runner.ts';
import {
  clusterNamespaceCommand,
  clusterNamespaceHolder,
} from '../node/runtime/sandbox/cluster-namespace.ts';
import { probeSandbox } from '../node/runtime/sandbox/probe-sandbox.ts';
import { dataDirectory, type DataDirectory, type ServerRecord } from './data-directory.ts';
import { createNodes, type RuntimeChoice } from './serve.ts';
import { stopPods } from './stop-pods.ts';

/** Name of the environment variable that carries the number of nodes to the inner command. */
const NODES_ENVIRONMENT = 'ORDINAL_DRAIN_NODES';

export async function drainLeftPods(directory: DataDirectory, record: ServerRecord): Promise<void> {
  if (record.runtime === 'none') return;
  if (record.runtime === 'process')
    return await drain(directory, record.nodes, { name: 'process' });
  if (!clusterNamespaceHolder(directory.runtime)) return;
  const { rootless } = await probeSandbox({ scratchDir: directory.root });
  const entry = process.argv[1] ?? '';
  const argv = [
    process.execPath,
    ...process.execArgv,
    entry,
    'drain',
    '--data-dir',
    directory.root,
  ];
  const { command, args } = clusterNamespaceCommand({
    stateDir: directory.runtime,
    rootless,
    argv,
    cwd: '/',
  });
  const env = { ...withToolPath(process.env), [NODES_ENVIRONMENT]: String(record.nodes) };
  const child = spawn(command, args, { stdio: 'inherit', env });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0)
    throw new OrdinalError('ORD_DRAIN', 'the pods that were left could not be stopped');
}

/** `ordinal drain`, inside the namespace. */
export async function drainCommand(dataDir: string): Promise<void> {
  const directory = dataDirectory(dataDir);
  const abilities = await probeSandbox({ scratchDir: directory.root });
  const nodes = Number(process.env[NODES_ENVIRONMENT] ?? '1');
  await drain(directory, nodes, { name: 'sandbox', abilities });
}

async function drain(
  directory: DataDirectory,
  nodes: number,
  runtime: RuntimeChoice,
): Promise<void> {
  const left = await createNodes({ nodes, runtime }, directory, silentLogger);
  await stopPods({ nodes: left, pods: [], logger: silentLogger });
}
