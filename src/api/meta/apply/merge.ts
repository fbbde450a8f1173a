// Merges an applied configuration into an object: what it mentions wins, nothing goes, and lists
// take the order of the configuration where it says one (API-644, API-651).
import { isJsonObject } from '../object.ts';
import type { Json, JsonObject } from '../object.ts';
import { elementAt, groupItems } from './list-items.ts';
import { formOf } from './type-schema.ts';
import type { ListSchema, MapSchema, TypeSchema } from './type-schema.ts';

type Value = Json | undefined;

/** `live` with everything that `applied` mentions. Neither is changed; they share parts. */
export function mergeTyped(schema: TypeSchema, live: Value, applied: Value): Value {
  if (applied === undefined) return live;
  const form = formOf(schema, applied === null ? live : applied);
  if (form === 'map' && schema.map && !schema.map.atomic) {
    return mergeMaps(schema.map, live, applied);
  }
  if (form === 'list' && schema.list && !schema.list.atomic) {
    return mergeLists(schema.list, live, applied);
  }
  return applied;
}

function mergeMaps(schema: MapSchema, live: Value, applied: Json): Json {
  const before = isJsonObject(live) ? live : {};
  const wanted = isJsonObject(applied) ? applied : {};
  // Empty and null are told apart.
  if (Object.keys(before).length === 0 && Object.keys(wanted).length === 0) return applied;
  const result: JsonObject = { ...before };
  for (const [name, value] of Object.entries(wanted)) {
    const type = schema.field(name)?.type ?? schema.element;
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const merged = type ? mergeTyped(type, old, value) : value;
    const property = { value: merged, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(result, name, property);
  }
  return result;
}

function mergeLists(schema: ListSchema, live: Value, applied: Json): Json {
  const before = Array.isArray(live) ? live : [];
  const wanted = Array.isArray(applied) ? applied : [];
  if (before.length === 0 && wanted.length === 0) return applied;
  return new ListMerge(schema, before, wanted).run();
}

/**
 * One pass over both lists. Items of the live list alone stay where they are between the shared
 * ones; shared and new items follow the order of the applied list.
 */
class ListMerge {
  readonly #schema: ListSchema;
  readonly #live: readonly Json[];
  readonly #liveElements: readonly string[];
  readonly #liveItems: ReadonlyMap<string, readonly Json[]>;
  readonly #applied: readonly Json[];
  readonly #appliedElements: readonly string[];
  readonly #inApplied: ReadonlySet<string>;
  readonly #merged = new Set<string>();
  readonly #result: Json[] = [];
  /** Elements of both lists that are still to come, in the applied order. */
  readonly #shared: string[];

  constructor(schema: ListSchema, live: readonly Json[], applied: readonly Json[]) {
    this.#schema = schema;
    this.#live = live;
    this.#applied = applied;
    this.#liveElements = live.map((item, index) => elementAt(schema, item, index));
    this.#appliedElements = applied.map((item, index) => elementAt(schema, item, index));
    this.#liveItems = groupItems(schema, live);
    this.#inApplied = new Set(this.#appliedElements);
    this.#shared = this.#appliedElements.filter((element) => this.#liveItems.has(element));
  }

  run(): Json[] {
    let live = 0;
    let applied = 0;
    while (live < this.#live.length || applied < this.#applied.length) {
      const mine = this.#liveElements[live];
      const wanted = this.#appliedElements[applied];
      if (mine !== undefined && mine === wanted) {
        this.#take(applied);
        live++;
        applied++;
      } else if (mine !== undefined && wanted !== undefined && this.#isOutOfTurn(mine)) {
        live++;
      } else if (mine !== undefined && !this.#inApplied.has(mine)) {
        this.#result.push(this.#live[live] ?? null);
        live++;
      } else {
        if (mine !== undefined && this.#merged.has(mine)) live++;
        if (wanted !== undefined) this.#take(applied++);
      }
    }
    return this.#result;
  }

  /** A shared item whose turn in the applied order is another one's. */
  #isOutOfTurn(element: string): boolean {
    const [next] = this.#shared;
    return this.#inApplied.has(element) && next !== undefined && next !== element;
  }

  #take(index: number): void {
    const element = this.#appliedElements[index] ?? '';
    const items = this.#liveItems.get(element) ?? [];
    this.#merged.add(element);
    // Duplicates are replaced, not merged with.
    const old = items.length === 1 ? items[0] : undefined;
    const merged = mergeTyped(this.#schema.element, old, this.#applied[index]);
    if (merged !== undefined) this.#result.push(merged);
    if (this.#shared[0] === element) this.#shared.shift();
  }
}
