// The server under test: the real edge and core over a store in memory, and a node whose processes
// only echo.
import { PassThrough, type Duplex, type Readable } from 'node:stream';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger, type LogFields, type Logger } from '../../src/base/logger.ts';
import { seededRandom } from '../../src/base/random.ts';
import {
  builtinResources,
  resourcePath,
  type ResourceDefinition,
} from '../../src/api/resources.ts';
import { createApiHandler } from '../../src/apiserver/api-handler.ts';
import { MASTERS_GROUP, type ApiHandler } from '../../src/apiserver/api-request.ts';
import type { AuditDecision } from '../../src/apiserver/audit-policy.ts';
import { createAuthenticator, createTokenReviewer } from '../../src/apiserver/authentication.ts';
import { createAuthorizer } from '../../src/apiserver/authorization/authorizer.ts';
import { bootstrapPolicy } from '../../src/apiserver/authorization/bootstrap-policy.ts';
import { bootstrapObjects } from '../../src/apiserver/bootstrap.ts';
import { ensureCertificates } from '../../src/apiserver/certificates.ts';
import type {
  NodeConnection,
  PodUsage,
  RemoteProcess,
  Usage,
} from '../../src/apiserver/node-connection.ts';
import { createServiceAccountTokenIssuer } from '../../src/apiserver/service-account-tokens.ts';
import { createServer } from '../../src/apiserver/server.ts';
import { versionInfo } from '../../src/apiserver/version.ts';
import { createMemoryStore } from '../../src/storage/memory-store.ts';
import { validObjects } from './valid-objects.ts';

/** What a server has to say about itself. */
export interface ServerReport {
  /** Errors that were logged: faults of the server, never of its callers. */
  readonly errors: readonly string[];
  /** Processes of the fake node that still run. */
  readonly processes: number;
  readonly heapMiB: number;
}

export interface FuzzServer {
  readonly port: number;
  readonly ca: string;
  /** Of an administrator. */
  readonly authorization: string;
  report(): Promise<ServerReport>;
  stop(): Promise<void>;
}

/** Everything with its bodies: the more has to be written down. */
const AUDITED: AuditDecision = {
  level: 'RequestResponse',
  omitStages: new Set(),
  omitManagedFields: true,
};
const admin = { name: 'kubernetes-admin', uid: '', groups: [MASTERS_GROUP] };

function collectingLogger(errors: string[]): Logger {
  return {
    ...silentLogger,
    error: (message: string, fields: LogFields = {}) =>
      void errors.push(`${message}: ${JSON.stringify(fields)}`),
    child: () => collectingLogger(errors),
  };
}

/** A process that gives back what it is sent. */
function echoProcess(running: Set<RemoteProcess>): RemoteProcess {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  let exit: (code: number) => void = () => {};
  const exitCode = new Promise<number>((resolve) => (exit = resolve));
  const end = (code: number) => {
    running.delete(process);
    stdout.end();
    exit(code);
  };
  stdin.pipe(stdout, { end: false });
  stdin.on('error', () => {});
  stdout.on('error', () => {});
  stdin.once('end', () => end(0));
  const process: RemoteProcess = {
    stdin,
    stdout,
    stderr: undefined,
    exitCode,
    resize: () => {},
    kill: () => end(137),
  };
  running.add(process);
  return process;
}

const USAGE: Usage = {
  atMs: 1e12,
  windowMs: 1000,
  startedAtMs: 1e11,
  cpuNanoCores: 5,
  cpuNanoseconds: 1e9,
  memoryBytes: 4096,
};
const POD_USAGE: PodUsage = {
  namespace: 'default',
  name: 'web-0',
  containers: [{ name: 'main', ...USAGE }],
};

function echoNode(running: Set<RemoteProcess>): NodeConnection {
  const exec = () => Promise.resolve(echoProcess(running));
  return {
    containerLogs: (): Promise<Readable> => {
      const log = new PassThrough();
      log.end('a line\n'.repeat(100));
      return Promise.resolve(log);
    },
    exec,
    attach: exec,
    usage: () => Promise.resolve({ node: USAGE, pods: [POD_USAGE] }),
    dial: (): Promise<Duplex> => Promise.resolve(new PassThrough({ allowHalfOpen: false })),
  };
}

async function createSeeds(handler: ApiHandler): Promise<void> {
  const request = { query: new URLSearchParams(), user: admin, contentType: '', userAgent: '' };
  const { signal } = new AbortController();
  const create = async (resource: ResourceDefinition, namespace: string, name: string) => {
    const metadata = namespace === '' ? { name } : { name, namespace };
    const body = { metadata, ...validObjects[resource.resource] };
    const path = resourcePath(resource, { namespace });
    await handler({ ...request, method: 'POST', path, body, signal: () => signal });
  };
  const find = (name: string) => builtinResources.find(({ resource }) => resource === name)!;
  await create(find('namespaces'), '', 'fuzz');
  await create(find('serviceaccounts'), 'default', 'default');
  for (const name of ['configmaps', 'statefulsets', 'pods', 'services']) {
    await create(find(name), 'default', 'web-0');
  }
}

/** Starts one; `seed` decides about what the server itself leaves to chance. */
export async function startFuzzServer(seed: number): Promise<FuzzServer> {
  const errors: string[] = [];
  const running = new Set<RemoteProcess>();
  const logger = collectingLogger(errors);
  const random = seededRandom(seed);
  const clock = systemClock;
  const files = new Map<string, string>();
  const certificates = await ensureCertificates({
    files: {
      read: (name) => Promise.resolve(files.get(name)),
      write: async (name, text) => void files.set(name, text),
    },
    clock,
    names: [],
  });
  const store = createMemoryStore({ logger });
  await store.start();
  const node = echoNode(running);
  const authorizer = createAuthorizer(store);
  const key = certificates.serviceAccountKey;
  const tokenIssuer = createServiceAccountTokenIssuer({ key, issuer: 'api', clock, random });
  const handler = createApiHandler({
    store, clock, random, logger, authorizer, tokenIssuer,
    dialNode: () => node,
  }); // prettier-ignore
  await bootstrapObjects({ handler, apiServerIp: '10.96.0.1', targetPort: 6443 });
  await bootstrapPolicy({ store, clock, random });
  await createSeeds(handler);
  const tokens = new Map([[certificates.adminToken, admin]]);
  const server = createServer({
    handler,
    authenticator: createAuthenticator({
      reviewToken: createTokenReviewer({ tokens, audiences: ['api'] }),
      clock,
    }),
    authorizer,
    audit: { random, policy: () => AUDITED, write: (event) => void JSON.stringify(event) },
    version: versionInfo('1.36'),
    healthChecks: {},
    logger,
    clock,
    tls: { key: certificates.serverKey, cert: certificates.serverCertificate, ca: certificates.ca },
    listen: { host: '127.0.0.1', port: 0 },
  });
  await server.start();
  return {
    port: server.address().port,
    ca: certificates.ca,
    authorization: `Bearer ${certificates.adminToken}`,
    report() {
      store.check();
      const heapMiB = process.memoryUsage().heapUsed / 2 ** 20;
      return Promise.resolve({ errors: errors.splice(0), processes: running.size, heapMiB });
    },
    async stop() {
      await server.stop();
      await store.stop();
    },
  };
}
