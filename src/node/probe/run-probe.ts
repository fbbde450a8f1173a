// Runs one probe once: exec, httpGet, tcpSocket or grpc.
import { connect } from 'node:net';
import type { Container, Probe } from '../../api/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage, systemErrorCode } from '../../base/errors.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { grpcHealth } from './grpc-health.ts';
import { httpGet, httpTarget } from './http-request.ts';
import type { HttpTarget } from './http-request.ts';
import { OUTPUT_BYTES_MAX, SUCCEEDED, failed } from './probe-outcome.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

export interface ProbeTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
}

export interface ProbeTools {
  readonly runtime: Pick<ContainerRuntime, 'execSync'>;
  readonly clock: Clock;
  /** `kube-probe/1.36`. */
  readonly userAgent: string;
}

/** The number of a port given by number or by name. Throws Error if there is no such port. */
export function portNumber(container: Container, port: number | string): number {
  if (typeof port === 'number') return port;
  const named = (container.ports ?? []).find(({ name }) => name === port);
  const number = named?.containerPort ?? Number(port);
  if (!Number.isInteger(number)) throw new Error(`couldn't find port: "${port}"`);
  return number;
}

/** A socket error in the words of Go's net package. */
function dialError(error: unknown, address: string): string {
  const texts: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ECONNRESET: 'read: connection reset by peer',
  };
  return `dial tcp ${address}: ${texts[systemErrorCode(error) ?? ''] ?? errorMessage(error)}`;
}

async function execProbe(
  { runtime }: ProbeTools,
  { containerId }: ProbeTarget,
  { command, timeoutMs }: { command: readonly string[]; timeoutMs: number },
): Promise<ProbeOutcome> {
  const result = await runtime.execSync(containerId, command, timeoutMs);
  if (result.timedOut) {
    const seconds = timeoutMs / 1000;
    return failed(`command timed out: "${command.join(' ')}" timed out after ${seconds}s`);
  }
  if (result.exitCode === 0) return SUCCEEDED;
  const output = Buffer.concat([result.stdout, result.stderr]);
  return failed(output.subarray(0, OUTPUT_BYTES_MAX).toString());
}

async function httpProbe(
  { clock }: ProbeTools,
  target: HttpTarget,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  try {
    const { statusCode, leavesHost } = await httpGet(target, { clock, timeoutMs });
    if (leavesHost || (statusCode >= 200 && statusCode < 400)) return SUCCEEDED;
    return failed(`HTTP probe failed with statuscode: ${statusCode}`);
  } catch (error) {
    const why =
      errorMessage(error) === 'timeout'
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : dialError(error, new URL(target.url).host);
    return failed(`Get "${target.url}": ${why}`);
  }
}

function tcpProbe(
  { clock }: ProbeTools,
  { host, port, timeoutMs }: { host: string; port: number; timeoutMs: number },
): Promise<ProbeOutcome> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (outcome: ProbeOutcome) => {
      timer.cancel();
      socket.destroy();
      resolve(outcome);
    };
    const timer = clock.schedule(timeoutMs, () =>
      finish(failed(`dial tcp ${address}: i/o timeout`)),
    );
    socket.on('connect', () => finish(SUCCEEDED));
    socket.on('error', (error) => finish(failed(dialError(error, address))));
  });
}

/** Runs the probe once. Throws if it can't be run at all (the container is gone, no such port). */
export async function runProbe(
  tools: ProbeTools,
  target: ProbeTarget,
  probe: Probe,
): Promise<ProbeOutcome> {
  const { container, podIP } = target;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec !== undefined) {
    return execProbe(tools, target, { command: probe.exec.command ?? [], timeoutMs });
  }
  if (probe.httpGet !== undefined) {
    const port = portNumber(container, probe.httpGet.port);
    const http = httpTarget(probe.httpGet, { podIP, port, agent: tools.userAgent });
    return httpProbe(tools, http, timeoutMs);
  }
  if (probe.tcpSocket !== undefined) {
    const port = portNumber(container, probe.tcpSocket.port);
    return tcpProbe(tools, { host: probe.tcpSocket.host ?? podIP, port, timeoutMs });
  }
  if (probe.grpc !== undefined) {
    const { port, service = '' } = probe.grpc;
    return grpcHealth({ host: podIP, port, service }, { clock: tools.clock, timeoutMs });
  }
  throw new Error('missing probe handler');
}
