// Damages values and bytes, a little at a time.
import type { Random } from '../../src/base/random.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/api/meta/object.ts';
import { chance, ODD_TEXTS, pick, randomBytes, times } from './choice.ts';
import { randomJson } from './random-value.ts';

type Container = Json[] | JsonObject;

function containersOf(value: Json, found: Container[] = []): Container[] {
  if (Array.isArray(value)) {
    found.push(value);
    for (const item of value) containersOf(item, found);
  } else if (isJsonObject(value)) {
    found.push(value);
    for (const member of Object.values(value)) containersOf(member, found);
  }
  return found;
}

function mutateList(random: Random, list: Json[]): void {
  const at = random.integer(list.length + 1);
  const action = random.integer(4);
  if (action === 0) list.splice(at, 1);
  else if (action === 1) list.splice(at, 0, randomJson(random, 2));
  else if (action === 2) list.push(...structuredClone(list));
  else list[at] = randomJson(random, 2);
}

/** Also a member named `__proto__` is one of the object's own. */
function setMember(object: JsonObject, key: string, value: Json): void {
  const flags = { enumerable: true, configurable: true, writable: true };
  Object.defineProperty(object, key, { value, ...flags });
}

function mutateObject(random: Random, object: JsonObject): void {
  const keys = Object.keys(object);
  const key = keys.length > 0 && chance(random, 80) ? pick(random, keys) : pick(random, ODD_TEXTS);
  const own = Object.hasOwn(object, key) ? (object[key] as Json) : null;
  const action = random.integer(4);
  if (action === 0) delete object[key];
  else if (action === 1) setMember(object, pick(random, ODD_TEXTS), structuredClone(own));
  else setMember(object, key, randomJson(random, 3));
}

/** A copy with a few members changed, removed, added or doubled. */
export function mutateJson(random: Random, value: Json): Json {
  const copy = structuredClone(value);
  for (let left = 1 + random.integer(3); left > 0; left -= 1) {
    const containers = containersOf(copy);
    if (containers.length === 0) return randomJson(random, 3);
    const chosen = pick(random, containers);
    if (Array.isArray(chosen)) mutateList(random, chosen);
    else mutateObject(random, chosen);
  }
  return copy;
}

/** A copy with bytes flipped, cut, doubled or put in. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let result = Buffer.from(bytes);
  for (let left = 1 + random.integer(4); left > 0; left -= 1) {
    const from = random.integer(result.length + 1);
    const to = Math.min(result.length, from + random.integer(16));
    switch (random.integer(5)) {
      case 0:
        if (from < result.length) result[from] = random.integer(256);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, from), result.subarray(to)]);
        break;
      case 2:
        result = result.subarray(0, from);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, to), result.subarray(from)]);
        break;
      default: {
        const inserted = randomBytes(random, 1 + random.integer(8));
        result = Buffer.concat([result.subarray(0, from), inserted, result.subarray(from)]);
      }
    }
  }
  return result;
}

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u',
  '&a ',
  '*a',
  '!!',
  '- ',
  '\n',
  '\t',
  'e',
  '%',
  '=',
  '!=',
  ' in ',
  '(',
  ')',
  'null',
];

/** A copy of a text with tokens put in, and parts of it cut or doubled. */
export function mutateText(random: Random, text: string): string {
  let result = text;
  for (const token of times(1 + random.integer(3), () => pick(random, TOKENS))) {
    const from = random.integer(result.length + 1);
    const to = Math.min(result.length, from + random.integer(10));
    const start = result.slice(0, chance(random, 50) ? from : to);
    result = start + (chance(random, 70) ? token : '') + result.slice(from);
  }
  return result;
}
