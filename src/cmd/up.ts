// `ordinal up`: chooses the runtime, starts the server, says when it is ready, and stays until it
// ends.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { OrdinalError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Resolver } from '../dns/forwarder.ts';
import type { LogLevel } from './console-logger.ts';
import {
  createDataDirectory,
  dataDirectory,
  readServerRecord,
  type DataDirectory,
} from './data-directory.ts';
import { sandboxAbilities } from './known-abilities.ts';
import { launch } from './launch.ts';
import type { ReadyMessage, RuntimeChoice, ServeOptions } from './serve.ts';
import { preferredPort } from './preferred-port.ts';
import { untilStopped } from './until-stopped.ts';

export interface UpOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly kubeconfig: string | undefined;
  readonly nodes: number;
  readonly runtime: 'auto' | 'sandbox' | 'process';
  readonly durability: 'disk' | 'memory';
  readonly controllers: string;
  readonly nodeMonitorPeriod: number;
  readonly nodeMonitorGracePeriod: number;
  readonly nodeStartupGracePeriod: number;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly emulatedVersion: '1.36' | '1.37';
  readonly auditLog?: string;
  readonly auditPolicyFile?: string;
  readonly dnsPort: number;
  readonly detach: boolean;
  readonly output: 'text' | 'json';
  readonly logLevel: LogLevel;
}

const LOOPBACK = '127.0.0.1';

/**
 * Runs until the server ends; resolves with the exit code. Throws OrdinalError if it can't start.
 */
export async function up(options: UpOptions, logger: Logger): Promise<number> {
  const directory = dataDirectory(options.dataDir);
  createDataDirectory(directory);
  const runtime = await chooseRuntime(options, directory, logger);
  const { port, dnsPort } = await choosePorts(options, directory);
  const common = {
    dataDir: directory.root,
    durability: options.durability,
    kubeconfig: options.kubeconfig ?? directory.kubeconfig,
    nodes: options.nodes,
    runtime,
    controllers: options.controllers,
    nodeMonitor: {
      periodMs: options.nodeMonitorPeriod,
      graceMs: options.nodeMonitorGracePeriod,
      startupGraceMs: options.nodeStartupGracePeriod,
    },
    featureGates: options.featureGates,
    emulatedVersion: options.emulatedVersion,
    auditLog: options.auditLog === undefined ? undefined : resolve(options.auditLog),
    auditPolicy: auditPolicyPath(options),
    resolvers: hostResolvers(),
  };
  if (runtime.name !== 'sandbox' && !options.detach) {
    const listen = { host: LOOPBACK, port };
    const dnsListen = { address: LOOPBACK, port: dnsPort };
    return await serveHere({ ...common, listen, dnsListen, forwardFd: undefined }, options, logger);
  }
  const { ready, child } = await launch({
    serve: common,
    namespaceDir: runtime.name === 'sandbox' ? directory.runtime : undefined,
    rootless: runtime.name === 'sandbox' && runtime.abilities.rootless,
    host: LOOPBACK,
    port,
    dnsPort,
    detachedLog: options.detach ? directory.logFile : undefined,
    log: { level: options.logLevel, json: options.output === 'json' },
  });
  announce(ready, options);
  if (options.detach) {
    child.unref();
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  return await new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGTERM' ? 0 : 1)));
  });
}

/** A server that was killed is followed by one at the same addresses, if nothing else is asked. */
async function choosePorts({ port, dnsPort }: UpOptions, directory: DataDirectory) {
  const last = readServerRecord(directory)?.record;
  const lastPort = last && Number(new URL(last.server).port);
  return {
    port: await preferredPort(port, { host: LOOPBACK, last: lastPort }),
    dnsPort: await preferredPort(dnsPort, { host: LOOPBACK, last: last?.dnsPort }),
  };
}

function auditPolicyPath({ auditLog, auditPolicyFile }: UpOptions): string | undefined {
  if (auditPolicyFile === undefined) return undefined;
  if (auditLog !== undefined) return resolve(auditPolicyFile);
  throw new OrdinalError('ORD_AUDIT_POLICY', 'an audit policy is of no use without a log', {
    action: 'add --audit-log FILE',
  });
}

async function serveHere(
  serveOptions: ServeOptions,
  options: UpOptions,
  logger: Logger,
): Promise<number> {
  // The launcher must not load the server.
  const { serve } = await import('./serve.ts');
  const running = await serve(serveOptions, logger);
  announce(running.ready, options);
  return await untilStopped(running);
}

function announce(ready: ReadyMessage, { output, emulatedVersion }: UpOptions): void {
  const readyMs = Math.round(performance.now());
  const { server, kubeconfig, pid, dnsPort, runtime, nodes } = ready;
  if (output === 'json') {
    const message = { server, kubeconfig, pid, readyMs, dnsPort, runtime, nodes };
    process.stdout.write(`${JSON.stringify(message)}\n`);
    return;
  }
  const where = nodes === 0 ? 'without nodes' : `${nodes} node${nodes > 1 ? 's' : ''} (${runtime})`;
  process.stdout.write(
    `ordinal is ready after ${readyMs} ms: Kubernetes ${emulatedVersion} API at ${server}, ${where}, ` +
      `DNS at 127.0.0.1:${dnsPort}; export KUBECONFIG=${kubeconfig}\n`,
  );
}

async function chooseRuntime(
  options: UpOptions,
  directory: DataDirectory,
  logger: Logger,
): Promise<RuntimeChoice> {
  if (options.nodes === 0) return { name: 'none' };
  if (options.runtime === 'process') return { name: 'process' };
  const abilities = await sandboxAbilities(directory);
  if (abilities.refusal === undefined) return { name: 'sandbox', abilities };
  if (options.runtime === 'sandbox') {
    throw new OrdinalError('ORD_NO_SANDBOX', `pods can't be sandboxed: ${abilities.refusal}`, {
      action: 'see `ordinal doctor`, or use --runtime process',
    });
  }
  logger.warn('pods run as plain processes', { reason: abilities.refusal });
  return { name: 'process' };
}

/** The resolvers of /etc/resolv.conf that are reached by IPv4. */
function hostResolvers(): Resolver[] {
  let text: string;
  try {
    text = readFileSync('/etc/resolv.conf', 'utf8');
  } catch {
    return [];
  }
  const addresses = [...text.matchAll(/^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)];
  return addresses.map((match) => ({ address: match[1] ?? '', port: 53 }));
}
