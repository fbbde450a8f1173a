// Who owns whom, over the informers of all resources.
import type { OwnerReference } from '../../api/generated/types.ts';
import { nameOf, namespaceOf, type KubernetesObject } from '../../api/meta/object.ts';
import { formConversion } from '../../api/form-conversion.ts';
import {
  builtinResources,
  events,
  groupVersion,
  type ResourceDefinition,
} from '../../api/resources.ts';
import type { Informer, InformerFactory } from '../../client/informer.ts';

const BY_OWNER = 'owner';
const BY_UID = 'uid';

export interface Node {
  readonly resource: ResourceDefinition;
  readonly object: KubernetesObject;
}

export interface NodeName {
  readonly resource: ResourceDefinition;
  readonly namespace: string;
  readonly name: string;
}

/** Work queue key of an object. */
export function nodeKey({ resource, object }: Node): string {
  return JSON.stringify([
    `${groupVersion(resource)}/${resource.resource}`,
    namespaceOf(object),
    nameOf(object),
  ]);
}

export class OwnerGraph {
  readonly informers: ReadonlyMap<string, Informer<KubernetesObject>>;
  readonly #byKind: ReadonlyMap<string, ResourceDefinition>;

  constructor(factory: InformerFactory) {
    // Events come and go in numbers and own nothing; other forms of an object would count it twice.
    const resources = builtinResources.filter(
      (resource) =>
        resource.resource !== events.resource &&
        resource.verbs.includes('watch') &&
        formConversion(resource) === undefined,
    );
    this.informers = new Map(
      resources.map((resource) => [
        `${groupVersion(resource)}/${resource.resource}`,
        factory.informer(resource),
      ]),
    );
    this.#byKind = new Map(
      resources.map((resource) => [`${groupVersion(resource)}/${resource.kind}`, resource]),
    );
    for (const informer of this.informers.values()) {
      informer.addIndex(BY_OWNER, ({ metadata }) =>
        (metadata.ownerReferences ?? []).map(({ uid }) => uid),
      );
      informer.addIndex(BY_UID, ({ metadata }) => [metadata.uid ?? '']);
    }
  }

  /** The object of a key from nodeKey(), as cached. */
  find(key: string): Node | undefined {
    const [type = '', namespace = '', name = ''] = JSON.parse(key) as string[];
    const informer = this.informers.get(type);
    const object = informer?.lister.get({ namespace, name });
    return informer && object ? { resource: informer.resource, object } : undefined;
  }

  dependentsOf(uid: string): Node[] {
    return this.#byIndex(BY_OWNER, uid);
  }

  /** Objects of that uid: one at most. */
  withUid(uid: string): Node[] {
    return this.#byIndex(BY_UID, uid);
  }

  /** Undefined for kinds that are not served. */
  resourceOf({ apiVersion, kind }: OwnerReference): ResourceDefinition | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  cached({ resource, namespace, name }: NodeName): KubernetesObject | undefined {
    const informer = this.informers.get(`${groupVersion(resource)}/${resource.resource}`);
    return informer?.lister.get({ namespace, name });
  }

  #byIndex(index: string, value: string): Node[] {
    return [...this.informers.values()].flatMap(({ lister, resource }) =>
      lister.byIndex(index, value).map((object) => ({ resource, object })),
    );
  }
}
