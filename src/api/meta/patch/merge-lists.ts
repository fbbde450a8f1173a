// The order of a merged list, in upstream's way: the patch's order wins over the live one, and
// items only the server has keep their place beside their neighbours.
import { isJsonObject, type Json, type JsonObject } from '../object.ts';
import { failedPatch, goText, goType, inapplicableList } from './patch-error.ts';

/** Directive with the order of a list's items. */
export const SET_ORDER = '$setElementOrder';

/** Throws unless the lists hold items of one kind; true when the items are objects. */
export function holdsObjects(...lists: ReadonlyArray<readonly Json[]>): boolean {
  const items = lists.flat();
  const [first] = items;
  if (first === undefined) throw failedPatch('no elements in any of the given slices');
  if (Array.isArray(first)) throw inapplicableList('lists of lists are not supported');
  if (items.some((item) => goType(item) !== goType(first))) {
    const texts = lists.map((list) => goText([...list])).join(' ');
    throw failedPatch(`list element types are not identical: [${texts}]`);
  }
  return isJsonObject(first);
}

/** The item as an object. */
export function objectItem(item: Json): JsonObject {
  if (isJsonObject(item)) return item;
  throw failedPatch(`expected a map[string]interface {}, but received a ${goType(item)}`);
}

/** The value that identifies an item: its merge key's, or a scalar itself. */
export function identity(item: Json, mergeKey: string): Json {
  if (mergeKey === '') return item;
  const object = objectItem(item);
  const value = object[mergeKey];
  if (value !== undefined) return value;
  throw failedPatch(`map: ${goText(object)} does not contain declared merge key: ${mergeKey}`);
}

/** Positions of identities in a list; of equal ones the first. */
function positions(items: readonly Json[], mergeKey: string): Map<Json, number> {
  const found = new Map<Json, number>();
  items.forEach((item, index) => {
    const id = identity(item, mergeKey);
    if (!found.has(id)) found.set(id, index);
  });
  return found;
}

function sortBy(items: readonly Json[], order: Map<Json, number>, mergeKey: string): Json[] {
  return [...items].sort((left, right) => {
    const a = order.get(identity(left, mergeKey));
    const b = order.get(identity(right, mergeKey));
    return a === undefined || b === undefined ? 0 : a - b;
  });
}

export interface ListOrder {
  /** The order asked for: the patch's items, or its `$setElementOrder`. */
  readonly wanted: readonly Json[];
  /** The list before the patch. */
  readonly live: readonly Json[];
  readonly mergeKey: string;
}

/** The merged items in their final order (API-622). */
export function orderItems(merged: readonly Json[], { wanted, live, mergeKey }: ListOrder): Json[] {
  const wantedAt = positions(wanted, mergeKey);
  const liveAt = positions(live, mergeKey);
  const isWanted = (item: Json) => wantedAt.has(identity(item, mergeKey));
  const ours = sortBy(merged.filter(isWanted), wantedAt, mergeKey);
  const theirs = sortBy(
    merged.filter((item) => !isWanted(item)),
    liveAt,
    mergeKey,
  );
  const result: Json[] = [];
  let next = 0;
  for (const item of ours) {
    const at = liveAt.get(identity(item, mergeKey));
    for (; next < theirs.length && at !== undefined; next += 1) {
      const other = theirs[next] as Json;
      const otherAt = liveAt.get(identity(other, mergeKey));
      if (otherAt === undefined || otherAt >= at) break;
      result.push(other);
    }
    result.push(item);
  }
  return [...result, ...theirs.slice(next)];
}

/** Fails unless the patch's items appear in the order of `$setElementOrder`, deletions aside. */
export function checkElementOrder(
  patchItems: readonly Json[],
  wanted: readonly Json[],
  mergeKey: string,
): void {
  if (patchItems.length === 0 || wanted.length === 0) return;
  const plain = patchItems.filter((item) => !isJsonObject(item) || item['$patch'] === undefined);
  let matched = 0;
  for (const item of wanted) {
    const candidate = plain[matched];
    if (candidate === undefined) return;
    if (identity(candidate, mergeKey) === identity(item, mergeKey)) matched += 1;
  }
  if (matched === plain.length) return;
  const [ours, theirs] = [goText([...patchItems]), goText([...wanted])];
  throw failedPatch(
    `The order in patch list:\n${ours}\n doesn't match ${SET_ORDER} list:\n${theirs}\n`,
  );
}
