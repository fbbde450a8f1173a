// The members of a JSON schema (in CustomResourceDefinitions) that are one of several things, and
// so messages of their own on the wire.
import type { Json } from '../object.ts';
import { isTrue } from './read-scalar.ts';
import { expectBytes, expectVarint, wireFields } from './wire-reader.ts';

/** Reads a choice; `schema` reads a schema inside it. */
export type SchemaChoice = (bytes: Buffer, schema: (bytes: Buffer) => Json) => Json;

const schemaOrList: SchemaChoice = (bytes, schema) => {
  let single: Json = null;
  const list: Json[] = [];
  for (const entry of wireFields(bytes, 'JSONSchemaPropsOrArray')) {
    if (entry.number === 1) single = schema(expectBytes(entry, 'schema'));
    if (entry.number === 2) list.push(schema(expectBytes(entry, 'jSONSchemas')));
  }
  return list.length > 0 ? list : single;
};

const schemaOrBoolean: SchemaChoice = (bytes, schema) => {
  let found: Json = false;
  for (const entry of wireFields(bytes, 'JSONSchemaPropsOrBool')) {
    if (entry.number === 2) found = schema(expectBytes(entry, 'schema'));
    if (entry.number === 1 && typeof found === 'boolean') {
      found = isTrue(expectVarint(entry, 'allows'));
    }
  }
  return found;
};

const schemaOrTexts: SchemaChoice = (bytes, schema) => {
  let single: Json = null;
  const texts: Json[] = [];
  for (const entry of wireFields(bytes, 'JSONSchemaPropsOrStringArray')) {
    if (entry.number === 1) single = schema(expectBytes(entry, 'schema'));
    if (entry.number === 2) texts.push(expectBytes(entry, 'property').toString('utf8'));
  }
  return texts.length > 0 ? texts : single;
};

const CHOICES: ReadonlyMap<string, SchemaChoice> = new Map([
  ['JSONSchemaProps.items', schemaOrList],
  ['JSONSchemaProps.additionalItems', schemaOrBoolean],
  ['JSONSchemaProps.additionalProperties', schemaOrBoolean],
  ['JSONSchemaProps.dependencies', schemaOrTexts],
]);

/** The reader of a field that is a choice; undefined for all other fields. */
export function schemaChoice(type: string, field: string): SchemaChoice | undefined {
  return CHOICES.get(`${type}.${field}`);
}
