// Logs, exec, attach and port-forward of this node's pods: NodeConnection on top of the runtime.
import { Readable, Writable } from 'node:stream';
import type {
  ContainerStatus as ApiContainerStatus,
  Pod,
  PodStatus,
} from '../api/generated/types.ts';
import { uidOf } from '../api/meta/object.ts';
import { badRequest, internalError, notFound, statusError } from '../api/meta/status-error.ts';
import { pods } from '../api/resources.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage, systemErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { readLog } from './logs/read-log.ts';
import type { ContainerAddress, NodeConnection, RemoteProcess } from './node-connection.ts';
import type { ContainerRuntime, ContainerStatus } from './runtime/runtime.ts';
import { connectTo } from './runtime/connect-to.ts';
import { UsageMeter } from './usage-meter.ts';

export interface ConnectionOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A pod of this node with its newest status. */
  findPod(name: { namespace: string; name: string }): { pod: Pod; status: PodStatus } | undefined;
}

/** As Go's programs say it. */
const CONNECT_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  EHOSTUNREACH: 'no route to host',
  ETIMEDOUT: 'connection timed out',
};

function statusOf(status: PodStatus, container: string): ApiContainerStatus | undefined {
  const { containerStatuses, initContainerStatuses, ephemeralContainerStatuses } = status;
  return [
    ...(containerStatuses ?? []),
    ...(initContainerStatuses ?? []),
    ...(ephemeralContainerStatuses ?? []),
  ].find(({ name }) => name === container);
}

/** The id of the container whose log is asked for; API-720: throws 400 if there is none (yet). */
export function logContainerId(
  status: PodStatus,
  { pod, container }: ContainerAddress,
  previous: boolean,
): string {
  const what = `container "${container}" in pod "${pod}"`;
  const found = statusOf(status, container);
  if (found === undefined) throw badRequest(`${what} is not available`);
  const last = found.lastState?.terminated?.containerID;
  const { running, terminated, waiting } = found.state ?? {};
  if (previous) {
    if (last === undefined) throw badRequest(`previous terminated ${what} not found`);
    return last;
  }
  const id = running === undefined ? terminated?.containerID : found.containerID;
  const shown = id ?? last;
  if (shown !== undefined) return shown;
  const why = waiting?.reason === undefined ? ' - no logs yet' : `: ${waiting.reason}`;
  throw badRequest(`${what} is waiting to start${why}`);
}

export function createNodeConnection(options: ConnectionOptions): NodeConnection {
  const { runtime, clock } = options;
  const meter = new UsageMeter(options);
  const podOf = (namespace: string, name: string) => {
    const found = options.findPod({ namespace, name });
    if (found === undefined) throw notFound(pods, name);
    return found;
  };
  const containerNamed = (id: string) => {
    const plain = id.replace(/^.*:\/\//, '');
    return runtime.listContainers().find((status) => status.id === plain);
  };
  return {
    usage: () => meter.usage(),
    async containerLogs(address, logOptions) {
      const { status } = podOf(address.namespace, address.pod);
      const id = logContainerId(status, address, logOptions.previous);
      const container = containerNamed(id);
      if (container === undefined)
        throw badRequest(
          `container "${address.container}" in pod "${address.pod}" is not available`,
        );
      const source = {
        path: container.logPath,
        isEnded: () => containerNamed(id)?.state !== 'running',
        onChange: (listener: () => void) => runtime.onContainerChange(() => listener()),
      };
      return readLog(source, logOptions, clock);
    },
    async exec(address, { command, stdin, tty }) {
      const { id } = runningContainer(options, podOf(address.namespace, address.pod).pod, address);
      try {
        return await runtime.exec(id, { argv: command, stdin, tty });
      } catch (error) {
        return failedProcess(error, stdin);
      }
    },
    async attach(address, { stdin }) {
      const { id } = runningContainer(options, podOf(address.namespace, address.pod).pod, address);
      const session = await runtime.attach(id, { stdin });
      // As the kubelet has it: how the container ended is told by its status, not to who attached.
      return { ...session, exitCode: session.exitCode.then(() => 0) };
    },
    async dial({ namespace, pod: name }, port, via) {
      const { pod, status } = podOf(namespace, name);
      const { podIP } = status;
      const sandbox = runtime
        .listPodSandboxes()
        .find(({ uid, ready }) => ready && uid === uidOf(pod));
      if (podIP === undefined || !sandbox) {
        throw badRequest(`pod ${name} does not have an address yet`);
      }
      const inside = via === 'localhost';
      try {
        return await (inside ? runtime.dial(sandbox.id, port) : connectTo(podIP, port));
      } catch (error) {
        const { address: where = podIP } = error as { address?: string };
        const why = CONNECT_ERRORS[systemErrorCode(error) ?? ''] ?? errorMessage(error);
        throw statusError('ServiceUnavailable', `dial tcp ${where}:${port}: connect: ${why}`);
      }
    },
  };
}

/** API-734: what can't be executed is told at the end of the connection, as by a kubelet. */
function failedProcess(cause: unknown, stdin: boolean): RemoteProcess {
  const what = 'error executing command in container: failed to exec in container';
  const exitCode = Promise.reject(internalError(`${what}: ${errorMessage(cause)}`));
  exitCode.catch(() => {}); // whoever asks for it first may come later
  const ignore = new Writable({ write: (_chunk, _encoding, done) => done() });
  return {
    stdin: stdin ? ignore : undefined,
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exitCode,
    resize: () => {},
    kill: () => {},
  };
}

/** API-739: throws 404 unless the container runs now. */
function runningContainer(
  { runtime }: ConnectionOptions,
  pod: Pod,
  { container }: ContainerAddress,
): ContainerStatus {
  const sandboxes = runtime.listPodSandboxes().filter(({ uid }) => uid === uidOf(pod));
  const found = runtime
    .listContainers()
    .find(
      ({ name, state, sandboxId }) =>
        name === container && state === 'running' && sandboxes.some(({ id }) => id === sandboxId),
    );
  if (found !== undefined) return found;
  throw statusError('NotFound', `container not found ("${container}")`);
}
