// `ordinal controller`: the StatefulSet engine alone, against any Kubernetes API.
import { hostname } from 'node:os';
import { gateEnabled } from '../api/feature-gates.ts';
import { systemClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { createClient } from '../client/create-client.ts';
import { createHttpTransport } from '../client/http-transport.ts';
import { createInformerFactory } from '../client/informer-factory.ts';
import { loadKubeconfig } from '../client/kubeconfig.ts';
import { createManager } from '../client/manager.ts';
import { createStatefulSetController } from '../controllers/statefulset/statefulset-controller.ts';
import { untilStopped } from './until-stopped.ts';

export interface ControllerCommandOptions {
  readonly kubeconfig: string;
  readonly leaderElect: boolean;
  readonly workers: number;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly emulatedVersion: '1.36' | '1.37';
}

/** Runs until told to stop or leadership is lost; resolves with the exit code. */
export async function controller(
  options: ControllerCommandOptions,
  logger: Logger,
): Promise<number> {
  const connection = loadKubeconfig({ path: options.kubeconfig });
  const transport = createHttpTransport({
    ...connection,
    userAgent: 'ordinal-controller',
    clock: systemClock,
    logger,
  });
  const client = createClient(transport);
  const tools = { client, clock: systemClock, random: systemRandom, logger };
  const informers = createInformerFactory(tools);
  const gates = {
    featureGates: new Map(Object.entries(options.featureGates)),
    emulatedVersion: options.emulatedVersion,
  };
  const engine = createStatefulSetController(
    { ...tools, informers },
    {
      maxUnavailable: gateEnabled(gates, 'MaxUnavailableStatefulSet'),
      recreate: gateEnabled(gates, 'StatefulSetRecreateStrategy'),
      emulatedVersion: options.emulatedVersion,
      workers: options.workers,
    },
  );
  let exitCode = 0;
  const manager = createManager({
    informers,
    controllers: [engine],
    ...(options.leaderElect
      ? {
          leaderElection: {
            ...tools,
            lock: { namespace: 'kube-system', name: 'ordinal-statefulset-controller' },
            identity: `${hostname()}_${systemRandom.uuid()}`,
            onLost() {
              logger.error('leadership was lost');
              exitCode = 1;
              process.kill(process.pid, 'SIGTERM');
            },
          },
        }
      : {}),
  });
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
