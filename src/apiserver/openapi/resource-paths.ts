// The paths of a resource with their operations, as OpenAPI v3 tells them (API-232).
import { isCustom } from '../../api/apiextensions/custom-kind.ts';
import { resourcePath, type ResourceDefinition } from '../../api/resources.ts';
import { subresourceDefinition } from '../discovery/subresources.ts';
import { customSchemaName } from './custom-schemas.ts';
import { schemaName } from './schema-names.ts';
import { schemaReference, type Schema } from './schemas.ts';

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

/** What an operation is about. */
interface Subject {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The schema of bodies and answers. */
  readonly schema: Schema;
}

/** The name of the schema of a resource's objects. */
export const objectSchemaName = (resource: ResourceDefinition): string =>
  isCustom(resource) ? customSchemaName(resource) : schemaName(resource.model);

/** The kind of lists of a resource's objects. */
export const listKindOf = ({ kind, custom }: ResourceDefinition): string =>
  custom?.listKind ?? `${kind}List`;

/** The name of the schema of lists of them. */
export function listSchemaName(resource: ResourceDefinition): string {
  const name = objectSchemaName(resource);
  return name.slice(0, name.length - resource.kind.length) + listKindOf(resource);
}

function operation(
  { group, version, kind, schema }: Subject,
  action: string,
  body?: readonly string[],
): Schema {
  const bodySchema = action === 'patch' ? { type: 'object' } : schema;
  return {
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
    ...(body
      ? {
          parameters: [dryRun, fieldValidation],
          requestBody: { content: content(body, bodySchema), required: true },
        }
      : {}),
    responses: { 200: { description: 'OK', content: content(JSON_TYPES, schema) } },
  };
}

/** A deletion takes options and tells how it went; some kinds answer with their object. */
function deletion(subject: Subject, action: string): Schema {
  const options = content(JSON_TYPES, schemaReference(schemaName('DeleteOptions')));
  return {
    ...operation({ ...subject, schema: schemaReference(schemaName('Status')) }, action),
    parameters: [dryRun],
    requestBody: { content: options },
  };
}

/** No empty lists anywhere: clients that read a document and write it lose them. */
function pathParameters(resource: ResourceDefinition, named: boolean): Schema {
  const parameters = [
    ...(named ? [parameter('path', 'name', `name of the ${resource.kind}`)] : []),
    ...(resource.namespaced ? [parameter('path', 'namespace', 'object name and auth scope')] : []),
  ];
  return parameters.length > 0 ? { parameters } : {};
}

function subjectOf(resource: ResourceDefinition): Subject {
  const { group, version, kind } = resource;
  return { group, version, kind, schema: schemaReference(objectSchemaName(resource)) };
}

function objectPath(resource: ResourceDefinition): Schema {
  const subject = subjectOf(resource);
  return {
    ...pathParameters(resource, true),
    get: operation(subject, 'get'),
    put: operation(subject, 'put', JSON_TYPES),
    patch: operation(subject, 'patch', patchTypes(resource)),
    delete: deletion(subject, 'delete'),
  };
}

function collectionPath(resource: ResourceDefinition): Schema {
  const subject = subjectOf(resource);
  const { verbs } = resource;
  return {
    ...pathParameters(resource, false),
    ...(verbs.includes('list') ? { get: listOperation(resource) } : {}),
    post: operation(subject, 'post', JSON_TYPES),
    ...(verbs.includes('deletecollection')
      ? { delete: deletion(subject, 'deletecollection') }
      : {}),
  };
}

function listOperation(resource: ResourceDefinition): Schema {
  const schema = schemaReference(listSchemaName(resource));
  return operation({ ...subjectOf(resource), schema }, 'list');
}

/** The types of the bodies of subresources that are not the object itself. */
const SUBRESOURCE_MODELS = new Set(['Binding', 'Eviction', 'Scale', 'TokenRequest']);

/** Those that a resource's subresources need, by their names in the type model. */
export function subresourceModels({ subresources, kind }: ResourceDefinition): string[] {
  return subresources
    .map((name) => subresourceDefinition(name, kind).kind ?? '')
    .filter((model) => SUBRESOURCE_MODELS.has(model));
}

function subresourcePath(resource: ResourceDefinition, name: string): Schema {
  const { group, version, kind } = resource;
  const definition = subresourceDefinition(name, kind);
  const own = definition.kind;
  const parameters = pathParameters(resource, true);
  const subject: Subject =
    own === undefined
      ? subjectOf(resource)
      : {
          ...(definition.groupVersion ?? { group, version }),
          kind: own,
          schema: SUBRESOURCE_MODELS.has(own)
            ? schemaReference(schemaName(own))
            : { type: 'string' },
        };
  const { verbs } = definition;
  // What is no object is a connection, whose options are in the query.
  if (own !== undefined && !SUBRESOURCE_MODELS.has(own)) {
    const connect = operation(subject, 'connect');
    return { ...parameters, get: connect, post: connect };
  }
  return {
    ...parameters,
    ...(verbs.includes('get') ? { get: operation(subject, 'get') } : {}),
    ...(verbs.includes('update') ? { put: operation(subject, 'put', JSON_TYPES) } : {}),
    ...(verbs.includes('create') ? { post: operation(subject, 'post', JSON_TYPES) } : {}),
    ...(verbs.includes('patch')
      ? { patch: operation(subject, 'patch', patchTypes(resource)) }
      : {}),
  };
}

/** All paths of a resource: of its collections, of an object, and of that object's subresources. */
export function resourcePaths(resource: ResourceDefinition): Record<string, Schema> {
  const { verbs, namespaced } = resource;
  const collection = decodeURIComponent(resourcePath(resource, { namespace: '{namespace}' }));
  const paths: Record<string, Schema> = { [collection]: collectionPath(resource) };
  if (namespaced && verbs.includes('list')) {
    paths[resourcePath(resource, {})] = { get: listOperation(resource) };
  }
  // Reviews and the like are answered and not kept.
  if (!verbs.includes('get')) return paths;
  paths[`${collection}/{name}`] = objectPath(resource);
  for (const name of resource.subresources) {
    paths[`${collection}/{name}/${name}`] = subresourcePath(resource, name);
  }
  return paths;
}
