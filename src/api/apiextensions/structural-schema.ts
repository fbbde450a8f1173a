// The schema of a custom resource as its definition has it (API-1002): small questions that
// pruning, defaulting, validation and CEL all ask. The schema itself is read as it is, never
// compiled.
import type { JSONSchemaProps } from '../generated/types.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json } from '../meta/object.ts';

export type Schema = JSONSchemaProps;

/** Members of every object, which no schema describes but in restricting names. */
export const META_FIELDS: readonly string[] = ['apiVersion', 'kind', 'metadata'];

/** The schema of a list's items, when there is one for all of them. */
export function itemsOf(schema: Schema): Schema | undefined {
  return isJsonObject(schema.items) ? (schema.items as Schema) : undefined;
}

/** The schema of members that are not declared; undefined when there is none. */
export function additionalSchema({ additionalProperties }: Schema): Schema | undefined {
  return isJsonObject(additionalProperties) ? (additionalProperties as Schema) : undefined;
}

/** The schema of a declared member. */
export function propertyOf({ properties }: Schema, name: string): Schema | undefined {
  return properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** The schema of a member, declared or not. */
export function memberSchema(schema: Schema, name: string): Schema | undefined {
  return propertyOf(schema, name) ?? additionalSchema(schema);
}

/** The default of a value that is not set; undefined when the schema has none. */
export function defaultOf(schema: Schema): Json | undefined {
  return (schema.default ?? undefined) as Json | undefined;
}

/** True when unknown members are kept here. */
export function preservesUnknown(schema: Schema): boolean {
  return schema['x-kubernetes-preserve-unknown-fields'] === true;
}

/** True for an object with apiVersion, kind and metadata of its own inside of another. */
export function isEmbedded(schema: Schema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true;
}

export function isIntOrString(schema: Schema): boolean {
  return schema['x-kubernetes-int-or-string'] === true;
}

/** True when `test` holds for the schema or one that it holds, also in allOf and the like. */
export function schemaHas(schema: Schema | undefined, test: (schema: Schema) => boolean): boolean {
  if (schema === undefined) return false;
  if (test(schema)) return true;
  const below = [
    itemsOf(schema),
    additionalSchema(schema),
    schema.not,
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    ...Object.values(schema.properties ?? {}),
  ];
  return below.some((child) => schemaHas(child, test));
}

/** The root schema as pruning sees it: every object has its metadata. */
export function asResourceRoot(schema: Schema): Schema {
  return isEmbedded(schema) ? schema : { ...schema, 'x-kubernetes-embedded-resource': true };
}
