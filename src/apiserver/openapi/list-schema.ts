// The schema of a list of objects, built-in or custom (API-1011).
import { fieldText, type TypeDocs } from '../type-docs.ts';
import { schemaName } from './schema-names.ts';
import { schemaReference, type Schema } from './schemas.ts';

/** The members that all objects and lists have: `apiVersion`, `kind` and, as named, `metadata`. */
export function metaProperties(
  docs: TypeDocs,
  metadata: 'ObjectMeta' | 'ListMeta' = 'ObjectMeta',
): Record<string, Schema> {
  const text = (field: string) => fieldText(docs, 'Pod', field) ?? '';
  return {
    apiVersion: { type: 'string', description: text('apiVersion') },
    kind: { type: 'string', description: text('kind') },
    metadata: {
      description: text('metadata'),
      allOf: [schemaReference(schemaName(metadata))],
    },
  };
}

interface ListedKind {
  readonly group: string;
  readonly version: string;
  /** Of the objects. */
  readonly kind: string;
  readonly listKind: string;
  /** The name of the objects' schema. */
  readonly item: string;
}

/** The schema of lists of a kind. */
export function listSchema(
  { group, version, kind, listKind, item }: ListedKind,
  docs: TypeDocs,
): Schema {
  return {
    description: `${listKind} is a list of ${kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...metaProperties(docs, 'ListMeta'),
      items: { type: 'array', items: schemaReference(item) },
    },
    'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
  };
}
