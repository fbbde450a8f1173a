// Values of CEL: whole numbers are bigint, lists are arrays, bytes are Uint8Array; null, booleans,
// strings and doubles are themselves; what JavaScript lacks is here.
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
} from './types.ts';
import { STRING, structOf, TIMESTAMP, typeOf, UINT } from './types.ts';
import type { CelType } from './types.ts';

export const INT_MIN = -(2n ** 63n);
export const INT_MAX = 2n ** 63n - 1n;
export const UINT_MAX = 2n ** 64n - 1n;

/** An expression failed while it ran; the message is upstream's. */
export class CelRunError extends Error {
  override name = 'CelRunError';
}

/** Values that know their type. */
export abstract class CelObject {
  abstract readonly celType: CelType;
  /** True when the other, of the same type, is the same to CEL. */
  equals(other: this): boolean {
    return this === other;
  }
}

export class CelUint extends CelObject {
  readonly celType = UINT;
  readonly value: bigint;

  constructor(value: bigint) {
    super();
    this.value = value;
  }
}

export class CelDuration extends CelObject {
  readonly celType = DURATION;
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    super();
    this.nanoseconds = nanoseconds;
  }

  override equals({ nanoseconds }: this): boolean {
    return nanoseconds === this.nanoseconds;
  }
}

export class CelTimestamp extends CelObject {
  readonly celType = TIMESTAMP;
  /** Since 1970. */
  readonly nanoseconds: bigint;
  /** Of the zone that it was written in, east of UTC; only for texts. */
  readonly zoneMinutes: number;

  constructor(nanoseconds: bigint, zoneMinutes = 0) {
    super();
    this.nanoseconds = nanoseconds;
    this.zoneMinutes = zoneMinutes;
  }

  override equals({ nanoseconds }: this): boolean {
    return nanoseconds === this.nanoseconds;
  }
}

export class CelOptional extends CelObject {
  static readonly NONE = new CelOptional(undefined);
  readonly celType = optionalOf(DYN);
  /** Undefined when there is none. */
  readonly value: unknown;

  constructor(value: unknown) {
    super();
    this.value = value;
  }

  override equals({ value }: this): boolean {
    if (value === undefined || this.value === undefined) return value === this.value;
    return celEqual(value, this.value);
  }
}

/** A type as a value: the result of `type(x)`. */
export class CelTypeValue extends CelObject {
  readonly celType: CelType;
  readonly of: CelType;

  constructor(of: CelType) {
    super();
    this.of = of;
    this.celType = typeOf(of);
  }

  override equals({ of }: this): boolean {
    return of.kind === this.of.kind && of.name === this.of.name;
  }
}

/** Maps, and objects with declared members. */
export abstract class CelMap extends CelObject {
  abstract readonly size: number;
  /** Undefined when there is none. */
  abstract get(key: unknown): unknown;
  abstract keys(): Iterable<unknown>;

  override equals(other: CelMap): boolean {
    if (other.size !== this.size) return false;
    for (const key of this.keys()) {
      const value = other.get(key);
      if (value === undefined || !celEqual(value, this.get(key))) return false;
    }
    return true;
  }
}

/** A list whose items have keys, so that their order says nothing: a set, or a list as a map. */
export class KeyedList extends Array<unknown> {
  // What is made of it is a plain list.
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  #keyOf: (item: unknown) => string = String;

  static make(items: readonly unknown[], keyOf: (item: unknown) => string): KeyedList {
    const list = new KeyedList();
    for (const item of items) list.push(item);
    list.#keyOf = keyOf;
    return list;
  }

  /** The same items, in whatever order. */
  equalsList(other: readonly unknown[]): boolean {
    if (other.length !== this.length) return false;
    const own = new Map(this.map((item) => [this.#keyOf(item), item]));
    return other.every((item) => {
      const known = own.get(this.#keyOf(item));
      return known !== undefined && celEqual(known, item);
    });
  }

  /** With the items of the other, which replace those of the same key. */
  merge(other: readonly unknown[]): KeyedList {
    const all = new Map(this.map((item) => [this.#keyOf(item), item]));
    for (const item of other) all.set(this.#keyOf(item), item);
    return KeyedList.make([...all.values()], this.#keyOf);
  }
}

/** A scalar as a key: the same when CEL holds them for the same, whole numbers of all types. */
export function keyText(key: unknown): string {
  if (key instanceof CelUint) return `n${key.value}`;
  return `${typeof key === 'bigint' || typeof key === 'number' ? 'n' : typeof key}${String(key)}`;
}

/** A map that an expression made. */
export class EntryMap extends CelMap {
  readonly celType = mapOf(DYN, DYN);
  readonly #entries = new Map<string, readonly [key: unknown, value: unknown]>();

  constructor(entries: Iterable<readonly [unknown, unknown]>) {
    super();
    for (const [key, value] of entries) this.#add(key, value);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: unknown): unknown {
    return this.#entries.get(keyText(key))?.[1];
  }

  *keys(): Iterable<unknown> {
    for (const [key] of this.#entries.values()) yield key;
  }

  /** The map with one more entry. Throws CelRunError for a key it has. */
  with(key: unknown, value: unknown): EntryMap {
    return new EntryMap([...this.#entries.values(), [key, value]]);
  }

  #add(key: unknown, value: unknown): void {
    const text = keyText(key);
    if (this.#entries.has(text)) {
      throw new CelRunError(`insert failed: key ${String(key)} already exists`);
    }
    this.#entries.set(text, [key, value]);
  }
}

/** Members that are worked out when they are asked for, once. */
export class LazyMap extends CelMap {
  readonly celType: CelType;
  readonly #members: Readonly<Record<string, () => unknown>>;
  readonly #known = new Map<string, unknown>();

  constructor(members: Readonly<Record<string, () => unknown>>, typeName?: string) {
    super();
    this.#members = members;
    this.celType = typeName === undefined ? mapOf(STRING, DYN) : structOf(typeName);
  }

  get size(): number {
    return Object.keys(this.#members).length;
  }

  get(key: unknown): unknown {
    if (typeof key !== 'string' || !Object.hasOwn(this.#members, key)) return undefined;
    if (!this.#known.has(key)) this.#known.set(key, this.#members[key]?.());
    return this.#known.get(key);
  }

  keys(): Iterable<unknown> {
    return Object.keys(this.#members);
  }
}

/** The type of a value. */
export function typeOfValue(value: unknown): CelType {
  if (value === null || value === undefined) return NULL;
  if (value instanceof CelObject) return value.celType;
  if (Array.isArray(value)) return listOf(DYN);
  if (value instanceof Uint8Array) return BYTES;
  switch (typeof value) {
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    default:
      return STRING;
  }
}

/** True when a value can be an argument of a type. */
export function isOfType(value: unknown, type: CelType): boolean {
  if (type.kind === 'dyn' || type.kind === 'param') return true;
  const own = typeOfValue(value);
  if (type.kind === 'map' && value instanceof CelMap) return true;
  if (own.kind !== type.kind) return false;
  const [item] = type.parameters;
  if (Array.isArray(value) && item) return value.every((one) => isOfType(one, item));
  return type.kind === 'opaque' || type.kind === 'struct' ? own.name === type.name : true;
}

type Numeric = bigint | number | CelUint;

/** True for numbers of all three types. */
export function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'bigint' || typeof value === 'number' || value instanceof CelUint;
}

/** Less than, equal to, or greater than zero; NaN when there is no order. */
export function compareNumbers(left: Numeric, right: Numeric): number {
  const [a, b] = [plainNumber(left), plainNumber(right)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  return a < b ? -1 : a > b ? 1 : 0;
}

function plainNumber(value: Numeric): bigint | number {
  return value instanceof CelUint ? value.value : value;
}

/** True when both are the same to CEL: numbers by value, lists and maps by their members. */
export function celEqual(left: unknown, right: unknown): boolean {
  if (isNumeric(left) && isNumeric(right)) return compareNumbers(left, right) === 0;
  if (left === right) return true;
  if (left instanceof KeyedList && Array.isArray(right)) return left.equalsList(right);
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return false;
    return left.every((item, index) => celEqual(item, right[index]));
  }
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return Buffer.compare(left, right) === 0;
  }
  if (left instanceof CelMap && right instanceof CelMap) return left.equals(right);
  if (!(left instanceof CelObject) || !(right instanceof CelObject)) return false;
  const { kind, name } = left.celType;
  return right.celType.kind === kind && right.celType.name === name && left.equals(right);
}
