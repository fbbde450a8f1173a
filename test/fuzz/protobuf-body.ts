// Makes protobuf bodies: messages that follow the numbers of a type, and every few fields don't.
import type { Random } from '../../src/base/random.ts';
import { slotsOf, type Slot, type Slots } from '../../src/api/meta/protobuf/field-numbers.ts';
import { builtinTypes, type TypeRef } from '../../src/api/meta/type-model.ts';
import { groupVersion, type ResourceDefinition } from '../../src/api/resources.ts';
import { chance, pick, randomBytes, randomText, times } from './choice.ts';

const DEPTH_MAX = 6;
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

function bytesField(number: number, payload: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | WIRE.bytes), varint(payload.length), payload]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([varint((number << 3) | WIRE.varint), varint(value)]);
}

const textField = (number: number, text: string) => bytesField(number, Buffer.from(text));

function oddField(random: Random, number: number): Buffer {
  const wire = random.integer(8);
  return Buffer.concat([varint((number << 3) | wire), randomBytes(random, random.integer(12))]);
}

/** One field of a scalar; times, quantities and the like are messages that begin alike. */
function scalarField(random: Random, number: number, type: TypeRef): Buffer {
  const scalar = type.form === 'scalar' ? type.scalar : 'string';
  switch (scalar) {
    case 'int32':
    case 'int64':
    case 'boolean':
      return varintField(number, pick(random, [0, 1, 2, 80, -1, 2 ** 31, 2 ** 53]));
    case 'double':
      return Buffer.concat([varint((number << 3) | WIRE.fixed64), randomBytes(random, 8)]);
    case 'time':
    case 'microtime': {
      const seconds = varintField(1, pick(random, [0, 1_700_000_000, -1, 2 ** 53, -(2 ** 62)]));
      return bytesField(number, Buffer.concat([seconds, varintField(2, random.integer(2 ** 31))]));
    }
    case 'int-or-string': {
      const parts = [varintField(1, random.integer(3)), varintField(2, 80), textField(3, '50%')];
      return bytesField(number, Buffer.concat(parts));
    }
    case 'string':
      if (chance(random, 20))
        return bytesField(number, textField(1, pick(random, ['1Gi', '1', 'x'])));
      return textField(number, randomText(random));
    default:
      return bytesField(number, chance(random, 50) ? textField(1, '{}') : randomBytes(random, 8));
  }
}

function valueField(random: Random, number: number, { type, depth }: Typed): Buffer {
  switch (type.form) {
    case 'scalar':
      return scalarField(random, number, type);
    case 'object':
      return bytesField(number, randomMessage(random, type.name, depth - 1));
    case 'list':
      return Buffer.concat(
        times(random.integer(3), () => valueField(random, number, { type: type.item, depth })),
      );
    case 'map': {
      const member = valueField(random, 2, { type: type.value, depth });
      return bytesField(number, Buffer.concat([textField(1, randomText(random)), member]));
    }
  }
}

interface Typed {
  readonly type: TypeRef;
  readonly depth: number;
}

interface Owner {
  readonly type: string;
  readonly depth: number;
}

function slotField(random: Random, [number, slot]: [number, Slot], owner: Owner): Buffer {
  if (slot.form === 'inline') return bytesField(number, slotFields(random, slot.slots, owner));
  const type = builtinTypes.type(owner.type)?.fields.get(slot.name)?.type;
  if (!type || chance(random, 3)) return oddField(random, number);
  return valueField(random, number, { type, depth: owner.depth });
}

function slotFields(random: Random, slots: Slots, owner: Owner): Buffer {
  const chosen = [...slots].filter(() => chance(random, 25));
  return Buffer.concat(chosen.map((slot) => slotField(random, slot, owner)));
}

function randomMessage(random: Random, type: string, depth: number): Buffer {
  if (depth <= 0) return Buffer.alloc(0);
  const fields = slotFields(random, slotsOf(type), { type, depth });
  if (!chance(random, 3)) return fields;
  return Buffer.concat([fields, oddField(random, 1 + random.integer(600))]);
}

/** A body with its envelope; `name` becomes metadata.name. */
export function protobufBody(random: Random, resource: ResourceDefinition, name: string): Buffer {
  const typeMeta = Buffer.concat([
    textField(1, groupVersion(resource)),
    textField(2, resource.kind),
  ]);
  const metadata = bytesField(1, textField(1, name));
  const raw = Buffer.concat([metadata, randomMessage(random, resource.model, DEPTH_MAX)]);
  return Buffer.concat([Buffer.from('k8s\0'), bytesField(1, typeMeta), bytesField(2, raw)]);
}
