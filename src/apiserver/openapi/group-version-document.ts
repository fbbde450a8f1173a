// The OpenAPI v3 document of one group version, derived from the table of resources (API-232).
import type { ServedVersion } from '../discovery/group-versions.ts';
import { isCustom } from '../../api/apiextensions/custom-kind.ts';
import { loadTypeDocs, type TypeDocs } from '../type-docs.ts';
import { customSchema, customSchemaName, selectable } from './custom-schemas.ts';
import { listSchema } from './list-schema.ts';
import {
  listKindOf,
  listSchemaName,
  objectSchemaName,
  resourcePaths,
  subresourceModels,
} from './resource-paths.ts';
import { schemasOf, typeSchemas, type Schema } from './schemas.ts';

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
  for (const resource of served.resources) Object.assign(paths, resourcePaths(resource));
  const builtin = served.resources.filter((resource) => !resource.custom);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: served.version },
    paths,
    components: {
      schemas: {
        ...schemasOf(builtin, docs),
        ...typeSchemas(served.resources.flatMap(subresourceModels), docs),
        ...listSchemas(served, docs),
        ...customSchemas(served, docs),
      },
    },
  };
}

/** The schemas of the lists that are served. */
function listSchemas({ resources }: ServedVersion, docs: TypeDocs): Record<string, Schema> {
  const listed = resources.filter(({ verbs }) => verbs.includes('list'));
  const schemas = listed.map((resource) => {
    const { group, version, kind } = resource;
    const item = objectSchemaName(resource);
    const list = { group, version, kind, listKind: listKindOf(resource), item };
    const further = isCustom(resource) ? selectable(resource) : {};
    return [listSchemaName(resource), { ...listSchema(list, docs), ...further }] as const;
  });
  return {
    ...typeSchemas(['ListMeta', 'DeleteOptions', 'Status'], docs),
    ...Object.fromEntries(schemas),
  };
}

/** The schemas of custom kinds, with the built-in ones that they refer to. */
function customSchemas({ resources }: ServedVersion, docs: TypeDocs): Record<string, Schema> {
  const custom = resources.filter(isCustom);
  if (custom.length === 0) return {};
  const own = custom.map((resource) => [customSchemaName(resource), customSchema(resource, docs)]);
  return { ...typeSchemas(['ObjectMeta'], docs), ...Object.fromEntries(own) };
}
