// Schemas of kinds on their own, for those who check types in process: what the OpenAPI documents
// say of a kind, with all references resolved.
import {
  additionalSchema,
  itemsOf,
  type Schema,
} from '../../api/apiextensions/structural-schema.ts';
import { builtinTypes } from '../../api/meta/type-model.ts';
import { groupVersion, type ResourceDefinition } from '../../api/resources.ts';
import { groupVersionDocument } from './group-version-document.ts';
import { objectSchemaName } from './resource-paths.ts';

type Schemas = Readonly<Record<string, Schema>>;

/** The schema of a resource's objects; undefined for kinds that nobody stores. */
export async function kindSchema(resource: ResourceDefinition): Promise<Schema | undefined> {
  if (!resource.custom && !builtinTypes.type(resource.model)) return undefined;
  const { version } = resource;
  const served = { groupVersion: groupVersion(resource), version, resources: [resource] };
  const { components } = await groupVersionDocument(served);
  const schemas = components.schemas as Schemas;
  const name = objectSchemaName(resource);
  const root = schemas[name];
  return root && resolved(root, { schemas, above: new Set([name]) });
}

interface Resolving {
  readonly schemas: Schemas;
  /** Names of the schemas that this one is part of. */
  readonly above: ReadonlySet<string>;
}

/** With what it refers to in its place; an empty object stands for what is within itself. */
function resolved(schema: Schema, resolving: Resolving): Schema {
  const { schemas, above } = resolving;
  const name = nameOf(schema);
  if (name === undefined) return withMembers(schema, resolving);
  const target = schemas[name];
  if (!target || above.has(name)) return { type: 'object' };
  return withMembers(target, { schemas, above: new Set([...above, name]) });
}

/** References with a description are wrapped. */
function nameOf({ $ref, allOf = [] }: Schema): string | undefined {
  const reference = $ref ?? allOf.find((one) => one.$ref !== undefined)?.$ref;
  return reference?.slice(reference.lastIndexOf('/') + 1);
}

function withMembers(schema: Schema, resolving: Resolving): Schema {
  const items = itemsOf(schema);
  const additional = additionalSchema(schema);
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => [name, resolved(property, resolving)] as const,
  );
  return {
    ...schema,
    ...(schema.format === 'int-or-string' ? { 'x-kubernetes-int-or-string': true } : {}),
    ...(items ? { items: resolved(items, resolving) } : {}),
    ...(additional ? { additionalProperties: resolved(additional, resolving) } : {}),
    ...(schema.properties ? { properties: Object.fromEntries(properties) } : {}),
  } as Schema;
}
