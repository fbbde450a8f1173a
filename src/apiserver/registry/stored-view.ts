// Objects as the store holds them: bytes made once, decoded once, shared by everybody who reads.
import { deepFreeze } from '../../api/meta/object.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import type { StoredEntry } from '../../storage/store.ts';
import type { StoredObject } from '../api-request.ts';

/** Keyed by the bytes: they are the same before and after an entry is durable, in every index. */
const views = new WeakMap<Buffer, StoredObject>();

/** The object of an entry; decoded at first use, then kept as long as its bytes. */
export function viewOf<T extends KubernetesObject>(entry: StoredEntry): StoredObject<T> {
  let view = views.get(entry.value);
  if (!view) {
    view = new View(entry.value);
    views.set(entry.value, view);
  }
  return view as StoredObject<T>;
}

/** Decodes, or freezes, when somebody looks: for most writes nobody does. */
class View implements StoredObject {
  readonly encoded: Buffer;
  #object: KubernetesObject | undefined;
  #isFrozen = false;

  constructor(encoded: Buffer, object?: KubernetesObject) {
    this.encoded = encoded;
    this.#object = object;
  }

  get object(): KubernetesObject {
    this.#object ??= JSON.parse(this.encoded.toString()) as KubernetesObject;
    if (!this.#isFrozen) deepFreeze(this.#object);
    this.#isFrozen = true;
    return this.#object;
  }
}

/**
 * The bytes of an object at a revision. They always start with apiVersion and kind, so that a list
 * can leave these out of its items without decoding them.
 */
export function encodeObject(object: KubernetesObject, revision: number): Buffer {
  const view = storedAt(object, revision);
  views.set(view.encoded, view);
  return view.encoded;
}

/** An object that carries the revision, with its bytes. The one given must not change any more. */
export function storedAt(object: KubernetesObject, revision: number): StoredObject {
  const { apiVersion, kind } = object;
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  const value = Object.assign({ apiVersion, kind }, object, { metadata });
  return new View(Buffer.from(JSON.stringify(value)), value);
}
