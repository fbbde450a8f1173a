// `ordinal controller`: the StatefulSet engine alone, against any Kubernetes API. Takes the place
// of the built-in controller where that is switched off.
import { hostname } from 'node:os';
import { systemClock } from '../base/clock.ts';
import { OrdinalError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import type { Client } from '../client/client.ts';
import { createClient } from '../client/create-client.ts';
import { createEventRecorder } from '../client/event-recorder.ts';
import { createHttpTransport } from '../client/http-transport.ts';
import { createInformerFactory } from '../client/informer-factory.ts';
import { loadKubeconfig } from '../client/kubeconfig.ts';
import { createManager, type ManagerOptions } from '../client/manager.ts';
import { engineOptions } from '../controllers/statefulset/engine-options.ts';
import { createStatefulSetController } from '../controllers/statefulset/statefulset-controller.ts';
import { untilStopped } from './until-stopped.ts';

export interface ControllerCommandOptions {
  readonly kubeconfig: string;
  readonly workers: number;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly emulatedVersion: '1.36' | '1.37';
  /** The other options of this name say how, in milliseconds. */
  readonly leaderElect: boolean;
  readonly leaderElectLeaseDuration: number;
  readonly leaderElectRenewDeadline: number;
  readonly leaderElectRetryPeriod: number;
  readonly leaderElectResourceName: string;
  readonly leaderElectResourceNamespace: string;
}

/** Waiting candidates retry after up to 2.2 periods; the deadline must leave time for one. */
const RETRY_JITTER = 1.2;

/**
 * Runs until told to stop or leadership is lost; resolves with the exit code. Throws OrdinalError
 * for an unusable kubeconfig (`ORD_KUBECONFIG`) or lease (`ORD_LEADER_ELECTION`).
 */
export async function controller(
  options: ControllerCommandOptions,
  logger: Logger,
): Promise<number> {
  checkDurations(options);
  const connection = loadKubeconfig({ path: options.kubeconfig });
  const userAgent = 'ordinal-controller';
  const transport = createHttpTransport({ ...connection, userAgent, clock: systemClock, logger });
  const client = createClient(transport);
  let exitCode = 0;
  const onLost = () => {
    logger.error('leadership was lost');
    exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  };
  const manager = createManager(managerOptions(options, { client, logger, onLost }));
  await manager.start();
  process.stdout.write(`ordinal controller runs against ${connection.server}\n`);
  await untilStopped({
    async stop() {
      await manager.stop();
      await transport.close();
    },
  });
  return exitCode;
}

function checkDurations(options: ControllerCommandOptions): void {
  const { leaderElect, leaderElectLeaseDuration, leaderElectRenewDeadline } = options;
  if (!leaderElect) return;
  const retry = options.leaderElectRetryPeriod * RETRY_JITTER;
  const ordered =
    leaderElectLeaseDuration > leaderElectRenewDeadline && leaderElectRenewDeadline > retry;
  if (ordered && options.leaderElectRetryPeriod > 0) return;
  throw new OrdinalError('ORD_LEADER_ELECTION', 'the durations of the lease do not fit together', {
    action:
      'make --leader-elect-lease-duration longer than --leader-elect-renew-deadline, and that ' +
      `longer than ${RETRY_JITTER} times --leader-elect-retry-period`,
  });
}

interface ManagerTools {
  readonly client: Client;
  readonly logger: Logger;
  readonly onLost: () => void;
}

/** The engine, and who may run it. */
function managerOptions(
  options: ControllerCommandOptions,
  { client, logger, onLost }: ManagerTools,
): ManagerOptions {
  const { emulatedVersion, workers } = options;
  const tools = { client, clock: systemClock, random: systemRandom, logger };
  const informers = createInformerFactory(tools);
  const gates = { featureGates: new Map(Object.entries(options.featureGates)), emulatedVersion };
  const engine = createStatefulSetController(
    { ...tools, informers },
    { ...engineOptions(gates), workers },
  );
  if (!options.leaderElect) return { informers, controllers: [engine] };
  const identity = `${hostname()}_${systemRandom.uuid()}`;
  const recorder = createEventRecorder({ ...tools, component: 'ordinal-controller' });
  return {
    informers,
    background: [recorder],
    controllers: [engine],
    leaderElection: {
      ...tools,
      recorder,
      identity,
      lock: {
        namespace: options.leaderElectResourceNamespace,
        name: options.leaderElectResourceName,
      },
      leaseDurationMs: options.leaderElectLeaseDuration,
      renewDeadlineMs: options.leaderElectRenewDeadline,
      retryPeriodMs: options.leaderElectRetryPeriod,
      onLost,
    },
  };
}
