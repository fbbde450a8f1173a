// Which types fit which, and what type parameters stand for: the rules of the reference's checker.
import { DYN, isSameType, NULL } from './types.ts';
import type { CelType } from './types.ts';

/** What type parameters stand for, by name. */
export type Mapping = Map<string, CelType>;

function isAny({ kind }: CelType): boolean {
  return kind === 'dyn' || kind === 'error';
}

/** The mapping under which one type can be given for another; undefined when it can't. */
export function assign(mapping: Mapping, one: CelType, other: CelType): Mapping | undefined {
  return assignAll(mapping, [one], [other]);
}

/** The same of several types. */
export function assignAll(
  mapping: Mapping,
  types: readonly CelType[],
  others: readonly CelType[],
): Mapping | undefined {
  const copy = new Map(mapping);
  return fitAll(copy, types, others) ? copy : undefined;
}

function fitAll(mapping: Mapping, types: readonly CelType[], others: readonly CelType[]): boolean {
  if (types.length !== others.length) return false;
  return types.every((type, index) => fit(mapping, type, others[index] ?? DYN));
}

function fit(mapping: Mapping, one: CelType, other: CelType): boolean {
  if (other.kind === 'param') {
    const { isValid, isKnown } = bind(mapping, one, other);
    if (isValid) return true;
    if (isKnown) return false;
  }
  if (one.kind === 'param') return bind(mapping, other, one).isValid;
  if (isAny(one) || isAny(other)) return true;
  if (one.kind === 'null') return isNullable(other);
  if (other.kind === 'null') return isNullable(one);
  if (one.kind !== other.kind) return false;
  switch (one.kind) {
    case 'type':
      return true;
    case 'list':
    case 'map':
    case 'opaque':
      return one.name === other.name && fitAll(mapping, one.parameters, other.parameters);
    default:
      return one.name === other.name;
  }
}

function isNullable({ kind }: CelType): boolean {
  return ['opaque', 'struct', 'duration', 'timestamp', NULL.kind].includes(kind);
}

function bind(
  mapping: Mapping,
  type: CelType,
  param: CelType,
): { readonly isValid: boolean; readonly isKnown: boolean } {
  if (isSameType(type, param)) return { isValid: true, isKnown: true };
  const known = mapping.get(param.name);
  if (known) {
    if (isSameType(type, known)) return { isValid: true, isKnown: true };
    if (!fit(mapping, type, known)) return { isValid: false, isKnown: true };
    const general = mostGeneral(type, known);
    if (isFree(mapping, param, general)) mapping.set(param.name, general);
    return { isValid: true, isKnown: true };
  }
  if (!isFree(mapping, param, type)) return { isValid: false, isKnown: false };
  mapping.set(param.name, type);
  return { isValid: true, isKnown: false };
}

/** True when a type does not speak of a parameter. */
function isFree(mapping: Mapping, param: CelType, type: CelType): boolean {
  if (isSameType(param, type)) return false;
  if (type.kind === 'param') {
    const known = mapping.get(type.name);
    return !known || isFree(mapping, param, known);
  }
  return type.parameters.every((part) => isFree(mapping, param, part));
}

/** The one of two fitting types that says less. */
export function mostGeneral(one: CelType, other: CelType): CelType {
  return isLessSpecific(one, other) ? one : other;
}

function isLessSpecific(one: CelType, other: CelType): boolean {
  if (one.kind === 'dyn' || one.kind === 'param') return true;
  if (other.kind === 'dyn' || other.kind === 'param') return false;
  if (one.kind !== other.kind) return false;
  if (one.kind === 'type') return true;
  if (!['list', 'map', 'opaque'].includes(one.kind)) return isSameType(one, other);
  if (one.name !== other.name || one.parameters.length !== other.parameters.length) return false;
  return one.parameters.every((part, index) =>
    isLessSpecific(part, other.parameters[index] ?? DYN),
  );
}

/** A type with what its parameters stand for; `isFinal`: those that stand for nothing are `dyn`. */
export function substitute(mapping: Mapping, type: CelType, isFinal = false): CelType {
  if (type.kind === 'param') {
    const known = mapping.get(type.name);
    if (known) return substitute(mapping, known, isFinal);
    return isFinal ? DYN : type;
  }
  if (type.parameters.length === 0) return type;
  const parameters = type.parameters.map((part) => substitute(mapping, part, isFinal));
  return { ...type, parameters };
}
