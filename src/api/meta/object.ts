// What every Kubernetes object has, and small questions about it.
import type { ObjectMeta, OwnerReference } from '../generated/types.ts';

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
}

export interface KubernetesList<T extends KubernetesObject = KubernetesObject> {
  apiVersion: string;
  kind: string;
  metadata: {
    resourceVersion?: string;
    continue?: string;
    remainingItemCount?: number;
  };
  items: T[];
}

/** A JSON value as it comes off the wire. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's name; the empty string before the server has generated one. */
export function nameOf(object: { metadata?: ObjectMeta | undefined }): string {
  return object.metadata?.name ?? '';
}

/** The object's namespace; the empty string for cluster-scoped objects. */
export function namespaceOf(object: { metadata?: ObjectMeta | undefined }): string {
  return object.metadata?.namespace ?? '';
}

export function uidOf(object: { metadata?: ObjectMeta | undefined }): string {
  return object.metadata?.uid ?? '';
}

/** `namespace/name`, or `name` without a namespace: the key of caches and work queues. */
export function keyOf(object: { metadata?: ObjectMeta | undefined }): string {
  const namespace = namespaceOf(object);
  return namespace === '' ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

/** Splits what `keyOf` made. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: '', name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** True once metadata.deletionTimestamp is set. */
export function isTerminating(object: KubernetesObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** The owner reference with `controller: true`, if any. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** A reference to `owner` as its controller (SS-109). */
export function controllerReference(owner: KubernetesObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: nameOf(owner),
    uid: uidOf(owner),
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Freezes a value and everything in it; returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
}
