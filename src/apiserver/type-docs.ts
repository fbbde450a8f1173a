// Texts about the built-in types and their fields, generated at build time. They are large and only
// tables and OpenAPI show them, so they are loaded when first asked for.

/** Type name → field name → text; the empty field name is the type itself. */
export type TypeDocs = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The texts of all built-in types. */
export async function loadTypeDocs(): Promise<TypeDocs> {
  const module = await import('../api/generated/type-docs.json', { with: { type: 'json' } });
  return module.default as TypeDocs;
}
