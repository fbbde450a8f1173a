// The composition root: store → API server → controllers → nodes → DNS, joined in one process.
// Every part sees the world through the API server only; here is the one place that knows them all.
import type { ClusterRole, StorageClass } from './api/generated/types.ts';
import type { RuleContext } from './api/kind-rules.ts';
import { isAlreadyExists } from './api/meta/status-error.ts';
import {
  builtinResources,
  clusterRoles,
  serviceAccounts,
  storageClasses,
  type ResourceDefinition,
} from './api/resources.ts';
import type { KubernetesObject } from './api/meta/object.ts';
import { metricsResources } from './api/metrics/metrics-resources.ts';
import { statusError } from './api/meta/status-error.ts';
import { createApiHandler } from './apiserver/api-handler.ts';
import { MASTERS_GROUP, type ApiHandler, type UserInfo } from './apiserver/api-request.ts';
import {
  createAuthenticator,
  createTokenReviewer,
  type TokenReviewer,
} from './apiserver/authentication.ts';
import type { AuditLog } from './apiserver/audit.ts';
import { createAuthorizer, type Authorizer } from './apiserver/authorization/authorizer.ts';
import { nodeUser } from './apiserver/authorization/node-identity.ts';
import { bootstrapPolicy } from './apiserver/authorization/bootstrap-policy.ts';
import {
  createCustomResources,
  type CustomResources,
} from './apiserver/custom-resources/custom-registry.ts';
import {
  registerBuiltinServices,
  registerCustomServices,
} from './apiserver/api-services/register-services.ts';
import { loadEngines } from './apiserver/custom-resources/load-engines.ts';
import { bootstrapObjects } from './apiserver/bootstrap.ts';
import {
  ensureCertificates,
  FRONT_PROXY,
  type CertificateFiles,
  type Certificates,
} from './apiserver/certificates.ts';
import { createCertificateSigner } from './apiserver/certificate-signer.ts';
import type { HealthChecks } from './apiserver/health.ts';
import type { NodeConnection, OutsideDialer } from './apiserver/node-connection.ts';
import { kindSchema } from './apiserver/openapi/kind-schemas.ts';
import { createServer, type ListenAddress } from './apiserver/server.ts';
import { createServiceAccountReviewer } from './apiserver/service-account-review.ts';
import {
  createServiceAccountTokenIssuer,
  type ServiceAccountTokenIssuer,
} from './apiserver/service-account-tokens.ts';
import { versionInfo } from './apiserver/version.ts';
import type { Clock } from './base/clock.ts';
import type { Logger } from './base/logger.ts';
import { MetricRegistry } from './base/metric-registry.ts';
import type { Random } from './base/random.ts';
import type { Runnable } from './base/runnable.ts';
import type { Client } from './client/client.ts';
import { createClient } from './client/create-client.ts';
import { createInformerFactory } from './client/informer-factory.ts';
import type { InformerFactory } from './client/informer.ts';
import type { Forwarder } from './dns/forwarder.ts';
import { createDnsServer, type DnsListener } from './dns/server.ts';
import { feedZone } from './dns/zone-feeder.ts';
import { Zone } from './dns/zone.ts';
import type { VolumeBackend } from './controllers/persistentvolume/volume-backend.ts';
import type { NodeMonitorPeriods } from './controllers/nodelifecycle/nodelifecycle-controller.ts';
import { createControllers } from './embedded-controllers.ts';
import { createInProcessTransport } from './in-process-transport.ts';
import { createNodeAgent } from './node/kubelet.ts';
import { KUBERNETES_SERVICE_ADDRESS } from './node/runtime/cluster-network.ts';
import type { ContainerRuntime } from './node/runtime/runtime.ts';
import type { Store } from './storage/store.ts';

const TOKEN_ISSUER = 'https://kubernetes.default.svc';
export const CLUSTER_DOMAIN = 'cluster.local';

export interface EmbeddedNode {
  readonly name: string;
  readonly runtime: ContainerRuntime;
  readonly stateDir: string;
  /** The node's own address. */
  readonly address: string;
}

export interface EmbeddedOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Not started. */
  readonly store: Store;
  readonly certificateFiles: CertificateFiles;
  /** Names of the machine that the server's certificate carries besides the standard ones. */
  readonly hostNames: readonly string[];
  readonly listen: ListenAddress;
  /** Where pods find the API server; listened on too when it is given. */
  readonly podListen: { readonly host: string; readonly port: number } | undefined;
  readonly nodes: readonly EmbeddedNode[];
  /** Connects to webhooks that are not in the cluster; default: directly. */
  readonly dialOutside?: OutsideDialer | undefined;
  readonly dns: {
    readonly listeners: readonly DnsListener[];
    readonly forwarder: Forwarder | undefined;
    /** What pods have in their resolv.conf. */
    readonly podAddress: string;
  };
  /** Directory of the `local` storage class. */
  readonly volumesDirectory: string;
  /** Removes the data of released volumes. */
  readonly volumeBackend: VolumeBackend;
  /** Names of the controllers to run (selectControllers). */
  readonly controllers: ReadonlySet<string>;
  /** When silent nodes are given up. */
  readonly nodeMonitor: NodeMonitorPeriods;
  readonly featureGates: RuleContext['featureGates'];
  readonly emulatedVersion: RuleContext['emulatedVersion'];
  /** Told of every request from outside; absent: nobody is. */
  readonly auditLog?: Omit<AuditLog, 'random'> | undefined;
}

export interface Embedded {
  /** `https://127.0.0.1:6443`. */
  readonly server: string;
  readonly certificates: Certificates;
  /** Port of each DNS listener. */
  readonly dnsPorts: readonly number[];
  /** As administrator, in process. */
  readonly client: Client;
  /** Lets go of everything; pods go on running. */
  stop(): Promise<void>;
}

/**
 * Starts the whole control plane; resolves when it serves and its nodes are registered. Throws
 * OrdinalError.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { clock, store, logger } = options;
  const started: Runnable[] = [];
  const start = async <T extends Runnable>(part: T): Promise<T> => {
    started.unshift(part);
    await part.start();
    return part;
  };
  const state: StartState = { isSynced: false, isReady: false, isStopping: false };
  const stop = async () => {
    state.isStopping = true;
    for (const part of started.splice(0)) await part.stop();
  };
  try {
    const files = { files: options.certificateFiles, clock, names: options.hostNames };
    const [certificates] = await Promise.all([ensureCertificates(files), start(store)]);
    const isNew = store.revision === 0;

    const connections = new Map<string, NodeConnection>();
    const api = createApi(options, certificates, connections);
    await Promise.all([
      bootstrap(options, api, certificates),
      bootstrapPolicy(options),
      bootstrapServices(options),
    ]);
    if (isNew) await store.compact(store.revision);
    const healthChecks = checksOf(state);
    const metrics = new MetricRegistry();
    const edge = { api, certificates, healthChecks, metrics };
    const server = await start(createApiServer(options, edge));
    if (options.podListen) await server.listen(options.podListen);

    const admin = clientFor(api.handler, { name: 'kubernetes-admin', agent: 'ordinal' });
    await createDefaults(options, admin);
    const { informers, parts } = createComponents(options, {
      api,
      certificates,
      connections,
      metrics,
    });
    const zone = new Zone(CLUSTER_DOMAIN);
    const stopFeeding = feedZone(zone, informers);
    const dns = createDnsServer({ zone, ...options.dns, clock, logger });
    await start(informers);
    state.isSynced = true;
    await start(dns);
    await Promise.all(parts.map((part) => start(part)));
    state.isReady = true;
    const { address, port } = server.address();
    const host = address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address;
    return {
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      certificates,
      dnsPorts: dns.ports,
      client: admin,
      async stop() {
        stopFeeding();
        await stop();
      },
    };
  } catch (error) {
    await stop().catch((cause: unknown) =>
      logger.error('stopping failed', { cause: String(cause) }),
    );
    throw error;
  }
}

interface StartState {
  isSynced: boolean;
  isReady: boolean;
  isStopping: boolean;
}

function checksOf(state: StartState): HealthChecks {
  return {
    'informer-sync'() {
      if (!state.isSynced) throw new Error('informers are still starting');
    },
    components() {
      if (!state.isReady) throw new Error('controllers, nodes and DNS are still starting');
    },
    shutdown() {
      if (state.isStopping) throw new Error('process is shutting down');
    },
  };
}

/** What of ours is always served. */
const servedBy = ({ nodes }: EmbeddedOptions) => [
  ...builtinResources,
  ...(nodes.length > 0 ? metricsResources : []),
];

async function bootstrapServices(options: EmbeddedOptions): Promise<void> {
  await Promise.all([
    registerBuiltinServices(options, servedBy(options)),
    registerCustomServices(options),
  ]);
}

function bootstrap(
  { podListen }: EmbeddedOptions,
  { handler }: Api,
  { ca, frontProxyCa }: Certificates,
): Promise<void> {
  return bootstrapObjects({
    handler,
    apiServerIp: KUBERNETES_SERVICE_ADDRESS,
    targetPort: podListen?.port ?? 443,
    authorities: { clientCa: ca, frontProxyCa },
  });
}

interface Api {
  readonly handler: ApiHandler;
  readonly authorizer: Authorizer;
  readonly issuer: ServiceAccountTokenIssuer;
  readonly reviewToken: TokenReviewer;
  readonly customResources: CustomResources;
}

function createApi(
  options: EmbeddedOptions,
  certificates: Certificates,
  connections: ReadonlyMap<string, NodeConnection>,
): Api {
  const { store, clock, random, logger, featureGates, emulatedVersion } = options;
  const key = certificates.serviceAccountKey;
  const issuer = createServiceAccountTokenIssuer({ key, issuer: TOKEN_ISSUER, clock, random });
  const authorizer = createAuthorizer(store);
  const admin: UserInfo = { name: 'kubernetes-admin', uid: '', groups: [MASTERS_GROUP] };
  const reviewToken = createTokenReviewer({
    tokens: new Map([[certificates.adminToken, admin]]),
    audiences: issuer.audiences,
    reviewToken: createServiceAccountReviewer({ issuer, store, clock }),
  });
  const customResources = createCustomResources(store);
  const handler = createApiHandler({
    store,
    customResources,
    clock,
    random,
    logger,
    featureGates,
    emulatedVersion,
    tokenIssuer: issuer,
    authorizer,
    reviewToken,
    nodesHaveMetrics: options.nodes.length > 0,
    dialOutside: options.dialOutside,
    dialNode(name) {
      const connection = connections.get(name);
      if (connection) return connection;
      throw statusError('ServiceUnavailable', `no agent of node "${name}" is connected`);
    },
  });
  return { handler, authorizer, issuer, reviewToken, customResources };
}

function createApiServer(
  options: EmbeddedOptions,
  parts: {
    api: Api;
    certificates: Certificates;
    healthChecks: HealthChecks;
    metrics: MetricRegistry;
  },
) {
  const { api, certificates, healthChecks, metrics } = parts;
  const { clock, random, logger, auditLog } = options;
  return createServer({
    handler: api.handler,
    authenticator: createAuthenticator({
      reviewToken: api.reviewToken,
      clock,
      frontProxy: { ca: certificates.frontProxyCa, names: [FRONT_PROXY] },
    }),
    authorizer: api.authorizer,
    tokenKeys: api.issuer,
    audit: auditLog && { ...auditLog, random },
    version: versionInfo(options.emulatedVersion),
    customResources: () => api.customResources.resources(),
    resources: servedBy(options),
    healthChecks,
    componentMetrics: metrics,
    tls: {
      key: certificates.serverKey,
      cert: certificates.serverCertificate,
      ca: [certificates.ca, certificates.frontProxyCa],
    },
    listen: options.listen,
    logger,
    clock,
  });
}

function clientFor(handler: ApiHandler, { name, agent }: { name: string; agent: string }): Client {
  const user: UserInfo = { name, uid: '', groups: [MASTERS_GROUP, 'system:authenticated'] };
  return clientAs(handler, { user, agent });
}

function clientAs(handler: ApiHandler, { user, agent }: { user: UserInfo; agent: string }): Client {
  return createClient(createInProcessTransport({ handler, user, userAgent: agent }));
}

/** Controllers and node agents, over one set of informers. */
function createComponents(
  options: EmbeddedOptions,
  {
    api: { handler, issuer, customResources },
    certificates,
    connections,
    metrics,
  }: {
    api: Api;
    certificates: Certificates;
    connections: Map<string, NodeConnection>;
    metrics: MetricRegistry;
  },
): { informers: InformerFactory; parts: Runnable[] } {
  const { clock, random, logger } = options;
  const name = 'system:kube-controller-manager';
  const client = clientFor(handler, { name, agent: 'kube-controller-manager' });
  const informers = createInformerFactory({ client, clock, random, logger });
  const controllers = createControllers(
    options.controllers,
    { client, informers, clock, random, logger, metrics },
    {
      ...options,
      rootCa: certificates.ca,
      signCertificate: createCertificateSigner(
        { certificate: certificates.ca, key: certificates.caKey },
        clock,
      ),
      issueToken: (wanted) => issuer.issueLasting(wanted),
      servedTypes: {
        resources: () => [...builtinResources, ...customResources.resources()],
        schemaOf: kindSchema,
        loadExpressions: loadEngines,
      },
    },
  );
  const agents = options.nodes.map((node) => {
    const agent = createNodeAgent({
      nodeName: node.name,
      client: clientAs(handler, { user: nodeUser(node.name), agent: 'kubelet' }),
      informers,
      runtime: node.runtime,
      clock,
      random,
      logger: logger.child({ node: node.name }),
      stateDir: node.stateDir,
      clusterDns: { ip: options.dns.podAddress, domain: CLUSTER_DOMAIN },
      apiServerAddress: options.podListen ?? { host: '127.0.0.1', port: 443 },
      address: node.address,
      version: `v${options.emulatedVersion}.0+ordinal`,
    });
    connections.set(node.name, agent.connection);
    return agent;
  });
  return { informers, parts: [...controllers, ...agents] };
}

/** What users expect to be there when the server says that it is ready. */
async function createDefaults(options: EmbeddedOptions, client: Client): Promise<void> {
  if (options.controllers.has('serviceaccount')) {
    const metadata = { name: 'default', namespace: 'default' };
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
    await createIfMissing(client, serviceAccounts, account);
  }
  if (options.nodes.length === 0) return;
  await Promise.all([
    createIfMissing(client, storageClasses, localStorageClass()),
    createIfMissing(client, clusterRoles, metricsReader()),
  ]);
}

/** Gives whoever may look at pods the right to their figures, as metrics-server does. */
function metricsReader(): ClusterRole {
  const aggregate = 'rbac.authorization.k8s.io/aggregate-to-';
  const labels = Object.fromEntries(
    ['admin', 'edit', 'view'].map((role) => [`${aggregate}${role}`, 'true']),
  );
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'system:aggregated-metrics-reader', labels },
    rules: [
      {
        apiGroups: ['metrics.k8s.io'],
        resources: ['pods', 'nodes'],
        verbs: ['get', 'list', 'watch'],
      },
    ],
  };
}

async function createIfMissing<T extends KubernetesObject>(
  client: Client,
  resource: ResourceDefinition<T>,
  object: T,
): Promise<void> {
  try {
    await client.resource(resource).create(object);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

function localStorageClass(): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name: 'local',
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    provisioner: 'ordinal.dev/local',
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: true,
  };
}
