// Sets of fields in the very form they are stored in, FieldsV1 (API-642): a tree whose branches are
// path elements. A leaf `{}` is a member; a branch is one when it holds `.`. Sets are never changed
// once made and share their branches, so that what did not change stays the same object.
import { isJsonObject } from '../object.ts';
import { canonicalElement, elementText } from './path-element.ts';

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** A set under construction. */
export interface FieldSetBuilder {
  [element: string]: FieldSetBuilder;
}

const SELF = '.';
const LEAF: FieldSetBuilder = Object.freeze({});

export const EMPTY_SET: FieldSet = LEAF;

/** True when the set has no member. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

function isMember(node: FieldSet | undefined): boolean {
  return node !== undefined && (SELF in node || isEmptySet(node));
}

/**
 * Adds the field at `path`; its parents are not added with it. Leaves are known by identity: to
 * look whether an object has members takes as long as it is large.
 */
export function addField(set: FieldSetBuilder, path: readonly string[]): void {
  let node = set;
  path.forEach((element, index) => {
    const next = node[element];
    if (index === path.length - 1) {
      if (next === undefined) node[element] = LEAF;
      else if (next !== LEAF) next[SELF] = LEAF;
    } else if (next === undefined || next === LEAF) {
      // A leaf that gets a branch must say that it is a member.
      node = node[element] = next === LEAF ? { [SELF]: LEAF } : {};
    } else node = next;
  });
}

/** The set of the given paths. */
export function fieldSetOf(...paths: readonly (readonly string[])[]): FieldSet {
  const set: FieldSetBuilder = {};
  for (const path of paths) addField(set, path);
  return set;
}

/** Which of two sets a member of the result is in. */
type Keep = (inLeft: boolean, inRight: boolean) => boolean;

function combineNodes(
  left: FieldSet | undefined,
  right: FieldSet | undefined,
  keep: Keep,
): FieldSet | undefined {
  if (left === undefined) return keep(false, true) ? right : undefined;
  if (right === undefined) return keep(true, false) ? left : undefined;
  const branches = combineBranches(left, right, keep);
  if (!keep(isMember(left), isMember(right))) return isEmptySet(branches) ? undefined : branches;
  return isEmptySet(branches) ? LEAF : reused({ [SELF]: LEAF, ...branches }, left);
}

function combineBranches(left: FieldSet, right: FieldSet, keep: Keep): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element in left) {
    const node = element === SELF ? undefined : combineNodes(left[element], right[element], keep);
    if (node !== undefined) result[element] = node;
  }
  for (const element in right) {
    if (element === SELF || element in left) continue;
    const node = combineNodes(undefined, right[element], keep);
    if (node !== undefined) result[element] = node;
  }
  return reused(result, left);
}

/** `original` when it has the very same branches. */
function reused(set: FieldSet, original: FieldSet): FieldSet {
  let count = 0;
  for (const element in set) {
    const [one, other] = [set[element], original[element]];
    const areLeaves = one !== undefined && other !== undefined && isEmptySet(one);
    if (one !== other && !(areLeaves && isEmptySet(other))) return set;
    count += 1;
  }
  for (const _ in original) count -= 1;
  return count === 0 ? original : set;
}

/** What is in either set. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left)) return right;
  return isEmptySet(right) ? left : combineBranches(left, right, (a, b) => a || b);
}

/** What is in both sets. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return combineBranches(left, right, (a, b) => a && b);
}

/** What is in `left` and not in `right`; parents and children of a field are other fields. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return combineBranches(left, right, (a, b) => a && !b);
}

/** As `difference`, and everything below the members of `right` goes too. */
export function differenceBelow(left: FieldSet, right: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(left)) {
    const other = right[element];
    if (other === undefined) result[element] = node;
    else if (!isMember(other)) {
      const branches = differenceBelow(below(left, element), other);
      if (!isEmptySet(branches)) {
        result[element] = isMember(node) ? { [SELF]: LEAF, ...branches } : branches;
      } else if (isMember(node)) result[element] = LEAF;
    }
  }
  return result;
}

/** The members on the paths of a pattern, and everything below the ends of these. */
export function matching(set: FieldSet, pattern: FieldSet): FieldSet {
  if (isEmptySet(pattern)) return set;
  const result: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(set)) {
    const inside = element === SELF ? undefined : pattern[element];
    if (inside === undefined) continue;
    const branches = matching(below(set, element), inside);
    if (!isEmptySet(branches)) {
      result[element] = isMember(node) ? { [SELF]: LEAF, ...branches } : branches;
    } else if (isMember(node)) result[element] = LEAF;
  }
  return result;
}

/** True when the field at `path` is a member. */
export function hasField(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) node = node?.[element];
  return path.length > 0 && isMember(node);
}

/** True when the element itself is a member. */
export function hasElement(set: FieldSet, element: string): boolean {
  return isMember(set[element]);
}

/** The part of the set below an element; the element itself is not in it. */
export function below(set: FieldSet, element: string): FieldSet {
  const node = set[element];
  if (node === undefined || !(SELF in node)) return node ?? EMPTY_SET;
  const { [SELF]: _, ...branches } = node;
  return branches;
}

/** True when both sets have the same members. */
export function sameFields(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  const elements = Object.keys(left);
  if (elements.length !== Object.keys(right).length) return false;
  return elements.every((element) => {
    const [one, other] = [left[element], right[element]];
    return one !== undefined && other !== undefined && sameFields(one, other);
  });
}

/** The members as paths: those of a level before those below it, each level in order. */
export function fieldPaths(set: FieldSet): string[][] {
  const elements = elementsOf(set);
  const own = elements.filter((element) => isMember(set[element])).map((element) => [element]);
  const deeper = elements.flatMap((element) =>
    fieldPaths(below(set, element)).map((path) => [element, ...path]),
  );
  return [...own, ...deeper];
}

/** In the order of FieldsV1: fields, then keys, then values, each in their own order. */
function elementsOf(set: FieldSet): string[] {
  return Object.keys(set)
    .filter((element) => element !== SELF)
    .sort();
}

/** `.spec.containers[name="c"].image`. */
export function fieldPathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

/** The same set with its elements in the order of FieldsV1; all leaves are one object. */
export function sortedSet(set: FieldSet): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of Object.keys(set).sort()) {
    const node = set[element] ?? LEAF;
    result[element] = isEmptySet(node) ? LEAF : sortedSet(node);
  }
  return result;
}

/**
 * The set in FieldsV1 that a client sent, in canonical form; undefined when it is none. Elements of
 * kinds that nobody knows are left out.
 */
export function parseFieldSet(value: unknown): FieldSet | undefined {
  if (value === undefined || value === null) return EMPTY_SET;
  if (!isJsonObject(value)) return undefined;
  const result: Record<string, FieldSet> = {};
  for (const [key, child] of Object.entries(value)) {
    if (key === SELF) continue;
    if (key.length < 2 || key[1] !== ':') return undefined;
    if (!'fkvi'.includes(key.charAt(0))) continue;
    const element = canonicalElement(key);
    const branches = parseFieldSet(child);
    if (element === undefined || branches === undefined) return undefined;
    const isLeaf = isEmptySet(branches);
    const hasSelf = isJsonObject(child) && SELF in child;
    result[element] = isLeaf ? LEAF : hasSelf ? { [SELF]: LEAF, ...branches } : branches;
  }
  return result;
}
