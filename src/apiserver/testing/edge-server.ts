// A running API server edge over any handler, with fresh certificates, for tests of this room.
import { silentLogger } from '../../base/logger.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import { MASTERS_GROUP, type ApiHandler } from '../api-request.ts';
import type { AuditPolicy } from '../audit-policy.ts';
import { createAuthenticator, createTokenReviewer, type TokenReviewer } from '../authentication.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { seededRandom } from '../../base/random.ts';
import { createAuthorizer } from '../authorization/authorizer.ts';
import { bootstrapPolicy } from '../authorization/bootstrap-policy.ts';
import { ensureCertificates, type CertificateFiles, type Certificates } from '../certificates.ts';
import { createServer, type ApiServer } from '../server.ts';
import { versionInfo } from '../version.ts';
import { createTestApi } from './test-api.ts';

/** Certificate files in memory. */
export function memoryFiles(): CertificateFiles & { names(): string[] } {
  const files = new Map<string, string>();
  return {
    read: async (name) => files.get(name),
    write: async (name, data) => void files.set(name, data),
    names: () => [...files.keys()].toSorted(),
  };
}

const files = memoryFiles();

export interface EdgeServer {
  readonly server: ApiServer;
  readonly port: number;
  readonly certificates: Certificates;
}

export interface EdgeOptions {
  readonly reviewToken?: TokenReviewer;
  readonly audit?: (event: object) => void;
  readonly auditPolicy?: AuditPolicy;
  readonly clock?: Clock;
  /** The resources that definitions have brought. */
  readonly customResources?: () => readonly ResourceDefinition[];
}

/**
 * Starts a server on a free port of 127.0.0.1, with the default roles; all of a process share one
 * CA.
 */
export async function startEdgeServer(
  handler: ApiHandler,
  options: EdgeOptions = {},
): Promise<EdgeServer> {
  const { reviewToken, audit, auditPolicy, customResources } = options;
  const certificates = await ensureCertificates({ files, clock: systemClock, names: [] });
  const admin = { name: 'kubernetes-admin', uid: '', groups: [MASTERS_GROUP] };
  const { store, clock } = await createTestApi();
  await bootstrapPolicy({ store, clock, random: seededRandom(1) });
  const server = createServer({
    handler,
    ...(customResources ? { customResources } : {}),
    authenticator: createAuthenticator({
      clock: systemClock,
      reviewToken: createTokenReviewer({
        tokens: new Map([[certificates.adminToken, admin]]),
        audiences: ['api'],
        ...(reviewToken ? { reviewToken } : {}),
      }),
    }),
    authorizer: createAuthorizer(store),
    audit: audit && { random: seededRandom(1), policy: auditPolicy, write: audit },
    version: versionInfo('1.36'),
    healthChecks: {},
    logger: silentLogger,
    clock: options.clock ?? systemClock,
    tls: {
      key: certificates.serverKey,
      cert: certificates.serverCertificate,
      ca: certificates.ca,
    },
    listen: { host: '127.0.0.1', port: 0 },
  });
  await server.start();
  return { server, port: server.address().port, certificates };
}
