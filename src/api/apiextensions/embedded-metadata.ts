// Objects inside of custom resources (x-kubernetes-embedded-resource) name their kind and have
// valid metadata (API-1003).
import type { ObjectMeta, StatusCause } from '../generated/types.ts';
import { pathSegmentName, validateObjectMeta } from '../core/object-meta-validation.ts';
import { FieldPath, invalidForEach, invalidValue, required } from '../meta/field-errors.ts';
import { validateDns1035Label } from '../meta/names.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject } from '../meta/object.ts';
import { isEmbedded, itemsOf, memberSchema } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

/** The causes against embedded resources, at any depth. */
export function validateEmbedded(value: Json, schema: Schema): StatusCause[] {
  return [...checkBelow(value, schema, undefined)];
}

function* checkBelow(
  value: Json,
  schema: Schema | undefined,
  path: FieldPath | undefined,
): Iterable<StatusCause> {
  if (schema === undefined) return;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    for (const [index, item] of value.entries()) yield* checkBelow(item, items, path?.index(index));
  } else if (isJsonObject(value)) {
    if (path && isEmbedded(schema)) yield* checkObject(value, path);
    for (const [name, member] of Object.entries(value)) {
      yield* checkBelow(member, memberSchema(schema, name), childPath(path, name));
    }
  }
}

function childPath(path: FieldPath | undefined, name: string): FieldPath {
  return path ? path.child(name) : new FieldPath(name);
}

const EMPTY = 'must not be empty';

/** Decoding has let only texts through. */
function textOf(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}

function* checkObject(object: JsonObject, path: FieldPath): Iterable<StatusCause> {
  const { metadata } = object;
  const [apiVersion, kind] = [textOf(object, 'apiVersion'), textOf(object, 'kind')];
  if (apiVersion === undefined) yield required(path.child('apiVersion'));
  else if (apiVersion === '') yield invalidValue(path.child('apiVersion'), '', EMPTY);
  else if (apiVersion.split('/').length > 2) {
    const message = `unexpected GroupVersion string: ${apiVersion}`;
    yield invalidValue(path.child('apiVersion'), apiVersion, message);
  }
  if (kind === undefined) yield required(path.child('kind'));
  else if (kind === '') yield invalidValue(path.child('kind'), '', EMPTY);
  else {
    const messages = validateDns1035Label(kind.toLowerCase());
    const prefixed = messages.map(
      (text) => `may have mixed case, but should otherwise match: ${text}`,
    );
    yield* invalidForEach(path.child('kind'), kind, prefixed);
  }
  if (isJsonObject(metadata)) yield* checkMetadata(metadata as ObjectMeta, path);
}

function* checkMetadata(metadata: ObjectMeta, path: FieldPath): Iterable<StatusCause> {
  const named = (metadata.name ?? '') === '' ? { ...metadata, name: 'any' } : metadata;
  const rules = { namespaced: (metadata.namespace ?? '') !== '', nameRule: pathSegmentName };
  for (const cause of validateObjectMeta(named, rules)) {
    yield { ...cause, field: `${path.toString()}.${cause.field ?? ''}` };
  }
}
