// The one type model at run time: field names and types of every built-in type, generated at build
// time. Decoding, patches and OpenAPI read it. Types are built when first asked for.
import data from '../generated/type-model.json' with { type: 'json' };

export type Scalar =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'number'
  | 'boolean'
  | 'time'
  | 'microtime'
  | 'bytes'
  | 'int-or-string'
  | 'any';

/** The type of a value: a scalar, a list, a map from strings, or an object of a named type. */
export type TypeRef =
  | { readonly form: 'scalar'; readonly scalar: Scalar }
  | { readonly form: 'list'; readonly item: TypeRef }
  | { readonly form: 'map'; readonly value: TypeRef }
  | { readonly form: 'object'; readonly name: string };

export interface FieldModel {
  readonly name: string;
  readonly type: TypeRef;
  readonly required: boolean;
}

export interface ObjectType {
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldModel>;
}

/** Types by name. */
export interface TypeModel {
  /** The type of that name; undefined when the model has none. */
  type(name: string): ObjectType | undefined;
  readonly names: readonly string[];
}

/** `{TypeName: {field: "type" | "type!"}}`; `!` means required. */
export type TypeModelData = Readonly<Record<string, Readonly<Record<string, string>>>>;

function parseType(text: string): TypeRef {
  if (text.startsWith('[]')) return { form: 'list', item: parseType(text.slice(2)) };
  if (text.startsWith('{}')) return { form: 'map', value: parseType(text.slice(2)) };
  if (/^[A-Z]/.test(text)) return { form: 'object', name: text };
  return { form: 'scalar', scalar: text as Scalar };
}

function buildType(name: string, fields: Readonly<Record<string, string>>): ObjectType {
  return {
    name,
    fields: new Map(
      Object.entries(fields).map(([field, text]) => {
        const required = text.endsWith('!');
        const type = parseType(required ? text.slice(0, -1) : text);
        return [field, { name: field, type, required }];
      }),
    ),
  };
}

/** A model over generated data (or, in tests, over a few hand-written types). */
export function createTypeModel(source: TypeModelData): TypeModel {
  const built = new Map<string, ObjectType>();
  return {
    names: Object.keys(source),
    type(name) {
      const known = built.get(name);
      if (known !== undefined) return known;
      const fields = Object.hasOwn(source, name) ? source[name] : undefined;
      if (fields === undefined) return undefined;
      const type = buildType(name, fields);
      built.set(name, type);
      return type;
    },
  };
}

/** Every type of the kinds we serve. */
export const builtinTypes: TypeModel = createTypeModel(data);
