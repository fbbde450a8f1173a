// Reads a protobuf message of a built-in type into the JSON object that a client would have sent
// instead (API-1205, API-1207). Unknown fields are skipped; zero values stay: decoding by the type
// model, which follows for every body, drops those that mean nothing (API-1208).
import { holdsQuantity } from '../go-shape.ts';
import { isJsonObject, type Json, type JsonObject } from '../object.ts';
import { builtinTypes, type TypeRef } from '../type-model.ts';
import { slotsOf, type Slots } from './field-numbers.ts';
import { readQuantity, scalarReaders } from './read-scalar.ts';
import { schemaChoice } from './schema-choice.ts';
import {
  ProtobufError,
  expectBytes,
  packedVarints,
  wireFields,
  type WireValue,
} from './wire-reader.ts';

/** Deeper nesting is refused: walking it would exhaust the stack. */
const DEPTH_MAX = 300;

interface Place {
  /** Type and field whose value is read. */
  readonly owner: string;
  readonly field: string;
  readonly depth: number;
}

/** The object of a message of that type of the model. Throws ProtobufError. */
export function readMessage(type: string, bytes: Buffer): JsonObject {
  return readInto({}, bytes, { type, slots: slotsOf(type), depth: 0 });
}

interface Message {
  readonly type: string;
  readonly slots: Slots;
  readonly depth: number;
}

/** A message that stands twice is merged, hence `object`. */
function readInto(object: JsonObject, bytes: Buffer, message: Message): JsonObject {
  const { type, slots, depth } = message;
  if (depth > DEPTH_MAX) throw new ProtobufError('exceeded max depth');
  const model = builtinTypes.type(type);
  for (const entry of wireFields(bytes, type)) {
    const slot = slots.get(entry.number);
    if (slot === undefined) continue;
    if (slot.form === 'inline') {
      readInto(object, expectBytes(entry, type), { type, slots: slot.slots, depth: depth + 1 });
      continue;
    }
    const field = model?.fields.get(slot.name);
    if (!field) continue;
    const place = { owner: type, field: slot.name, depth };
    const value = readField(field.type, entry, { place, before: object[slot.name] });
    object[slot.name] = value;
  }
  return object;
}

interface Context {
  readonly place: Place;
  /** What the field has so far. */
  readonly before: Json | undefined;
}

function readField(type: TypeRef, value: WireValue, { place, before }: Context): Json {
  if (type.form === 'list') {
    const list = Array.isArray(before) ? before : [];
    for (const item of readItems(type.item, value, place)) list.push(item);
    return list;
  }
  if (type.form !== 'map') return readValue(type, value, { place, before });
  const map = isJsonObject(before ?? null) ? (before as JsonObject) : {};
  const [key, member] = readEntry(type.value, value, place);
  // Also a key named `__proto__` is a member of its own.
  Object.defineProperty(map, key, {
    value: member,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return map;
}

/** One item; or several, where numbers are packed into one field. */
function readItems(type: TypeRef, value: WireValue, place: Place): Json[] {
  const isNumber = type.form === 'scalar' && ['int32', 'int64', 'boolean'].includes(type.scalar);
  if (!isNumber || value.wire !== 'bytes') {
    return [readValue(type, value, { place, before: undefined })];
  }
  return packedVarints(value.value).map((item) =>
    readValue(type, item, { place, before: undefined }),
  );
}

function readEntry(type: TypeRef, value: WireValue, place: Place): [key: string, member: Json] {
  let key = '';
  let member: Json | undefined;
  for (const entry of wireFields(expectBytes(value, place.field), place.field)) {
    if (entry.number === 1) key = expectBytes(entry, 'key').toString('utf8');
    if (entry.number === 2) member = readMember(type, entry, place);
  }
  return [key, member ?? emptyMember(type)];
}

/** A list as the value of a map is wrapped in a message of its own. */
function readMember(type: TypeRef, value: WireValue, place: Place): Json {
  if (type.form !== 'list') return readValue(type, value, { place, before: undefined });
  const items = [...wireFields(expectBytes(value, place.field), place.field)];
  return items
    .filter(({ number }) => number === 1)
    .flatMap((item) => readItems(type.item, item, place));
}

function emptyMember(type: TypeRef): Json {
  if (type.form === 'list') return [];
  if (type.form === 'scalar') return ['string', 'bytes'].includes(type.scalar) ? '' : 0;
  return {};
}

function readValue(type: TypeRef, value: WireValue, { place, before }: Context): Json {
  const { owner, field, depth } = place;
  if (type.form === 'object') {
    const into = isJsonObject(before ?? null) ? (before as JsonObject) : {};
    const message = { type: type.name, slots: slotsOf(type.name), depth: depth + 1 };
    return readInto(into, expectBytes(value, field), message);
  }
  if (type.form !== 'scalar') throw new ProtobufError(`proto: ${field}: lists do not nest`);
  if (holdsQuantity(owner, field)) return readQuantity(value, field);
  const choice = schemaChoice(owner, field);
  if (!choice) return scalarReaders[type.scalar](value, field);
  const schema = { type: owner, slots: slotsOf(owner), depth: depth + 1 };
  return choice(expectBytes(value, field), (bytes) => readInto({}, bytes, schema));
}
