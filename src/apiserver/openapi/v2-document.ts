// The OpenAPI v2 document of everything served, made of the v3 documents: for old kubectls and for
// generators of clients (API-236).
import type { ServedVersion } from '../discovery/group-versions.ts';
import { groupVersionDocument } from './group-version-document.ts';
import type { Schema } from './schemas.ts';

type Tree = Readonly<Record<string, unknown>>;

/** An OpenAPI v2 document. */
export interface OpenApiV2 {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Tree>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const V3_PREFIX = '#/components/schemas/';
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** The document of all versions; `gitVersion` is the server's. */
export async function openApiV2(
  versions: readonly ServedVersion[],
  gitVersion: string,
): Promise<OpenApiV2> {
  const paths: Record<string, Tree> = {};
  const definitions: Record<string, Schema> = {};
  for (const served of versions) {
    const document = await groupVersionDocument(served);
    for (const [path, item] of Object.entries(document.paths)) paths[path] = pathItem(item);
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      definitions[name] ??= schemaV2(schema);
      // A type of several group versions is each of their kinds.
      const kinds = schema[KIND] ?? definitions[name][KIND];
      if (kinds !== undefined) definitions[name] = { ...definitions[name], [KIND]: kinds };
    }
  }
  return { swagger: '2.0', info: { title: 'Kubernetes', version: gitVersion }, paths, definitions };
}

const KIND = 'x-kubernetes-group-version-kind';

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * v2 has no alternatives and no null, and descriptions stand beside references. What may be null,
 * or keeps unknown members, is of any type, because kubectl would refuse it otherwise.
 */
function schemaV2(schema: Schema): Schema {
  const { allOf, oneOf, anyOf: _anyOf, not: _not, nullable, $ref, required, ...rest } = schema;
  const { properties, items, additionalProperties, type, ...result } = rest as Tree;
  const single: unknown = Array.isArray(allOf) ? allOf[0] : undefined;
  const reference = $ref ?? (isTree(single) ? single['$ref'] : undefined);
  const isOpen = nullable === true || schema[OPEN] === true;
  const isKind = schema[KIND] !== undefined;
  if (isOpen && isKind) return openKind(schema);
  const ownType = type ?? (oneOf !== undefined && !(EITHER in schema) ? 'string' : undefined);
  const isTyped = !isOpen && !(ownType === 'array' && !isTree(items));
  return {
    ...result,
    ...(ownType !== undefined && isTyped ? { type: ownType } : {}),
    ...(typeof reference === 'string'
      ? { $ref: `#/definitions/${reference.slice(V3_PREFIX.length)}` }
      : {}),
    ...requiredV2(required, properties),
    ...(isTree(items) && !isOpen ? { items: schemaV2(items) } : {}),
    ...(additionalProperties === undefined
      ? {}
      : {
          additionalProperties: isTree(additionalProperties)
            ? schemaV2(additionalProperties)
            : additionalProperties,
        }),
    ...(isTree(properties) && !isOpen ? { properties: propertiesV2(properties) } : {}),
  };
}

/** With a word about any member kubectl would refuse all others. */
function openKind(schema: Schema): Schema {
  const fields = schema[SELECTABLE];
  return {
    type: 'object',
    [KIND]: schema[KIND],
    ...(fields === undefined ? {} : { [SELECTABLE]: fields }),
  };
}

const SELECTABLE = 'x-kubernetes-selectable-fields';
const OPEN = 'x-kubernetes-preserve-unknown-fields';
const EITHER = 'x-kubernetes-int-or-string';

function propertiesV2(properties: Tree): Tree {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, own]) => [name, schemaV2(own as Schema)]));
}

/** A member that may be null is not required: v2 could not say so. */
function requiredV2(required: unknown, properties: unknown): Tree {
  if (!Array.isArray(required)) return {};
  const left = (required as string[]).filter((name) => {
    const own = isTree(properties) ? properties[name] : undefined;
    return !isTree(own) || own['nullable'] !== true;
  });
  return left.length > 0 ? { required: left } : {};
}

function pathItem(item: Tree): Tree {
  const operations = METHODS.filter((method) => isTree(item[method])).map((method) => [
    method,
    operation(item[method] as Tree),
  ]);
  return { ...Object.fromEntries(operations), parameters: parameters(item['parameters']) };
}

function parameters(list: unknown): Tree[] {
  if (!Array.isArray(list)) return [];
  return (list as Tree[]).map(({ schema, ...rest }) => ({ ...rest, ...(schema as Tree) }));
}

function operation({ requestBody, responses, parameters: own, ...rest }: Tree): Tree {
  const body = contentOf(requestBody);
  const reply = contentOf((responses as Tree)['200']);
  const bodyParameter = body && {
    name: 'body',
    in: 'body',
    required: isTree(requestBody) && requestBody['required'] === true,
    schema: body.schema,
  };
  return {
    ...rest,
    ...(body ? { consumes: body.types } : {}),
    produces: reply?.types ?? [],
    parameters: [...parameters(own), ...(bodyParameter ? [bodyParameter] : [])],
    responses: { 200: { description: 'OK', ...(reply ? { schema: reply.schema } : {}) } },
  };
}

/** The media types of a body and its schema, which is the same for all of them. */
function contentOf(part: unknown): { types: string[]; schema: Schema } | undefined {
  const content = isTree(part) ? part['content'] : undefined;
  if (!isTree(content)) return undefined;
  const types = Object.keys(content);
  const first = content[types[0] ?? ''];
  const schema = isTree(first) ? first['schema'] : undefined;
  return { types, schema: schemaV2(isTree(schema) ? schema : {}) };
}
