// OpenAPI schemas of custom resources: what their definition says, with the metadata that it leaves
// out (API-1011).
import type { Schema as StructuralSchema } from '../../api/apiextensions/structural-schema.ts';
import {
  isEmbedded,
  itemsOf,
  additionalSchema,
} from '../../api/apiextensions/structural-schema.ts';
import type { CustomResource } from '../../api/apiextensions/custom-kind.ts';
import type { TypeDocs } from '../type-docs.ts';
import { metaProperties } from './list-schema.ts';
import type { Schema } from './schemas.ts';

/** `com.example.stable.v1.CronTab`. */
export function customSchemaName({ group, version, kind }: CustomResource): string {
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** The schema of a custom resource's objects. */
export function customSchema(resource: CustomResource, docs: TypeDocs): Schema {
  const { group, version, kind, custom } = resource;
  const schema = publicSchema(custom.schema, docs);
  const own = (schema['properties'] ?? {}) as Record<string, Schema>;
  return {
    ...schema,
    type: 'object',
    properties: { ...own, ...metaProperties(docs) },
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
    ...selectable(resource),
  };
}

/** By which fields its objects can be selected, if any. */
export function selectable({ custom }: CustomResource): Schema {
  const fields = custom.selectable.map((fieldPath) => ({ fieldPath }));
  return fields.length > 0 ? { 'x-kubernetes-selectable-fields': fields } : {};
}

const CONVENTIONS =
  'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';

/** Of a resource inside another one. */
function embeddedProperties(docs: TypeDocs): Record<string, Schema> {
  const apiVersion =
    'apiVersion defines the versioned schema of this representation of an object. ' +
    `More info: ${CONVENTIONS}#resources`;
  const kind =
    'kind is a string value representing the type of this object. In CamelCase. ' +
    `More info: ${CONVENTIONS}#types-kinds`;
  return {
    ...metaProperties(docs),
    apiVersion: { type: 'string', description: apiVersion },
    kind: { type: 'string', description: kind },
  };
}

/** As clients are to see it: embedded resources have metadata, too, and must say what they are. */
function publicSchema(schema: StructuralSchema, docs: TypeDocs): Schema {
  const items = itemsOf(schema);
  const additional = additionalSchema(schema);
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => [name, publicSchema(property, docs)] as const,
  );
  const embedded = isEmbedded(schema);
  const meta = embedded ? embeddedProperties(docs) : {};
  const hasProperties = properties.length > 0 || embedded;
  const required = [...new Set([...(schema.required ?? []), 'kind', 'apiVersion'])];
  return {
    ...schema,
    ...(items ? { items: publicSchema(items, docs) } : {}),
    ...(additional ? { additionalProperties: publicSchema(additional, docs) } : {}),
    ...(hasProperties ? { properties: { ...Object.fromEntries(properties), ...meta } } : {}),
    ...(embedded ? { required } : {}),
  };
}
