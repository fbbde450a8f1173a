// Runs the server in this process: brings the disk, the sockets and the runtimes to embedded.ts.
import { createSocket } from 'node:dgram';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RuleContext } from '../api/kind-rules.ts';
import { pods } from '../api/resources.ts';
import { readAuditPolicy, type AuditPolicy } from '../apiserver/audit-policy.ts';
import type { CertificateFiles } from '../apiserver/certificates.ts';
import { kubeconfigText } from '../apiserver/kubeconfig-file.ts';
import type { OutsideDialer } from '../apiserver/node-connection.ts';
import type { ListenAddress } from '../apiserver/server.ts';
import { systemClock } from '../base/clock.ts';
import { errorMessage, OrdinalError, systemErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { NodeMonitorPeriods } from '../controllers/nodelifecycle/nodelifecycle-controller.ts';
import { systemRandom } from '../base/random.ts';
import { createForwarder, type Forwarder, type Resolver } from '../dns/forwarder.ts';
import type { DnsListener } from '../dns/server.ts';
import { selectControllers } from '../embedded-controllers.ts';
import { startEmbedded, type EmbeddedNode } from '../embedded.ts';
import {
  DNS_SERVICE_ADDRESS,
  KUBERNETES_SERVICE_ADDRESS,
  loopbackAddress,
  nodeAddress,
} from '../node/runtime/cluster-network.ts';
import { ownIdentity } from '../node/runtime/process-identity.ts';
import type { ContainerRuntime } from '../node/runtime/runtime.ts';
import type { SandboxAbilities } from '../node/runtime/sandbox/probe-sandbox.ts';
import {
  dataDirectory,
  removeServerRecord,
  writeServerRecord,
  type DataDirectory,
} from './data-directory.ts';
import { stopPods } from './stop-pods.ts';
import { createAuditFile } from './audit-file.ts';
import { createVolumeBackend } from './volume-backend.ts';
import { VERSION } from './version.ts';

/** How pods are run; what the launcher found is passed on to the server in the namespace. */
export type RuntimeChoice =
  | { readonly name: 'none' }
  | { readonly name: 'process' }
  | { readonly name: 'sandbox'; readonly abilities: SandboxAbilities };

/**
 * Everything the server needs to know, as plain data: it crosses from the launcher by environment.
 */
export interface ServeOptions {
  readonly dataDir: string;
  readonly durability: 'disk' | 'memory';
  readonly kubeconfig: string;
  readonly nodes: number;
  readonly runtime: RuntimeChoice;
  readonly controllers: string;
  readonly nodeMonitor: NodeMonitorPeriods;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly emulatedVersion: RuleContext['emulatedVersion'];
  /** Absolute path of the audit log; absent: there is none. */
  readonly auditLog: string | undefined;
  /** Absolute path of the audit policy; absent: everything, without bodies. */
  readonly auditPolicy: string | undefined;
  readonly listen: ListenAddress;
  readonly dnsListen: DnsListener;
  /** A UDP socket of the host's network namespace, to ask its resolvers. */
  readonly forwardFd: number | undefined;
  readonly resolvers: readonly Resolver[];
}

/** What is told to the user, or to the launcher, when the server is ready. */
export interface ReadyMessage {
  readonly server: string;
  readonly kubeconfig: string;
  readonly pid: number;
  readonly dnsPort: number;
  readonly runtime: RuntimeChoice['name'];
  readonly nodes: number;
}

export interface RunningServer {
  readonly ready: ReadyMessage;
  /** Stops the pods gracefully, then the server. */
  stop(): Promise<void>;
}

/** Where pods find the API server in the cluster namespace. */
const POD_API_PORT = 443;

/**
 * Starts the server. `dialOutside` is how it leaves the cluster's network, when it lives there.
 * Throws OrdinalError with nothing left running.
 */
export async function serve(
  options: ServeOptions,
  logger: Logger,
  dialOutside?: OutsideDialer,
): Promise<RunningServer> {
  const directory = dataDirectory(options.dataDir);
  const nodes = await createNodes(options, directory, logger);
  const inNamespace = options.runtime.name === 'sandbox';
  const podDns = inNamespace ? [{ address: DNS_SERVICE_ADDRESS, port: 53 }] : [];
  const policy = await readPolicy(options.auditPolicy);
  const { auditLog: path } = options;
  const auditLog = path === undefined ? undefined : createAuditFile({ path, logger });
  const embedded = await startEmbedded({
    clock: systemClock,
    random: systemRandom,
    logger,
    store: await createStore(options, directory, logger),
    certificateFiles: certificateFiles(directory.pki),
    hostNames: [hostname()],
    listen: options.listen,
    podListen: inNamespace ? { host: KUBERNETES_SERVICE_ADDRESS, port: POD_API_PORT } : undefined,
    nodes,
    dialOutside,
    dns: {
      listeners: [options.dnsListen, ...podDns],
      forwarder: await openForwarder(options),
      podAddress: inNamespace ? DNS_SERVICE_ADDRESS : '127.0.0.1',
    },
    volumesDirectory: directory.volumes,
    volumeBackend: createVolumeBackend(directory.volumes),
    controllers: selectControllers(options.controllers, { hasNodes: nodes.length > 0 }),
    nodeMonitor: options.nodeMonitor,
    featureGates: new Map(Object.entries(options.featureGates)),
    emulatedVersion: options.emulatedVersion,
    auditLog: auditLog && { policy, write: (event) => auditLog.write(event) },
  });
  const { server, certificates } = embedded;
  const ready: ReadyMessage = {
    server,
    kubeconfig: options.kubeconfig,
    pid: process.pid,
    dnsPort: embedded.dnsPorts[0] ?? 0,
    runtime: options.runtime.name,
    nodes: nodes.length,
  };
  await writeFileAtomically(
    options.kubeconfig,
    kubeconfigText({
      server,
      ca: certificates.ca,
      certificate: certificates.adminCertificate,
      key: certificates.adminKey,
      token: certificates.adminToken,
    }),
    0o600,
  );
  writeServerRecord(directory, { ...ready, process: ownIdentity(), version: VERSION });
  return {
    ready,
    async stop() {
      const { items } = await embedded.client.resource(pods).list();
      await embedded.stop();
      await auditLog?.flush();
      const left = await createNodes(options, directory, logger);
      await stopPods({ nodes: left, pods: items, logger });
      removeServerRecord(directory);
    },
  };
}

/** Throws OrdinalError `ORD_AUDIT_POLICY`. */
async function readPolicy(path: string | undefined): Promise<AuditPolicy | undefined> {
  if (path === undefined) return undefined;
  try {
    const { parseYaml } = await import('../api/meta/parse-yaml.ts');
    return readAuditPolicy(parseYaml(await readFile(path, 'utf8')).value);
  } catch (cause) {
    if (cause instanceof OrdinalError) throw cause;
    const message = `the audit policy ${path} cannot be read: ${errorMessage(cause)}`;
    throw new OrdinalError('ORD_AUDIT_POLICY', message, { cause });
  }
}

async function createStore({ durability }: ServeOptions, directory: DataDirectory, logger: Logger) {
  if (durability === 'memory') {
    const { createMemoryStore } = await import('../storage/memory-store.ts');
    return createMemoryStore({ logger });
  }
  const { createLmdbStore } = await import('../storage/lmdb-store.ts');
  return createLmdbStore({ directory: directory.store, logger });
}

/** The nodes of this server with their runtimes (not started). */
export async function createNodes(
  options: Pick<ServeOptions, 'nodes' | 'runtime'>,
  directory: DataDirectory,
  logger: Logger,
): Promise<EmbeddedNode[]> {
  const nodes: EmbeddedNode[] = [];
  for (let index = 0; index < options.nodes; index++) {
    const name = `ordinal-${index}`;
    const stateDir = join(directory.nodes, name);
    const runtime = await createRuntime(options.runtime, { index, name, directory, logger });
    if (!runtime) break;
    const address = runtime.name === 'sandbox' ? nodeAddress(index) : loopbackAddress(index, 1);
    nodes.push({ name, runtime, stateDir, address });
  }
  return nodes;
}

async function createRuntime(
  choice: RuntimeChoice,
  node: { index: number; name: string; directory: DataDirectory; logger: Logger },
): Promise<ContainerRuntime | undefined> {
  const { index, name, directory, logger } = node;
  const stateDir = join(directory.runtime, name);
  const base = { stateDir, nodeIndex: index, clock: systemClock, random: systemRandom, logger };
  switch (choice.name) {
    case 'none':
      return undefined;
    case 'process': {
      const { createProcessRuntime } = await import('../node/runtime/process/process-runtime.ts');
      return createProcessRuntime(base);
    }
    case 'sandbox': {
      const { createSandboxRuntime } = await import('../node/runtime/sandbox/sandbox-runtime.ts');
      return createSandboxRuntime({
        ...base,
        abilities: choice.abilities,
        namespaceDir: directory.runtime,
        hiddenPaths: [directory.root],
      });
    }
  }
}

async function openForwarder(options: ServeOptions): Promise<Forwarder | undefined> {
  const { forwardFd, resolvers } = options;
  if (resolvers.length === 0) return undefined;
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    if (forwardFd === undefined) socket.bind(0, resolve);
    else socket.bind({ fd: forwardFd }, resolve);
  });
  socket.on('error', () => {}); // an unreachable resolver shows as a time-out
  return createForwarder({ socket, resolvers, clock: systemClock, random: systemRandom });
}

function certificateFiles(folder: string): CertificateFiles {
  return {
    async read(name) {
      try {
        return await readFile(join(folder, name), 'utf8');
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(name, text, mode) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFileAtomically(join(folder, name), text, mode);
    },
  };
}

async function writeFileAtomically(path: string, text: string, mode: number): Promise<void> {
  const staging = `${path}.${process.pid}.new`;
  try {
    await writeFile(staging, text, { mode });
    await rename(staging, path);
  } catch (error) {
    await rm(staging, { force: true });
    throw error;
  }
}
