// Who owns which fields: metadata.managedFields of every object that is created, updated or patched
// (API-406, API-641 … API-653). The rules are in api/meta/apply; this binds them to requests.
import type { CustomKind } from '../../api/apiextensions/custom-kind.ts';
import { formConversion } from '../../api/form-conversion.ts';
import { builtinSchema, emptyObject } from '../../api/meta/apply/builtin-schema.ts';
import { managedByUpdate, sameOwners } from '../../api/meta/apply/field-manager.ts';
import type { FieldManagement } from '../../api/meta/apply/field-manager.ts';
import { resetFilter } from '../../api/meta/apply/reset-fields.ts';
import { jsonEqual } from '../../api/meta/json-equal.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, KubernetesObject } from '../../api/meta/object.ts';
import { builtinResources, groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ApiRequest } from '../api-request.ts';
import { ruleContextAt } from './handler-context.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { FIELD_MANAGER_BYTES_MAX, isPrintable } from './write-options.ts';

/** API-641: the parameter fieldManager, else the name of the client's program. */
export function managerOf({ query, userAgent }: ApiRequest): string {
  const given = query.get('fieldManager') ?? '';
  return given === '' ? programOf(userAgent) : given;
}

function programOf(userAgent: string): string {
  let name = '';
  for (const character of userAgent.split('/')[0] ?? '') {
    if (!isPrintable(character)) continue;
    if (Buffer.byteLength(name + character) > FIELD_MANAGER_BYTES_MAX) break;
    name += character;
  }
  return name === '' ? 'unknown' : name;
}

/** What ownership depends on. */
interface TrackedRequest extends Pick<ResourceRequest, 'resource'> {
  readonly info: Pick<ResourceRequest['info'], 'subresource'>;
  readonly rules: Pick<ResourceRequest['rules'], 'hasStatus'>;
}

/** How fields of the target's objects are owned. */
export function fieldManagement(
  context: HandlerContext,
  { resource, info: { subresource }, rules }: TrackedRequest,
): FieldManagement {
  const { group, resource: name } = resource;
  const { hasStatus } = rules;
  const custom = resource.custom !== undefined;
  const written = { group, resource: name, subresource, hasStatus, custom };
  return {
    ...typingOf(resource),
    filter: resetFilter(written),
    subresource,
    now: ruleContextAt(context).now,
  };
}

type TypeManagement = Pick<FieldManagement, 'schema' | 'apiVersion' | 'versions' | 'empty'>;

const managements = new WeakMap<ResourceDefinition, TypeManagement>();

/** The part of the management that is the type's. */
export function typingOf(resource: ResourceDefinition): TypeManagement {
  let typing = managements.get(resource);
  if (!typing) {
    const apiVersion = groupVersion(resource);
    typing = resource.custom
      ? customTyping(resource.custom, apiVersion)
      : {
          schema: builtinSchema(resource.model),
          apiVersion,
          versions: formVersions(resource),
          empty: emptyObject(resource.model),
        };
    managements.set(resource, typing);
  }
  return typing;
}

/** The versions of all forms of a resource: what one owns is the same field in the others. */
function formVersions(resource: ResourceDefinition): Set<string> {
  const storedForm = (form: ResourceDefinition) => formConversion(form)?.stored ?? form;
  const stored = storedForm(resource);
  const others = builtinResources.filter((form) => storedForm(form) === stored);
  return new Set([resource, ...others].map(groupVersion));
}

function customTyping({ applySchema, apiVersions }: CustomKind, apiVersion: string) {
  return { schema: applySchema, apiVersion, versions: apiVersions, empty: {} };
}

/** Sets the managedFields of a new (`old` undefined) or changed object, before admission. */
export function trackFields(
  context: HandlerContext,
  target: ResourceRequest,
  { object, old }: { object: KubernetesObject; old: KubernetesObject | undefined },
): void {
  const management = fieldManagement(context, target);
  const manager = managerOf(target.request);
  setManagedFields(object, managedByUpdate(management, { live: old, object, manager }));
}

/** Sets or removes the list. */
export function setManagedFields(
  { metadata }: KubernetesObject,
  entries: KubernetesObject['metadata']['managedFields'],
): void {
  if (entries === undefined) delete metadata.managedFields;
  else metadata.managedFields = entries;
}

/** A list that is sent empty asks to forget all owners (API-647); decoding would drop it. */
export function keepEmptyOwners({ metadata }: KubernetesObject, sent: Json): void {
  const own = isJsonObject(sent) ? sent['metadata'] : undefined;
  const entries = isJsonObject(own) ? own['managedFields'] : undefined;
  if (Array.isArray(entries) && entries.length === 0) metadata.managedFields = [];
}

/** API-305: when an update changes nothing but times of owners, these stay, too. */
export function keepOwnerTimes(object: KubernetesObject, old: KubernetesObject): void {
  const { managedFields } = object.metadata;
  const before = old.metadata.managedFields;
  if (managedFields === before || !sameOwners(managedFields, before)) return;
  const kept = { ...object.metadata, managedFields: before };
  if (jsonEqual({ ...object, metadata: kept }, old)) setManagedFields(object, before);
}

/**
 * A copy for a handler to change. The entries of managedFields are shared with the original: they
 * are large, and nobody changes them.
 */
export function workingCopy<T extends KubernetesObject>(object: T): T {
  const { managedFields, ...metadata } = object.metadata;
  const copy = structuredClone({ ...object, metadata });
  setManagedFields(copy, managedFields);
  return copy;
}
