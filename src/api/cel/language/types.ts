// Types of CEL expressions, and how faults show them.

export type TypeKind =
  | 'bool'
  | 'bytes'
  | 'double'
  | 'duration'
  | 'dyn'
  | 'error'
  | 'int'
  | 'list'
  | 'map'
  | 'null'
  | 'opaque'
  | 'param'
  | 'string'
  | 'struct'
  | 'timestamp'
  | 'type'
  | 'uint';

export interface CelType {
  readonly kind: TypeKind;
  /** `int`, `list`, or the name of a struct, an opaque type or a parameter. */
  readonly name: string;
  readonly parameters: readonly CelType[];
}

function simple(kind: TypeKind, name: string = kind): CelType {
  return { kind, name, parameters: [] };
}

export const BOOL = simple('bool');
export const BYTES = simple('bytes');
export const DOUBLE = simple('double');
export const DURATION = simple('duration', 'google.protobuf.Duration');
export const DYN = simple('dyn');
export const ERROR = simple('error', '!error!');
export const INT = simple('int');
export const NULL = simple('null', 'null_type');
export const STRING = simple('string');
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp');
export const UINT = simple('uint');
export const TYPE = simple('type');

export const listOf = (item: CelType): CelType => ({
  kind: 'list',
  name: 'list',
  parameters: [item],
});

export const mapOf = (key: CelType, value: CelType): CelType => ({
  kind: 'map',
  name: 'map',
  parameters: [key, value],
});

export const typeOf = (of: CelType): CelType => ({ kind: 'type', name: 'type', parameters: [of] });

const OPTIONAL = 'optional_type';

export const optionalOf = (of: CelType): CelType => ({
  kind: 'opaque',
  name: OPTIONAL,
  parameters: [of],
});

/** A type with members. */
export const structOf = (name: string): CelType => simple('struct', name);

/** A type without members. */
export const opaqueOf = (name: string): CelType => simple('opaque', name);

/** A type that is found out by the use of it. */
export const paramOf = (name: string): CelType => simple('param', name);

/** The type in an optional, and whether it was one. */
export function unwrapOptional(type: CelType): readonly [type: CelType, isOptional: boolean] {
  const [inner] = type.parameters;
  return type.kind === 'opaque' && type.name === OPTIONAL && inner ? [inner, true] : [type, false];
}

/** The same types, parameters and all. */
export function isSameType(one: CelType, other: CelType): boolean {
  if (one === other) return true;
  if (one.kind !== other.kind || one.name !== other.name) return false;
  if (one.parameters.length !== other.parameters.length) return false;
  return one.parameters.every((part, index) => isSameType(part, other.parameters[index] ?? ERROR));
}

const SHOWN: Readonly<Partial<Record<TypeKind, string>>> = {
  duration: 'duration',
  timestamp: 'timestamp',
  null: 'null',
};

/** `list(string)`, as faults show types. */
export function showType(type: CelType): string {
  const name = SHOWN[type.kind] ?? type.name;
  return type.parameters.length === 0
    ? name
    : `${name}(${type.parameters.map(showType).join(', ')})`;
}
