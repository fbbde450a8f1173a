// Makes definitions take effect right after they are written (API-1006, API-1007): names are
// accepted, endpoints established, and a deleted definition takes its objects with it. In the
// reference this is done by controllers inside of the API server, a moment later.
import type { CustomResourceDefinition } from '../../api/generated/types.ts';
import { namesOfDefinition } from '../../api/apiextensions/custom-kind.ts';
import { CLEANUP_FINALIZER, settledStatus } from '../../api/apiextensions/definition-status.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { customResourceDefinitions } from '../../api/other-resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { Logger } from '../../base/logger.ts';
import { formatTime } from '../../base/time.ts';
import type { Store } from '../../storage/store.ts';
import { registerCustomServices } from '../api-services/register-services.ts';
import { changeObject, listObjects } from '../registry/object-store.ts';
import type { Change } from '../registry/object-store.ts';

export interface SettleOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Deletes all objects of a resource in a namespace (empty: of a cluster-scoped resource). */
  deleteAll(resource: ResourceDefinition, namespace: string): Promise<void>;
}

/** Settles all definitions. Calls run one after the other; failures are logged. */
export type SettleDefinitions = () => Promise<void>;

/** A settling of the definitions in a store. */
export function createSettling(options: SettleOptions): SettleDefinitions {
  let last: Promise<void> = Promise.resolve();
  const settle = async () => {
    try {
      // What one definition lets go of, another one may take.
      while (await settleOnce(options));
      await registerCustomServices(options);
    } catch (error) {
      options.logger.warn('custom resource definitions', { error: errorMessage(error) });
    }
  };
  return () => (last = last.then(settle));
}

/** True when something was written. */
async function settleOnce(options: SettleOptions): Promise<boolean> {
  const definitions = listObjects(options.store, customResourceDefinitions, '');
  let changed = false;
  for (const definition of definitions) {
    changed = (await settleOne(options, definition, definitions)) || changed;
  }
  return changed;
}

async function settleOne(
  options: SettleOptions,
  definition: CustomResourceDefinition,
  all: readonly CustomResourceDefinition[],
): Promise<boolean> {
  if (definition.metadata.deletionTimestamp !== undefined) return endOne(options, definition);
  const group = all.filter(({ spec }) => spec.group === definition.spec.group);
  const now = formatTime(options.clock.now());
  const decide = (object: KubernetesObject): Change => {
    const current = object as CustomResourceDefinition;
    const status = settledStatus(current, group, now);
    if (status === current.status || status === undefined) return { action: 'keep' };
    return { action: 'put', object: { ...current, status } as KubernetesObject };
  };
  if (settledStatus(definition, group, now) === definition.status) return false;
  return change(options, definition, decide);
}

/** Removes the objects of a definition, and then what holds it. */
async function endOne(
  options: SettleOptions,
  definition: CustomResourceDefinition,
): Promise<boolean> {
  if (!definition.metadata.finalizers?.includes(CLEANUP_FINALIZER)) return false;
  const [resource] = namesOfDefinition(definition);
  if (resource && resource.resource !== '') {
    await deleteObjects(options, resource);
    if (listObjects(options.store, resource, '').length > 0) return false;
  }
  const decide = (object: KubernetesObject): Change => {
    const finalizers = object.metadata.finalizers ?? [];
    const rest = finalizers.filter((finalizer) => finalizer !== CLEANUP_FINALIZER);
    if (rest.length === 0) return { action: 'delete' };
    return {
      action: 'put',
      object: { ...object, metadata: { ...object.metadata, finalizers: rest } },
    };
  };
  return change(options, definition, decide);
}

async function deleteObjects(options: SettleOptions, resource: ResourceDefinition): Promise<void> {
  const objects = listObjects(options.store, resource, '');
  const waiting = objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const namespaces = new Set(waiting.map(({ metadata }) => metadata.namespace ?? ''));
  for (const namespace of namespaces) await options.deleteAll(resource, namespace);
}

async function change(
  { store }: SettleOptions,
  { metadata }: CustomResourceDefinition,
  decide: (current: KubernetesObject) => Change,
): Promise<boolean> {
  const target = { resource: customResourceDefinitions, namespace: '', name: metadata.name ?? '' };
  try {
    await changeObject(store, target, { decide, dryRun: false });
    return true;
  } catch (error) {
    if (isNotFound(error)) return true;
    throw error;
  }
}
