// Defaults of a schema fit the schema they stand in, and have nothing it does not know (API-1004).
import type { StatusCause } from '../generated/types.ts';
import { DecodeError } from '../meta/decode-context.ts';
import { decodeObject } from '../meta/decode.ts';
import { invalidValue } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json } from '../meta/object.ts';
import { validateEmbedded } from './embedded-metadata.ts';
import { prune } from './prune.ts';
import type { SchemaRules } from './schema-rules.ts';
import { defaultOf, isEmbedded, itemsOf } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';
import { validateValue } from './validate-value.ts';

type MakeRules = (schema: Schema) => SchemaRules | undefined;

/** The causes against the defaults in a root schema, which is structural. */
export function* checkDefaults(
  schema: Schema,
  path: FieldPath,
  makeRules: MakeRules,
): Iterable<StatusCause> {
  const value = defaultOf(schema);
  if (value !== undefined) yield* checkDefault(value, schema, { path, makeRules });
  const items = itemsOf(schema);
  if (items) yield* checkDefaults(items, path.child('items'), makeRules);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    yield* checkDefaults(property, path.child('properties').key(name), makeRules);
  }
}

function checkDefault(
  value: Json,
  schema: Schema,
  { path, makeRules }: { path: FieldPath; makeRules: MakeRules },
): StatusCause[] {
  const at = path.child('default');
  const causes: StatusCause[] = [];
  if (!jsonEqual(prune(value, schema, isEmbedded(schema)).value, value)) {
    causes.push(invalidValue(at, value, 'must not have unknown fields'));
  }
  const base = at.toString();
  const meta = isEmbedded(schema) ? metadataError(value) : undefined;
  if (meta !== undefined) return [...causes, invalidValue(at.child('metadata'), value, meta)];
  const embedded = validateEmbedded(value, schema);
  if (embedded.length > 0) return [...causes, ...below(embedded, base)];
  const wrong = validateValue(value, schema, { base });
  if (wrong.length > 0) return [...causes, ...wrong];
  return [...causes, ...below(makeRules(schema)?.validate(value, undefined) ?? [], base)];
}

function below(causes: readonly StatusCause[], base: string): StatusCause[] {
  return causes.map((cause) => {
    const field = cause.field === '<nil>' ? '' : (cause.field ?? '');
    return { ...cause, field: field === '' ? base : `${base}.${field}` };
  });
}

function metadataError(value: Json): string | undefined {
  const metadata = isJsonObject(value) ? value['metadata'] : undefined;
  if (!isJsonObject(metadata)) return undefined;
  try {
    decodeObject(metadata, { type: 'ObjectMeta' });
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}
