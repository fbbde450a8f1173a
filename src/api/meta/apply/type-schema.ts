// What server-side apply must know of a type: which lists and maps merge, by which keys, and what
// is owned as a whole. The built-in type model implements it, and so can the schema of a custom
// resource.
import type { Json } from '../object.ts';

export type ScalarSchema = 'string' | 'numeric' | 'boolean' | 'untyped';

/** The forms that a value may have; a type that is known has just one of them. */
export interface TypeSchema {
  readonly map?: MapSchema;
  readonly scalar?: ScalarSchema;
  readonly list?: ListSchema;
}

export interface MapSchema {
  /** Owned as a whole. */
  readonly atomic: boolean;
  /** A declared member. */
  field(name: string): FieldSchema | undefined;
  /** The type of members that are not declared; undefined: there may be none. */
  readonly element: TypeSchema | undefined;
}

export interface FieldSchema {
  readonly type: TypeSchema;
  /** The member's path element, `f:name`. */
  readonly element: string;
  /** What an absent member counts as where it identifies an item of a list. */
  readonly default?: Json;
}

export interface ListSchema {
  /** Atomic lists are owned as a whole; the others by item. */
  readonly atomic: boolean;
  /** Members that identify an item; without any, the list is a set of scalars. */
  readonly keys: readonly string[];
  readonly element: TypeSchema;
}

export type Form = 'map' | 'scalar' | 'list';

/** The form of a value under its schema; a value that has none of the allowed forms gets one. */
export function formOf({ map, scalar, list }: TypeSchema, value: Json | undefined): Form {
  if (Array.isArray(value) && list) return 'list';
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && map) return 'map';
  if (typeof value !== 'object' && value !== undefined && scalar) return 'scalar';
  return map ? 'map' : scalar ? 'scalar' : 'list';
}

const untypedAtomic: TypeSchema = {
  scalar: 'untyped',
  list: {
    atomic: true,
    keys: [],
    get element() {
      return untypedAtomic;
    },
  },
  map: {
    atomic: true,
    field: () => undefined,
    get element() {
      return untypedAtomic;
    },
  },
};

/** Any value, owned as a whole: what the type model calls `any`. */
export const anyValue: TypeSchema = untypedAtomic;
