// The controllers of embedded mode by name, and which of them a `--controllers` list asks for.
// Part of the composition root.
import { createApprovingController } from './controllers/certificates/approving-controller.ts';
import { createCleanerController } from './controllers/certificates/cleaner-controller.ts';
import {
  createSigningController,
  type SignCertificate,
} from './controllers/certificates/signing-controller.ts';
import { createClusterRoleAggregationController } from './controllers/clusterroleaggregation/clusterroleaggregation-controller.ts';
import { createDisruptionController } from './controllers/disruption/disruption-controller.ts';
import { createEndpointsController } from './controllers/endpointslice/endpoints-controller.ts';
import { createEndpointSliceController } from './controllers/endpointslice/endpointslice-controller.ts';
import { createGarbageCollector } from './controllers/garbagecollector/garbagecollector-controller.ts';
import { createPersistentVolumeController } from './controllers/persistentvolume/persistentvolume-controller.ts';
import type { VolumeBackend } from './controllers/persistentvolume/volume-backend.ts';
import { createNamespaceController } from './controllers/namespace/namespace-controller.ts';
import {
  createNodeLifecycleController,
  type NodeMonitorPeriods,
} from './controllers/nodelifecycle/nodelifecycle-controller.ts';
import { createPodGcController } from './controllers/podgc/podgc-controller.ts';
import { createResourceQuotaController } from './controllers/resourcequota/resourcequota-controller.ts';
import { createRootCaController } from './controllers/rootca/rootca-controller.ts';
import { createScheduler } from './controllers/scheduler/scheduler.ts';
import { createServiceAccountController } from './controllers/serviceaccount/serviceaccount-controller.ts';
import {
  createTokensController,
  type TokensControllerOptions,
} from './controllers/serviceaccount/tokens-controller.ts';
import { engineOptions } from './controllers/statefulset/engine-options.ts';
import { createStatefulSetController } from './controllers/statefulset/statefulset-controller.ts';
import { createTaintEvictionController } from './controllers/tainteviction/tainteviction-controller.ts';
import {
  createPolicyStatusController,
  type ServedTypes,
} from './controllers/validatingadmissionpolicystatus/policy-status-controller.ts';
import { createClaimProtectionController } from './controllers/volumeprotection/claim-protection-controller.ts';
import { createVolumeProtectionController } from './controllers/volumeprotection/volume-protection-controller.ts';
import type { RuleContext } from './api/kind-rules.ts';
import { OrdinalError } from './base/errors.ts';
import type { Runnable } from './base/runnable.ts';
import type { ControllerContext } from './client/controller-context.ts';

export interface ControllerSettings extends Pick<RuleContext, 'featureGates' | 'emulatedVersion'> {
  /** PEM, published to all namespaces. */
  readonly rootCa: string;
  readonly signCertificate: SignCertificate;
  readonly issueToken: TokensControllerOptions['issueToken'];
  /** Absolute; where the volumes of the class `local` are. */
  readonly volumesDirectory: string;
  readonly volumeBackend: VolumeBackend;
  readonly nodeMonitor: NodeMonitorPeriods;
  readonly servedTypes: ServedTypes;
}

type Factory = (context: ControllerContext, settings: ControllerSettings) => Runnable;

/** Names as in the Kubernetes controller manager, without `-controller`. */
const FACTORIES: Readonly<Record<string, Factory>> = {
  scheduler: createScheduler,
  'persistentvolume-binder': (context, { volumesDirectory, volumeBackend }) =>
    createPersistentVolumeController(context, { volumesDirectory, backend: volumeBackend }),
  statefulset: (context, settings) => createStatefulSetController(context, engineOptions(settings)),
  endpoints: createEndpointsController,
  endpointslice: createEndpointSliceController,
  'garbage-collector': createGarbageCollector,
  namespace: createNamespaceController,
  'persistentvolumeclaim-protection': createClaimProtectionController,
  'persistentvolume-protection': createVolumeProtectionController,
  'node-lifecycle': (context, { nodeMonitor }) =>
    createNodeLifecycleController(context, nodeMonitor),
  'taint-eviction': createTaintEvictionController,
  disruption: createDisruptionController,
  'pod-garbage-collector': createPodGcController,
  resourcequota: createResourceQuotaController,
  serviceaccount: createServiceAccountController,
  'serviceaccount-token': createTokensController,
  'certificatesigningrequest-approving': createApprovingController,
  'certificatesigningrequest-cleaner': createCleanerController,
  'certificatesigningrequest-signing': (context, { signCertificate }) =>
    createSigningController(context, { sign: signCertificate }),
  'clusterrole-aggregation': createClusterRoleAggregationController,
  'root-ca-certificate-publisher': (context, { rootCa }) =>
    createRootCaController(context, { rootCa }),
  'validatingadmissionpolicy-status': (context, { servedTypes }) =>
    createPolicyStatusController(context, servedTypes),
};

export const controllerNames: readonly string[] = Object.keys(FACTORIES);

/** Without nodes of ours, whoever plays the nodes also binds the pods: `*` leaves these out. */
const FOR_NODES: ReadonlySet<string> = new Set(['scheduler']);

/**
 * Reads a list in Kubernetes' form: `*` all, `name` that one, `-name` not that one; the empty list
 * runs none. Throws OrdinalError `ORD_CONTROLLERS` for an unknown name.
 */
export function selectControllers(
  list: string,
  { hasNodes }: { hasNodes: boolean },
): ReadonlySet<string> {
  const entries = list
    .split(',')
    .map((entry) => entry.trim().replace(/-controller$/, ''))
    .filter((entry) => entry !== '');
  for (const entry of entries) {
    const name = entry.replace(/^-/, '');
    if (name === '*' || Object.hasOwn(FACTORIES, name)) continue;
    throw new OrdinalError('ORD_CONTROLLERS', `there is no controller "${name}"`, {
      action: `choose among *, ${controllerNames.join(', ')}`,
    });
  }
  const everything = controllerNames.filter((name) => hasNodes || !FOR_NODES.has(name));
  const all = entries.includes('*') ? everything : [];
  const selected = new Set([...all, ...entries.filter((entry) => Object.hasOwn(FACTORIES, entry))]);
  for (const entry of entries) if (entry.startsWith('-')) selected.delete(entry.slice(1));
  return selected;
}

export function createControllers(
  selected: ReadonlySet<string>,
  context: ControllerContext,
  settings: ControllerSettings,
): Runnable[] {
  return [...selected].map((name) => {
    const factory = FACTORIES[name];
    if (!factory) throw new OrdinalError('ORD_CONTROLLERS', `there is no controller "${name}"`);
    return factory({ ...context, logger: context.logger.child({ controller: name }) }, settings);
  });
}
