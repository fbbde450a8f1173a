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
  return JSON.stringify([typeKey(resource), namespaceOf(object), nameOf(object)]);
}

function typeKey(resource: ResourceDefinition): string {
  return `${groupVersion(resource)}/${resource.resource}`;
}

export class OwnerGraph {
  readonly #informers = new Map<string, Informer<KubernetesObject>>();
  readonly #byKind = new Map<string, ResourceDefinition>();

  constructor(factory: InformerFactory) {
    // Events come and go in numbers and own nothing; other forms of an object would count it twice.
    const resources = builtinResources.filter(
      (resource) =>
        resource.resource !== events.resource &&
        resource.verbs.includes('watch') &&
        formConversion(resource) === undefined,
    );
    for (const resource of resources) this.add(factory.informer(resource), [resource]);
  }

  /** By group, version and resource; custom ones come and go. */
  get informers(): ReadonlyMap<string, Informer<KubernetesObject>> {
    return this.#informers;
  }

  /** Takes up the objects of an informer; `kinds` are the forms in which owners may name them. */
  add(informer: Informer<KubernetesObject>, kinds: readonly ResourceDefinition[]): void {
    const { resource } = informer;
    this.#informers.set(typeKey(resource), informer);
    for (const kind of kinds) this.#byKind.set(`${groupVersion(kind)}/${kind.kind}`, resource);
    informer.addIndex(BY_OWNER, ({ metadata }) =>
      (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    );
    informer.addIndex(BY_UID, ({ metadata }) => [metadata.uid ?? '']);
  }

  /** Forgets the objects of an informer. */
  remove({ resource }: Informer<KubernetesObject>): void {
    this.#informers.delete(typeKey(resource));
    for (const [kind, known] of this.#byKind) if (known === resource) this.#byKind.delete(kind);
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
    const informer = this.#informers.get(typeKey(resource));
    return informer?.lister.get({ namespace, name });
  }

  #byIndex(index: string, value: string): Node[] {
    return [...this.informers.values()].flatMap(({ lister, resource }) =>
      lister.byIndex(index, value).map((object) => ({ resource, object })),
    );
  }
}
