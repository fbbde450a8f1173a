// The controllers beside the engine, the real ones, as one process.
import { NODE_MONITOR_PERIODS } from '../../src/controllers/nodelifecycle/nodelifecycle-controller.ts';
import { createControllers, selectControllers } from '../../src/embedded-controllers.ts';
import { createInformerFactory } from '../../src/client/informer-factory.ts';
import { internalErrors } from './internal-errors.ts';
import type { Program } from './supervised-process.ts';
import type { World } from './world.ts';

const CONTROLLERS = [
  'garbage-collector',
  'scheduler',
  'persistentvolume-binder',
  'persistentvolumeclaim-protection',
  'persistentvolume-protection',
  'pod-garbage-collector',
  'node-lifecycle',
  'taint-eviction',
].join(',');

export interface ManagerProgramOptions {
  readonly world: World;
  readonly emulatedVersion: '1.36' | '1.37';
  readonly featureGates: ReadonlyMap<string, boolean>;
}

export function managerProgram(options: ManagerProgramOptions): Program {
  const { world, emulatedVersion, featureGates } = options;
  return ({ process, client, random }) => {
    const { clock } = process;
    const logger = internalErrors(world, process.name);
    const informers = createInformerFactory({ client, clock, random, logger });
    const context = { client, informers, clock, random, logger };
    const volumeBackend = { create: () => Promise.resolve(), delete: () => Promise.resolve() };
    const controllers = createControllers(
      selectControllers(CONTROLLERS, { hasNodes: true }),
      context,
      {
        featureGates,
        emulatedVersion,
        rootCa: '',
        // Nobody asks for certificates, tokens and types here.
        signCertificate: () => '',
        issueToken: () => '',
        servedTypes: {
          resources: () => [],
          schemaOf: () => Promise.resolve(undefined),
          loadExpressions: () => Promise.resolve(),
        },
        volumesDirectory: '/volumes',
        volumeBackend,
        nodeMonitor: NODE_MONITOR_PERIODS,
      },
    );
    void informers.start();
    for (const controller of controllers) void controller.start();
  };
}
