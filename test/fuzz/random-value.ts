// Makes objects by the type model: well formed mostly, sensible now and then.
import type { Random } from '../../src/base/random.ts';
import type { Json, JsonObject } from '../../src/api/meta/object.ts';
import { builtinTypes, type Scalar, type TypeRef } from '../../src/api/meta/type-model.ts';
import { groupVersion, type ResourceDefinition } from '../../src/api/resources.ts';
import { chance, ODD_NUMBERS, ODD_TEXTS, pick, randomText, times } from './choice.ts';

const DEPTH_MAX = 6;
const TIMES = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456Z', '0001-01-01T00:00:00Z'];

function randomScalar(random: Random, scalar: Scalar): Json {
  switch (scalar) {
    case 'string':
      return randomText(random);
    case 'int32':
    case 'int64':
    case 'number':
    case 'double':
      return chance(random, 60) ? random.integer(100) : pick(random, ODD_NUMBERS);
    case 'boolean':
      return chance(random, 50);
    case 'time':
    case 'microtime':
      return chance(random, 80) ? pick(random, TIMES) : randomText(random);
    case 'bytes':
      return chance(random, 80) ? 'aGVsbG8=' : randomText(random);
    case 'int-or-string':
      return chance(random, 50) ? random.integer(100) : pick(random, ['25%', 'http', '', '-1']);
    case 'any':
      return randomJson(random, 3);
  }
}

/** Any JSON value. */
export function randomJson(random: Random, depth: number): Json {
  switch (random.integer(depth > 0 ? 7 : 5)) {
    case 0:
      return null;
    case 1:
      return chance(random, 50);
    case 2:
      return pick(random, ODD_NUMBERS);
    case 3:
    case 4:
      return pick(random, ODD_TEXTS);
    case 5:
      return times(random.integer(4), () => randomJson(random, depth - 1));
    default:
      return Object.fromEntries(
        times(random.integer(4), () => [pick(random, ODD_TEXTS), randomJson(random, depth - 1)]),
      );
  }
}

/** A value of the type; deep down only scalars and empty containers. */
export function randomValue(random: Random, type: TypeRef, depth = DEPTH_MAX): Json {
  switch (type.form) {
    case 'scalar':
      return randomScalar(random, type.scalar);
    case 'list':
      if (depth <= 0) return [];
      return times(random.integer(3), () => randomValue(random, type.item, depth - 1));
    case 'map':
      if (depth <= 0) return {};
      return Object.fromEntries(
        times(random.integer(3), () => [
          randomText(random),
          randomValue(random, type.value, depth - 1),
        ]),
      );
    case 'object':
      return randomFields(random, type.name, depth);
  }
}

function randomFields(random: Random, typeName: string, depth: number): JsonObject {
  const object: JsonObject = {};
  for (const { name, type, required } of builtinTypes.type(typeName)?.fields.values() ?? []) {
    const share = required ? 95 : depth > DEPTH_MAX - 2 ? 40 : 12;
    if (!chance(random, share)) continue;
    object[name] = randomValue(random, type, depth - 1);
  }
  return object;
}

/** An object of the resource's kind, with the given name. */
export function randomObject(
  random: Random,
  resource: ResourceDefinition,
  { name, namespace }: { name: string; namespace: string },
): JsonObject {
  const object = randomFields(random, resource.model, DEPTH_MAX);
  const metadata = chance(random, 60) ? {} : (object['metadata'] as JsonObject | undefined);
  return {
    ...object,
    apiVersion: groupVersion(resource),
    kind: resource.kind,
    metadata: { ...metadata, name, ...(resource.namespaced ? { namespace } : {}) },
  };
}
