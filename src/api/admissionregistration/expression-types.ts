// The types of what expressions in admission may speak of: `request`, `namespaceObject`, and the
// objects that mutations are written in.
import type { StructTypes } from '../cel/compile-expression.ts';
import { DYN, STRING } from '../cel/language/types.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';

const text: Schema = { type: 'string' };
const texts: Schema = { type: 'array', items: text };
const time: Schema = { type: 'string', format: 'date-time' };
const whole: Schema = { type: 'integer' };
const flag: Schema = { type: 'boolean' };
/** Of no certain type, as the schema of what may be two types is to CEL. */
const untyped: Schema = { 'x-kubernetes-int-or-string': true };

function object(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', properties };
}

function mapOf(additionalProperties: Schema): Schema {
  return { type: 'object', additionalProperties };
}

const kind = object({ group: text, version: text, kind: text });
const resource = object({ group: text, version: text, resource: text });

/** The type of `request`. */
export const requestSchema: Schema = object({
  kind,
  resource,
  subResource: text,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: text,
  name: text,
  namespace: text,
  operation: text,
  userInfo: object({ username: text, uid: text, groups: texts, extra: mapOf(texts) }),
  dryRun: flag,
  options: untyped,
});

/** The type of `namespaceObject`. */
export const namespaceSchema: Schema = object({
  metadata: object({
    name: text,
    generateName: text,
    namespace: text,
    labels: mapOf(text),
    annotations: mapOf(text),
    UID: text,
    creationTimestamp: time,
    deletionGracePeriodSeconds: whole,
    deletionTimestamp: time,
    generation: whole,
    resourceVersion: text,
    finalizers: texts,
  }),
  spec: object({ finalizers: texts }),
  status: object({ phase: text }),
});

const PATCH = 'JSONPatch';
const PATCH_FIELDS = new Map([
  ['op', STRING],
  ['path', STRING],
  ['from', STRING],
  ['value', DYN],
]);

function isObject(struct: string): boolean {
  return struct === 'Object' || struct.startsWith('Object.');
}

function isMutation(struct: string): boolean {
  return struct === PATCH || isObject(struct);
}

/** `JSONPatch{…}` and `Object{spec: Object.spec{…}}`. */
export const mutationStructs: StructTypes = {
  fieldType: (struct, field) =>
    struct === PATCH ? PATCH_FIELDS.get(field) : isObject(struct) ? DYN : undefined,
  hasFields: isMutation,
  canMake: isMutation,
};
