// OpenAPI schemas of the built-in types, out of the type model, its texts and the merge keys
// (API-234, API-235, API-237).
import { holdsQuantity } from '../../api/meta/go-shape.ts';
import {
  associativeLists,
  atomicMaps,
  atomicTypes,
  mergeRule,
  retainKeysFields,
  setLists,
} from '../../api/meta/merge-keys.ts';
import type { FieldModel, ObjectType, Scalar, TypeRef } from '../../api/meta/type-model.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { fieldText, type TypeDocs } from '../type-docs.ts';
import { enumValues } from './enum-values.ts';
import { reachableTypes, schemaName } from './schema-names.ts';

export type Schema = Readonly<Record<string, unknown>>;

const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const FIELDS = 'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1';
const RAW = 'io.k8s.apimachinery.pkg.runtime.RawExtension';

/** Fields of any form that are types of their own. */
const OPEN_FIELDS: Readonly<Record<string, string>> = {
  'ControllerRevision.data': RAW,
  'ManagedFieldsEntry.fieldsV1': FIELDS,
};

/** A reference to a schema of the same document. */
export const schemaReference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const SCALARS: Readonly<Record<Scalar, Schema>> = {
  string: { type: 'string' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  number: { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
  time: { type: 'string', format: 'date-time' },
  microtime: { type: 'string', format: 'date-time' },
  bytes: { type: 'string', format: 'byte' },
  'int-or-string': schemaReference(INT_OR_STRING),
  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
};

/** The schema of a type; `scalar` makes that of the scalar at its bottom. */
function typeSchema(type: TypeRef, scalar: (type: Scalar) => Schema): Schema {
  switch (type.form) {
    case 'scalar':
      return scalar(type.scalar);
    case 'list':
      return { type: 'array', items: typeSchema(type.item, scalar) };
    case 'map':
      return { type: 'object', additionalProperties: typeSchema(type.value, scalar) };
    case 'object':
      return schemaReference(schemaName(type.name));
  }
}

/** How clients merge a field in patches that they compute (API-234). */
function patchExtensions(path: string, type: string, field: string): Schema {
  const rule = mergeRule(type, field);
  const strategy = [
    ...(rule ? [rule.strategy] : []),
    ...(retainKeysFields.has(path) ? ['retainKeys'] : []),
  ].join(',');
  return {
    ...(strategy === '' ? {} : { 'x-kubernetes-patch-strategy': strategy }),
    ...(rule && rule.key !== '' ? { 'x-kubernetes-patch-merge-key': rule.key } : {}),
  };
}

/** How server-side apply merges a field (API-237). */
function mergeExtensions(path: string, type: TypeRef): Schema {
  if (type.form === 'map' && atomicMaps.has(path)) return { 'x-kubernetes-map-type': 'atomic' };
  if (type.form !== 'list') return {};
  const keys = associativeLists.get(path);
  if (keys) return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
  return { 'x-kubernetes-list-type': setLists.has(path) ? 'set' : 'atomic' };
}

/** A field's text; clients that do not know enums find the words there. */
function description(text: string | undefined, values: readonly string[] = []): Schema {
  const listed = values.map((value) => `\n - \`${JSON.stringify(value)}\``).join('');
  const parts = [text, listed === '' ? undefined : `Possible enum values:${listed}`];
  const whole = parts.filter((part) => part !== undefined).join('\n\n');
  return whole === '' ? {} : { description: whole };
}

function fieldSchema(owner: string, { name, type }: FieldModel, text: string | undefined): Schema {
  const path = `${owner}.${name}`;
  const values = enumValues.get(path);
  const own = typeSchema(type, (scalar) => {
    const named = holdsQuantity(owner, name) ? QUANTITY : OPEN_FIELDS[path];
    if (named !== undefined) return schemaReference(named);
    return values ? { ...SCALARS[scalar], enum: values } : SCALARS[scalar];
  });
  // Beside a reference nothing else counts, hence allOf.
  const base = '$ref' in own ? { allOf: [own] } : own;
  return {
    ...description(text, values),
    ...base,
    ...mergeExtensions(path, type),
    ...patchExtensions(path, owner, name),
  };
}

function objectSchema({ name, fields }: ObjectType, docs: TypeDocs): Schema {
  const text = docs[name]?.[''];
  const properties: Record<string, Schema> = {};
  for (const field of fields.values()) {
    properties[field.name] = fieldSchema(name, field, fieldText(docs, name, field.name));
  }
  const required = [...fields.values()].filter((field) => field.required);
  return {
    ...(text === undefined ? {} : { description: text }),
    type: 'object',
    ...(required.length > 0 ? { required: required.map((field) => field.name) } : {}),
    properties,
    ...(atomicTypes.has(name) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
  };
}

/** What the type model has as scalars, and the reference as types. */
const NAMED_SCALARS: Readonly<Record<string, Schema>> = {
  [INT_OR_STRING]: {
    description: 'IntOrString holds an int32 or a string: a number, or a percentage such as "25%".',
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
  },
  [QUANTITY]: {
    description: 'Quantity is a number, with a suffix if need be: "500m", "2Gi", "1e3", "0.5".',
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
  [FIELDS]: { description: 'FieldsV1 is a set of fields, as a tree of them.', type: 'object' },
  [RAW]: { description: 'RawExtension is an object of any kind.', type: 'object' },
};

/** The schemas of some kinds and of all types they hold, by OpenAPI name. */
export function schemasOf(
  resources: readonly ResourceDefinition[],
  docs: TypeDocs,
): Record<string, Schema> {
  const schemas: Record<string, Schema> = { ...NAMED_SCALARS };
  Object.assign(
    schemas,
    typeSchemas(
      resources.map(({ model }) => model),
      docs,
    ),
  );
  for (const { model, group, version, kind } of resources) {
    const name = schemaName(model);
    const gvk = { 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
    schemas[name] = { ...schemas[name], ...gvk };
  }
  return schemas;
}

/** The schemas of some types and of all that they hold, by OpenAPI name. */
export function typeSchemas(models: readonly string[], docs: TypeDocs): Record<string, Schema> {
  const schemas: Record<string, Schema> = {};
  for (const model of models) {
    for (const type of reachableTypes(model)) {
      schemas[schemaName(type.name)] ??= objectSchema(type, docs);
    }
  }
  return schemas;
}
