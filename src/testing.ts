// `ordinalset/testing`: a whole control plane in memory for tests, ready in tens of milliseconds.
import { systemClock } from './base/clock.ts';
import { silentLogger, type Logger } from './base/logger.ts';
import { systemRandom } from './base/random.ts';
import { kubeconfigText } from './apiserver/kubeconfig-file.ts';
import type { Client } from './client/client.ts';
import {
  NODE_MONITOR_PERIODS,
  type NodeMonitorPeriods,
} from './controllers/nodelifecycle/nodelifecycle-controller.ts';
import { selectControllers } from './embedded-controllers.ts';
import { startEmbedded } from './embedded.ts';
import { createMemoryStore } from './storage/memory-store.ts';

export interface ControlPlaneOptions {
  /** In Kubernetes' form; default `*`. */
  readonly controllers?: string;
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly emulatedVersion?: '1.36' | '1.37';
  readonly logger?: Logger;
  /** When nodes without heartbeat are given up; the reference's times for what is not given. */
  readonly nodeMonitor?: Partial<NodeMonitorPeriods>;
}

export interface ControlPlane {
  /** As administrator, without a socket. */
  readonly client: Client;
  /** Text of a kubeconfig for other clients. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:<port>`. */
  readonly server: string;
  /** Ends everything; nothing is left behind. */
  stop(): Promise<void>;
}

/** Where volumes are said to be; without nodes nobody goes there. */
const VOLUMES_DIRECTORY = '/var/lib/ordinal/volumes';

/** Starts an API server and the controllers on a free port of loopback, without nodes. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const logger = options.logger ?? silentLogger;
  const files = new Map<string, string>();
  const embedded = await startEmbedded({
    clock: systemClock,
    random: systemRandom,
    logger,
    store: createMemoryStore({ logger }),
    certificateFiles: {
      read: (name) => Promise.resolve(files.get(name)),
      write: async (name, text) => void files.set(name, text),
    },
    hostNames: [],
    listen: { host: '127.0.0.1', port: 0 },
    podListen: undefined,
    nodes: [],
    dns: { listeners: [], forwarder: undefined, podAddress: '127.0.0.1' },
    volumesDirectory: VOLUMES_DIRECTORY,
    // Nothing is mounted without nodes, so there is nothing to remove.
    volumeBackend: { create: () => Promise.resolve(), delete: () => Promise.resolve() },
    controllers: selectControllers(options.controllers ?? '*', { hasNodes: false }),
    nodeMonitor: { ...NODE_MONITOR_PERIODS, ...options.nodeMonitor },
    featureGates: new Map(Object.entries(options.featureGates ?? {})),
    emulatedVersion: options.emulatedVersion ?? '1.36',
  });
  const { certificates, server, client } = embedded;
  return {
    client,
    server,
    kubeconfig: kubeconfigText({
      server,
      ca: certificates.ca,
      certificate: certificates.adminCertificate,
      key: certificates.adminKey,
      token: certificates.adminToken,
    }),
    stop: () => embedded.stop(),
  };
}
