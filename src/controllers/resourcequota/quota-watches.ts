// Watches what quotas count, so that what is gone, or asks for less, is found out at once. Kinds
// are watched from when the first quota counts them; custom ones until their definition ends.
import { isEstablished, namesOfDefinition } from '../../api/apiextensions/custom-kind.ts';
import type { CustomResourceDefinition, Pod, ResourceQuota } from '../../api/generated/types.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { namespaceOf } from '../../api/meta/object.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { customResourceDefinitions, resourceQuotas } from '../../api/other-resources.ts';
import { builtinResources, groupVersion, pods } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import type { Informer } from '../../client/informer.ts';
import { SharedInformer } from '../../client/shared-informer.ts';
import { trackedResources } from './plan/plan-status.ts';

/** Stored built-in kinds; other forms of the same objects are left out. */
export const countedKinds: readonly ResourceDefinition[] = builtinResources.filter(
  (resource) => resource.verbs.includes('list') && groupVersion(resource) !== 'autoscaling/v1',
);

interface Watch {
  readonly unsubscribe: () => void;
  /** Nobody else's: of a custom kind, which ends with its definition. */
  readonly own: Informer<KubernetesObject> | undefined;
}

export interface QuotaWatches {
  /** From now on, changes of these objects have their quotas counted again. */
  watch(resource: ResourceDefinition): Promise<void>;
  stop(): Promise<void>;
}

/** Watches that call `recount` with the quotas that may be wrong now. */
export function createQuotaWatches(
  context: ControllerContext,
  recount: (quota: ResourceQuota) => void,
): QuotaWatches {
  const { informers } = context;
  const quotas = informers.informer(resourceQuotas);
  const watches = new Map<string, Watch>();
  const recountFor = (resource: ResourceDefinition, namespace?: string) => {
    for (const quota of quotas.lister.list(namespace)) {
      if (trackedResources(quota, [resource]).length > 0) recount(quota);
    }
  };
  /** What a definition serves may be counted from now on, and what it served no longer. */
  const redefine = (definition: CustomResourceDefinition, isGone: boolean) => {
    for (const resource of namesOfDefinition(definition)) {
      const key = keyOfKind(resource);
      const known = isGone ? watches.get(key) : undefined;
      if (known) {
        watches.delete(key);
        void endWatch(known);
      }
      recountFor(resource);
    }
  };
  const unsubscribe = informers.informer(customResourceDefinitions).addEventHandler({
    add: (definition) => redefine(definition, false),
    update: (_, definition) => redefine(definition, !isEstablished(definition)),
    delete: (definition) => redefine(definition, true),
  });
  return {
    async watch(resource) {
      const key = keyOfKind(resource);
      if (watches.has(key)) return;
      const isBuiltin = countedKinds.includes(resource);
      const informer = isBuiltin ? informers.informer(resource) : ownInformer(context, resource);
      const handler = {
        update(previous: KubernetesObject, object: KubernetesObject) {
          const namespace = namespaceOf(object);
          const isCounted = quotas.lister.list(namespace).length > 0;
          if (isCounted && mayCountOtherwise(resource, previous, object)) {
            recountFor(resource, namespace);
          }
        },
        delete: (object: KubernetesObject) => recountFor(resource, namespaceOf(object)),
      };
      const watch = { unsubscribe: informer.addEventHandler(handler) };
      watches.set(key, { ...watch, own: isBuiltin ? undefined : informer });
      if (!isBuiltin) await informer.start();
    },
    async stop() {
      unsubscribe();
      for (const known of watches.values()) await endWatch(known);
    },
  };
}

async function endWatch({ unsubscribe, own }: Watch): Promise<void> {
  unsubscribe();
  await own?.stop();
}

function keyOfKind({ group, resource }: ResourceDefinition): string {
  return `${resource}.${group}`;
}

function ownInformer(
  context: ControllerContext,
  resource: ResourceDefinition,
): Informer<KubernetesObject> {
  return new SharedInformer<KubernetesObject>({ ...context, resource, selection: {} });
}

/** Pods count less when they end; otherwise it is what is asked for that counts. */
function mayCountOtherwise(
  resource: ResourceDefinition,
  previous: KubernetesObject,
  object: KubernetesObject,
): boolean {
  if (resource === pods && phaseOf(previous) !== phaseOf(object)) return true;
  const specOf = ({ spec }: { spec?: unknown }) => spec;
  return !semanticEqual(specOf(previous as object), specOf(object as object));
}

function phaseOf(pod: KubernetesObject): string {
  return (pod as Pod).status?.phase ?? '';
}
