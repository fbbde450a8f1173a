// Equality of API values: what is absent, undefined or null is the same nothing.

type Members = Record<string, unknown>;

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isEmpty(value: unknown): boolean {
  if (isNothing(value)) return true;
  if (typeof value !== 'object') return false;
  return Array.isArray(value)
    ? value.length === 0
    : Object.values(value as object).every((member) => member === undefined);
}

function equalMembers(left: Members, right: Members, equal: typeof jsonEqual): boolean {
  for (const key in left) if (!equal(left[key], right[key])) return false;
  for (const key in right) {
    if (!Object.hasOwn(left, key) && !equal(undefined, right[key])) return false;
  }
  return true;
}

function equalWith(left: unknown, right: unknown, equal: typeof jsonEqual): boolean {
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => equal(item, right[index]));
  }
  return equalMembers(left as Members, right as Members, equal);
}

/** Deep equality of JSON values; order of members is ignored, undefined and null equal absent. */
export function jsonEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isNothing(left) || isNothing(right)) return isNothing(left) && isNothing(right);
  return equalWith(left, right, jsonEqual);
}

/**
 * Deep equality where also an empty list or object equals an absent one, as Kubernetes' semantic
 * equality treats lists and maps. Quantities and times must be in canonical form.
 */
export function semanticEqual(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isNothing(left) || isNothing(right)) return isEmpty(left) && isEmpty(right);
  return equalWith(left, right, semanticEqual);
}
