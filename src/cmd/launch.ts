// Starts the server inside the cluster namespace. Sockets that clients of the host use are opened
// here, in the host's network namespace, and inherited: so the server needs no proxy. To connect to
// the host, it has a dialer there (host-dialer.ts).
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { openSync } from 'node:fs';
import { Server, Socket, createServer, type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { OrdinalError, errorMessage, systemErrorCode } from '../base/errors.ts';
import { withToolPath } from '../node/runtime/command-runner.ts';
import { clusterNamespaceCommand } from '../node/runtime/sandbox/cluster-namespace.ts';
import type { LogSettings } from './console-logger.ts';
import type { ReadyMessage, ServeOptions } from './serve.ts';

/** Name of the environment variable that carries a LaunchMessage to the inner server. */
export const LAUNCH_ENVIRONMENT = 'ORDINAL_LAUNCH';

export interface LaunchMessage {
  readonly serve: ServeOptions;
  readonly log: LogSettings;
}

/** Descriptors of the inner server; 0 to 2 are the standard streams. */
export const INHERITED = { api: 3, dnsTcp: 4, dnsUdp: 5, forward: 6, ready: 7, dialer: 8 } as const;

export interface LaunchOptions {
  readonly serve: Omit<ServeOptions, 'listen' | 'dnsListen' | 'forwardFd'>;
  /**
   * State directory of the cluster namespace; undefined: no namespace, only a process of its own.
   */
  readonly namespaceDir: string | undefined;
  readonly rootless: boolean;
  readonly host: string;
  readonly port: number;
  readonly dnsPort: number;
  /** The server outlives the launcher and logs to this file. */
  readonly detachedLog: string | undefined;
  readonly log: LogSettings;
}

export interface LaunchedServer {
  readonly ready: ReadyMessage;
  readonly child: ChildProcess;
}

/** Resolves when the inner server is ready. Throws OrdinalError with its complaint otherwise. */
export async function launch(options: LaunchOptions): Promise<LaunchedServer> {
  const sockets = await openSockets(options);
  const serve: ServeOptions = {
    ...options.serve,
    listen: { fd: INHERITED.api },
    dnsListen: { tcpFd: INHERITED.dnsTcp, udpFd: INHERITED.dnsUdp },
    forwardFd: INHERITED.forward,
  };
  const message: LaunchMessage = { serve, log: options.log };
  const { command, args } = outerCommand(options);
  const log = options.detachedLog === undefined ? undefined : openSync(options.detachedLog, 'a');
  const output = log ?? 'inherit';
  const dialer = startDialer(options, output);
  const channel = dialer && { [CHANNEL]: `${INHERITED.dialer}` };
  const launched = { [LAUNCH_ENVIRONMENT]: JSON.stringify(message), ...channel };
  const inherited = [
    ...sockets.descriptors,
    'pipe' as const,
    ...(dialer ? [descriptorOf(dialer)] : []),
  ];
  const child = spawn(command, args, {
    detached: true,
    env: { ...withToolPath(process.env), ...launched },
    stdio: ['ignore', output, output, ...inherited],
  });
  dialer?.destroy();
  sockets.close();
  return { ready: await readyMessage(child), child };
}

/** Node opens the channel of `process.send` on this descriptor. */
const CHANNEL = 'NODE_CHANNEL_FD';
/** The dialer costs next to nothing until its first order, and goes away with the server. */
const DIALER_SCRIPT = 'read -r line <&3 && exec "$@"';

/**
 * Leaves a shell on the host that becomes the dialer, for a server inside a namespace; returns the
 * other end of its channel.
 */
function startDialer(
  { namespaceDir }: LaunchOptions,
  output: number | 'inherit',
): Socket | undefined {
  if (namespaceDir === undefined) return undefined;
  // The directory tells those who look at processes whose dialer it is.
  const program = [process.execPath, ...process.execArgv, programPath('host-dialer')];
  const argv = [...program, namespaceDir];
  const child = spawn('sh', ['-c', DIALER_SCRIPT, 'ordinal', ...argv], {
    cwd: '/',
    detached: true,
    env: { ...process.env, [CHANNEL]: '3' },
    stdio: ['ignore', 'ignore', output, 'pipe'],
  });
  child.on('error', () => {}); // the server needs a shell too, and says so
  child.unref();
  return (child.stdio as readonly unknown[])[3] as Socket;
}

function outerCommand(options: LaunchOptions): { command: string; args: string[] } {
  const { namespaceDir: stateDir, rootless } = options;
  const argv = innerCommand(options);
  if (stateDir !== undefined)
    return clusterNamespaceCommand({ stateDir, rootless, argv, cwd: '/' });
  const [command = '', ...args] = argv;
  return { command, args };
}

/** In the foreground the server dies with the launcher, so that killing one is killing both. */
function innerCommand({ detachedLog }: LaunchOptions): string[] {
  const server = [process.execPath, ...process.execArgv, programPath('inner-server')];
  return detachedLog === undefined ? ['setpriv', '--pdeathsig', 'KILL', ...server] : server;
}

/** Beside this file: in the sources under its own name, in the bundle as a program of its own. */
function programPath(name: 'inner-server' | 'host-dialer'): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`./${name}.${extension}`, import.meta.url));
}

async function openSockets({ host, port, dnsPort }: LaunchOptions) {
  const api = await listenTcp({ host, port, flag: '--port' });
  const dnsTcp = await listenTcp({ host, port: dnsPort, flag: '--dns-port' });
  const dnsUdp = await bindUdp(host, (dnsTcp.address() as AddressInfo).port);
  const forward = await bindUdp('0.0.0.0', 0);
  const all = [api, dnsTcp, dnsUdp, forward];
  return {
    descriptors: all.map(descriptorOf),
    close() {
      for (const socket of all) socket.close();
    },
  };
}

/** Node has no public way to read a socket's descriptor; inheriting needs it. */
function descriptorOf(socket: Server | Socket | UdpSocket): number {
  const isStream = socket instanceof Server || socket instanceof Socket;
  const holder = isStream ? socket : udpState(socket);
  const fd = (holder as { _handle?: Handle; handle?: Handle } | undefined)?.[
    isStream ? '_handle' : 'handle'
  ]?.fd;
  if (fd === undefined || fd < 0) {
    throw new OrdinalError('ORD_DESCRIPTOR', 'this Node.js hides the descriptors of its sockets', {
      action: 'use --runtime process, or a supported version of Node.js',
    });
  }
  return fd;
}

interface Handle {
  readonly fd?: number;
}

/** Where a datagram socket keeps its handle: under a symbol (reading `_handle` warns). */
function udpState(socket: UdpSocket): object | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  );
  return symbol && (socket as unknown as Record<symbol, object>)[symbol];
}

function portError(flag: string, address: string, cause: unknown): OrdinalError {
  const busy = systemErrorCode(cause) === 'EADDRINUSE';
  const message = busy
    ? `${address} is in use`
    : `can't listen on ${address}: ${errorMessage(cause)}`;
  return new OrdinalError('ORD_LISTEN', message, {
    action: `stop what listens there, or choose another ${flag} (0: any free one)`,
    cause,
  });
}

function listenTcp(address: { host: string; port: number; flag: string }): Promise<Server> {
  const { host, port, flag } = address;
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(portError(flag, `${host}:${port}`, cause)));
    server.listen(port, host, () => resolve(server));
  });
}

function bindUdp(host: string, port: number): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => reject(portError('--dns-port', `${host}:${port}`, cause)));
    socket.bind(port, host, () => resolve(socket));
  });
}

/** What the inner server says on its last descriptor: a ReadyMessage, or why it could not start. */
export type ServerReport =
  | { readonly ready: ReadyMessage }
  | { readonly error: { code: string; message: string; action: string | undefined } };

function readyMessage(child: ChildProcess): Promise<ReadyMessage> {
  const pipe = (child.stdio as readonly unknown[])[INHERITED.ready] as Readable;
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('error', (cause) =>
      reject(new OrdinalError('ORD_LAUNCH', `can't start the server: ${cause.message}`, { cause })),
    );
    pipe.setEncoding('utf8');
    pipe.on('data', (chunk: string) => (text += chunk));
    pipe.on('error', reject);
    pipe.on('end', () => {
      const report = parseReport(text);
      if (!report) {
        reject(new OrdinalError('ORD_LAUNCH', 'the server ended before it was ready; see its log'));
      } else if ('error' in report) {
        const { code, message, action } = report.error;
        reject(new OrdinalError(code, message, action === undefined ? {} : { action }));
      } else resolve(report.ready);
    });
  });
}

function parseReport(text: string): ServerReport | undefined {
  try {
    return JSON.parse(text) as ServerReport;
  } catch {
    return undefined;
  }
}
