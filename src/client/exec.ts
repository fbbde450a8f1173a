// Runs a command in a container, over the WebSocket channel protocol (API-730 … API-736).
import type { HttpConnection } from './http-transport.ts';

export interface ExecCommand {
  readonly namespace: string;
  readonly pod: string;
  /** Absent: the pod's only or default container. */
  readonly container?: string;
  readonly command: readonly string[];
  readonly stdin?: string | Buffer;
  readonly signal?: AbortSignal;
}

export interface ExecOutcome {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const PROTOCOL = 'v5.channel.k8s.io';
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3, close: 255 } as const;

interface ExecStatus {
  status?: string;
  message?: string;
  reason?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/**
 * Resolves when the command has ended. Throws when it could not be run, or the connection broke.
 */
export async function execInPod(
  connection: HttpConnection,
  command: ExecCommand,
): Promise<ExecOutcome> {
  const { default: WebSocket } = await import('ws');
  const { ca, cert, key, token, insecureSkipTlsVerify } = connection;
  const bearer = typeof token === 'function' ? await token() : token;
  const socket = new WebSocket(execUrl(connection.server, command), PROTOCOL, {
    ...(ca === undefined ? {} : { ca, allowPartialTrustChain: true }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } }),
    rejectUnauthorized: insecureSkipTlsVerify !== true,
    perMessageDeflate: false,
  });
  const output: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  let status: ExecStatus | undefined;
  return await new Promise((resolve, reject) => {
    const abort = () => socket.terminate();
    command.signal?.addEventListener('abort', abort, { once: true });
    socket.on('open', () => {
      if (command.stdin === undefined) return;
      const channel = Buffer.from([CHANNEL.stdin]);
      socket.send(Buffer.concat([channel, Buffer.from(command.stdin)]));
      socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]));
    });
    socket.on('message', (data) => {
      const frame = data as Buffer;
      const payload = Buffer.from(frame.subarray(1));
      if (frame[0] === CHANNEL.stdout) output.stdout.push(payload);
      else if (frame[0] === CHANNEL.stderr) output.stderr.push(payload);
      else if (frame[0] === CHANNEL.status) status = JSON.parse(payload.toString()) as ExecStatus;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      command.signal?.removeEventListener('abort', abort);
      const exitCode = status && exitCodeOf(status);
      if (exitCode === undefined) {
        reject(new Error(status?.message ?? 'the connection ended before the command'));
        return;
      }
      const [stdout, stderr] = [Buffer.concat(output.stdout), Buffer.concat(output.stderr)];
      resolve({ exitCode, stdout, stderr });
    });
  });
}

function execUrl(server: string, command: ExecCommand): URL {
  const { namespace, pod, container, command: argv, stdin } = command;
  const names = [namespace, pod].map(encodeURIComponent);
  const path = `/api/v1/namespaces/${names[0]}/pods/${names[1]}/exec`;
  const url = new URL(path, server.replace(/^http/, 'ws'));
  for (const argument of argv) url.searchParams.append('command', argument);
  if (container !== undefined) url.searchParams.set('container', container);
  if (stdin !== undefined) url.searchParams.set('stdin', 'true');
  url.searchParams.set('stdout', 'true');
  url.searchParams.set('stderr', 'true');
  return url;
}

/** API-734; undefined when the command could not be run. */
function exitCodeOf({ status, reason, details }: ExecStatus): number | undefined {
  if (status === 'Success') return 0;
  if (reason !== 'NonZeroExitCode') return undefined;
  const cause = details?.causes?.find((candidate) => candidate.reason === 'ExitCode');
  return Number(cause?.message ?? 1);
}
