// Texts about the built-in types and their fields, generated at build time. They are large and only
// tables and OpenAPI show them, so they are loaded when first asked for.

import { builtinTypes } from '../api/meta/type-model.ts';

/** Type name → field name → text; the empty field name is the type itself. */
export type TypeDocs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The texts of all built-in types. */
export async function loadTypeDocs(): Promise<TypeDocs> {
  const module = await import('../api/generated/type-docs.json', { with: { type: 'json' } });
  return module.default as TypeDocs;
}

const CONVENTIONS =
  'https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md';

/** Our source has no texts of fields that hold objects; those of metadata are all the same. */
const METADATA_TEXTS: Readonly<Record<string, string>> = {
  ObjectMeta: `Standard object's metadata. More info: ${CONVENTIONS}#metadata`,
  ListMeta: `Standard list metadata. More info: ${CONVENTIONS}#types-kinds`,
};

/** The text of a field; fields that have none of their own get that of their type. */
export function fieldText(docs: TypeDocs, type: string, field: string): string | undefined {
  const own = docs[type]?.[field];
  if (own !== undefined) return own;
  const reference = builtinTypes.type(type)?.fields.get(field)?.type;
  if (reference?.form !== 'object') return undefined;
  return METADATA_TEXTS[reference.name] ?? docs[reference.name]?.[''];
}
