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
import { createConvertingStore } from '../registry/converting-store.ts';
import { collectionPrefix } from '../registry/object-keys.ts';
import { viewOf } from '../registry/stored-view.ts';

export interface CustomResources {
  /** All that are served, preferred versions first; the same list while nothing changes. */
  resources(): readonly CustomResource[];
  find(path: { group: string; version: string; resource: string }): CustomResource | undefined;
  hasGroupVersion(path: { group: string; version: string }): boolean;
  /** The store as requests on the resource see it: objects in its own version. */
  storeOf(resource: CustomResource): Store;
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
  const stores = new WeakMap<CustomResource, Store>();

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

  return {
    resources: () => current().resources,
    find: (path) => current().byPath.get(`${groupVersion(path)} ${path.resource}`),
    hasGroupVersion: (path) => current().groupVersions.has(groupVersion(path)),
    storeOf(resource) {
      const existing = stores.get(resource);
      if (existing) return existing;
      const { custom } = resource;
      const conversion = {
        stored: resource,
        fromStored: (object: KubernetesObject) => custom.fromStored(object),
        toStored: (object: KubernetesObject) => custom.toStored(object),
      };
      const made = createConvertingStore(store, resource, conversion);
      stores.set(resource, made);
      return made;
    },
  };
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
