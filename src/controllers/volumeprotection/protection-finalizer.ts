// Adds and removes one finalizer of an object: what both protection controllers do.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { nameOf, namespaceOf } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import type { ResourceClient } from '../../client/client.ts';

export function hasFinalizer(object: KubernetesObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Writes the object with or without the finalizer; one that has gone meanwhile is no error. */
export async function writeFinalizer<T extends KubernetesObject>(
  api: ResourceClient<T>,
  object: T,
  { finalizer, present }: { finalizer: string; present: boolean },
): Promise<void> {
  const others = (object.metadata.finalizers ?? []).filter((entry) => entry !== finalizer);
  const finalizers = present ? [...others, finalizer] : others;
  const { resourceVersion, uid } = object.metadata;
  const body = { metadata: { finalizers, resourceVersion, uid } };
  const namespace = namespaceOf(object);
  const name = { name: nameOf(object), ...(namespace === '' ? {} : { namespace }) };
  try {
    await api.patch(name, { type: 'merge', body });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
