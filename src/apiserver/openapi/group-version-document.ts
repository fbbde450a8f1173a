// The OpenAPI v3 document of one group version, derived from the table of resources (API-232).
import { resourcePath, type ResourceDefinition } from '../../api/resources.ts';
import type { ServedVersion } from '../discovery/group-versions.ts';

const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json'];

function kindOf({ group, version, kind }: ResourceDefinition) {
  return { group, version, kind };
}

const queryParameter = (name: string, description: string) => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string', uniqueItems: true },
});

/** The parameter by which kubectl knows that the server checks fields itself (API-232). */
const fieldValidation = queryParameter(
  'fieldValidation',
  'fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) containing unknown or duplicate fields: Ignore, Warn (default) or Strict.',
);

function objectPath(resource: ResourceDefinition) {
  return {
    patch: {
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': kindOf(resource),
      parameters: [fieldValidation],
      requestBody: { content: Object.fromEntries(PATCH_TYPES.map((type) => [type, {}])) },
      responses: { 200: { description: 'OK' } },
    },
  };
}

/** The document of a group version. */
export async function groupVersionDocument(served: ServedVersion): Promise<object> {
  const paths: Record<string, object> = {};
  for (const resource of served.resources) {
    const path = resourcePath(resource, { namespace: '{namespace}', name: '{name}' });
    paths[decodeURIComponent(path)] = objectPath(resource);
  }
  return { openapi: '3.0.0', info: { title: 'Ordinal', version: 'v1' }, paths };
}
