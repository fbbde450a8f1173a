// Which custom resources are served: those of the established definitions in the store, kept in
// step by a watch. What a definition says is worked out when its resource is first asked for.
import type { CustomResourceDefinition } from '../../api/generated/types.ts';
import { compileSchemaRules } from '../../api/cel/schema-rules.ts';
import { customResourcesOf, isEstablished } from '../../api/apiextensions/custom-kind.ts';
import type { CustomResource } from '../../api/apiextensions/custom-kind.ts';
import { byVersionPriority } from '../../api/apiextensions/version-priority.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { customResourceDefinitions } from '../../api/other-resources.ts';
import { groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { Store } from '../../storage/store.ts';
import { createWebhookConverter, type ConversionOptions } from './convert-by-webhook.ts';
import { createWebhookStore, type WebhookStore } from './webhook-store.ts';
import { createConvertingStore } from '../registry/converting-store.ts';
import { collectionPrefix } from '../registry/object-keys.ts';
import { viewOf } from '../registry/stored-view.ts';

export interface CustomResources {
  /** All that are served, preferred versions first; the same list while nothing changes. */
  resources(): readonly CustomResource[];
  find(path: { group: string; version: string; resource: string }): CustomResource | undefined;
  hasGroupVersion(path: { group: string; version: string }): boolean;
  /** The store as requests on the resource see it: objects in its own version. */
  access(resource: CustomResource, converting: Converting): ResourceStore;
  /** The same without webhooks: objects of other versions have just another apiVersion. */
  storeOf(resource: CustomResource): Store;
}

/** What conversion by webhooks needs. */
export type Converting = Pick<ConversionOptions, 'client' | 'random'>;

export interface ResourceStore {
  readonly store: Store;
  /** Set when reads may be stopped by NotConvertedError. */
  readonly webhookStore: WebhookStore | undefined;
}

interface Served {
  readonly resources: readonly CustomResource[];
  readonly byPath: ReadonlyMap<string, CustomResource>;
  readonly groupVersions: ReadonlySet<string>;
}

const PREFIX = collectionPrefix(customResourceDefinitions, '');

/** The custom resources of a store; it reads the store when it is first asked. */
export function createCustomResources(store: Store): CustomResources {
  let served: Served | undefined;
  let isWatching = false;
  // Of definitions as they stand in the store: a change of one leaves the others as they are.
  const known = new WeakMap<CustomResourceDefinition, readonly CustomResource[]>();
  const converted = new WeakMap<CustomResource, ResourceStore>();
  const plain = new WeakMap<CustomResource, Store>();

  const resourcesOf = (definition: CustomResourceDefinition) => {
    const made = known.get(definition) ?? customResourcesOf(definition, compileSchemaRules);
    known.set(definition, made);
    return made;
  };
  const load = (): Served => {
    const { entries, revision } = store.list(PREFIX);
    if (!isWatching) {
      isWatching = true;
      store.watch(PREFIX, revision, {
        events: () => (served = undefined),
        end() {
          served = undefined;
          isWatching = false;
        },
      });
    }
    const definitions = entries.map((entry) => viewOf<CustomResourceDefinition>(entry).object);
    return servedBy(definitions.filter(isEstablished).flatMap(resourcesOf));
  };
  const current = () => (served ??= load());
  const storeOf = (resource: CustomResource): Store => {
    const made = plain.get(resource) ?? versionOf(store, resource);
    plain.set(resource, made);
    return made;
  };

  return {
    resources: () => current().resources,
    find: (path) => current().byPath.get(`${groupVersion(path)} ${path.resource}`),
    hasGroupVersion: (path) => current().groupVersions.has(groupVersion(path)),
    access(resource, converting) {
      const existing = converted.get(resource);
      if (existing) return existing;
      const webhookStore = webhookStoreOf(store, resource, converting);
      if (!webhookStore) return { store: storeOf(resource), webhookStore };
      const made = { store: versionOf(webhookStore, resource), webhookStore };
      converted.set(resource, made);
      return made;
    },
    storeOf,
  };
}

/** The store as the version of the resource shows it. */
function versionOf(store: Store, resource: CustomResource): Store {
  const { custom } = resource;
  return createConvertingStore(store, resource, {
    stored: resource,
    fromStored: (object: KubernetesObject) => custom.fromStored(object),
    toStored: (object: KubernetesObject) => custom.toStored(object),
  });
}

function webhookStoreOf(
  store: Store,
  resource: CustomResource,
  converting: Converting,
): WebhookStore | undefined {
  const { conversion: webhook, storedVersion } = resource.custom;
  if (!webhook) return undefined;
  const convert = createWebhookConverter({ webhook, ...converting });
  return createWebhookStore({ store, resource, storedVersion, convert });
}

function servedBy(resources: readonly CustomResource[]): Served {
  const sorted = resources.toSorted(byGroupAndVersion);
  return {
    resources: sorted,
    byPath: new Map(sorted.map((one) => [`${groupVersion(one)} ${one.resource}`, one])),
    groupVersions: new Set(sorted.map(groupVersion)),
  };
}

function byGroupAndVersion(left: ResourceDefinition, right: ResourceDefinition): number {
  if (left.group !== right.group) return left.group < right.group ? -1 : 1;
  return byVersionPriority(left.version, right.version);
}
