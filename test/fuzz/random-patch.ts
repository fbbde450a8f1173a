// Makes patches of all four types, against objects as they may be stored.
import type { Random } from '../../src/base/random.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/api/meta/object.ts';
import { chance, ODD_TEXTS, pick, times } from './choice.ts';
import { mutateJson } from './mutate.ts';
import { randomJson } from './random-value.ts';

export const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test', 'merge', ''];

/** JSON pointers to everything in a value. */
function pointersOf(value: Json, base = ''): string[] {
  if (!Array.isArray(value) && !isJsonObject(value)) return [base];
  const members = Object.entries(value) as [string, Json][];
  const escaped = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');
  return [base, ...members.flatMap(([key, own]) => pointersOf(own, `${base}/${escaped(key)}`))];
}

function randomPointer(random: Random, pointers: readonly string[]): string {
  const pointer = pick(random, pointers);
  if (chance(random, 70)) return pointer;
  return `${pointer}/${pick(random, ['-', '-1', '0', '99999999999', '01', '~', '~2', 'x', '', '__proto__', 'constructor'])}`;
}

function jsonPatch(random: Random, object: JsonObject): Json {
  const pointers = pointersOf(object);
  return times(random.integer(5), () => ({
    op: pick(random, OPERATIONS),
    path: randomPointer(random, pointers),
    ...(chance(random, 60) ? { value: randomJson(random, 3) } : {}),
    ...(chance(random, 40) ? { from: randomPointer(random, pointers) } : {}),
  }));
}

const DIRECTIVES: readonly ((random: Random) => [string, Json])[] = [
  (random) => ['$patch', pick(random, ['delete', 'replace', 'merge', 'x', 1, null])],
  (random) => ['$retainKeys', chance(random, 70) ? [pick(random, ODD_TEXTS)] : 1],
  (random) => ['$setElementOrder/containers', randomJson(random, 2)],
  () => ['$setElementOrder/containers', [{ name: 'main' }, { name: 'other' }]],
  () => ['$deleteFromPrimitiveList/finalizers', ['a', 1, null]],
  (random) => ['$deleteFromPrimitiveList/finalizers', randomJson(random, 2)],
];

function withDirectives(random: Random, value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) => withDirectives(random, item));
    return chance(random, 10) ? [...items, { $patch: 'replace' }] : items;
  }
  if (!isJsonObject(value)) return value;
  const members = Object.entries(value)
    .filter(() => chance(random, 70))
    .map(([key, own]) => [key, withDirectives(random, own)] as [string, Json]);
  if (chance(random, 10)) members.push(pick(random, DIRECTIVES)(random));
  return Object.fromEntries(members);
}

/** A patch of the type for an object that may look like `object`. */
export function randomPatch(random: Random, type: string, object: JsonObject): Json {
  if (chance(random, 3)) return randomJson(random, 3);
  if (type === 'application/json-patch+json') return jsonPatch(random, object);
  if (type === 'application/apply-patch+yaml') return mutateJson(random, object);
  const patch = mutateJson(random, object);
  return type.includes('strategic') ? withDirectives(random, patch) : patch;
}
