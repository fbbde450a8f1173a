// The OpenAPI v3 document of one group version, derived from the table of resources (API-232).
import { resourcePath, type ResourceDefinition } from '../../api/resources.ts';
import type { ServedVersion } from '../discovery/group-versions.ts';
import { isCustom } from '../../api/apiextensions/custom-kind.ts';
import { loadTypeDocs, type TypeDocs } from '../type-docs.ts';
import { customListSchema, customSchema, customSchemaName } from './custom-schemas.ts';
import { schemaName } from './schema-names.ts';
import { schemaReference, schemasOf, typeSchemas, type Schema } from './schemas.ts';

/**
 * What the patch handler takes; clients compute strategic patches because it stands here (API-234).
 */
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];
/** Clients compute merge patches for custom resources, whose lists have no merge keys. */
function patchTypes({ custom }: ResourceDefinition): readonly string[] {
  return custom ? PATCH_TYPES.slice(0, 2) : PATCH_TYPES;
}

const JSON_TYPES = ['application/json', 'application/yaml'];

const parameter = (place: 'query' | 'path', name: string, description: string): Schema => ({
  name,
  in: place,
  description,
  ...(place === 'path' ? { required: true } : {}),
  schema: { type: 'string', uniqueItems: true },
});

/** The parameter by which kubectl knows that the server checks fields itself (API-232). */
const fieldValidation = parameter(
  'query',
  'fieldValidation',
  'What to do with unknown or duplicate fields in the body: Ignore, Warn (default) or Strict.',
);
const dryRun = parameter('query', 'dryRun', 'All: do everything but store the result.');

const content = (types: readonly string[], schema: Schema) =>
  Object.fromEntries(types.map((type) => [type, { schema }]));

interface OperationParts {
  readonly resource: ResourceDefinition;
  readonly action: string;
  /** Media types of the body, for operations that write. */
  readonly body?: readonly string[];
}

function operation({ resource, action, body }: OperationParts): Schema {
  const { group, version, kind, model } = resource;
  const name = isCustom(resource) ? customSchemaName(resource) : schemaName(model);
  const schema = schemaReference(name);
  const bodySchema = action === 'patch' ? { type: 'object' } : schema;
  return {
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
    parameters: body ? [dryRun, fieldValidation] : [],
    ...(body ? { requestBody: { content: content(body, bodySchema), required: true } } : {}),
    responses: { 200: { description: 'OK', content: content(JSON_TYPES, schema) } },
  };
}

function pathParameters(resource: ResourceDefinition, named: boolean): Schema[] {
  return [
    ...(named ? [parameter('path', 'name', `name of the ${resource.kind}`)] : []),
    ...(resource.namespaced ? [parameter('path', 'namespace', 'object name and auth scope')] : []),
  ];
}

function objectPath(resource: ResourceDefinition): Schema {
  return {
    parameters: pathParameters(resource, true),
    get: operation({ resource, action: 'get' }),
    put: operation({ resource, action: 'put', body: JSON_TYPES }),
    patch: operation({ resource, action: 'patch', body: patchTypes(resource) }),
    delete: operation({ resource, action: 'delete' }),
  };
}

function collectionPath(resource: ResourceDefinition): Schema {
  return {
    parameters: pathParameters(resource, false),
    ...(resource.verbs.includes('list') ? { get: operation({ resource, action: 'list' }) } : {}),
    post: operation({ resource, action: 'post', body: JSON_TYPES }),
  };
}

/** The parts of a document that others build on. */
export interface GroupVersionDocument {
  readonly openapi: string;
  readonly info: object;
  readonly paths: Readonly<Record<string, Schema>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The document of a group version, with the schemas of its kinds. */
export async function groupVersionDocument(served: ServedVersion): Promise<GroupVersionDocument> {
  const docs = await loadTypeDocs();
  const paths: Record<string, Schema> = {};
  for (const resource of served.resources) {
    const namespace = '{namespace}';
    const collection = decodeURIComponent(resourcePath(resource, { namespace }));
    paths[collection] = collectionPath(resource);
    // Reviews and the like are answered and not kept.
    if (resource.verbs.includes('get')) paths[`${collection}/{name}`] = objectPath(resource);
  }
  const builtin = served.resources.filter((resource) => !resource.custom);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: served.version },
    paths,
    components: { schemas: { ...schemasOf(builtin, docs), ...customSchemas(served, docs) } },
  };
}

/** The schemas of custom kinds, with the built-in ones that they refer to. */
function customSchemas({ resources }: ServedVersion, docs: TypeDocs): Record<string, Schema> {
  const schemas: Record<string, Schema> = {};
  for (const resource of resources.filter(isCustom)) {
    schemas[customSchemaName(resource)] = customSchema(resource, docs);
    const { group, version, custom } = resource;
    const list = { ...resource, group, version, kind: custom.listKind };
    schemas[customSchemaName(list)] = customListSchema(resource, docs);
    Object.assign(schemas, typeSchemas(['ObjectMeta', 'ListMeta'], docs));
  }
  return schemas;
}
