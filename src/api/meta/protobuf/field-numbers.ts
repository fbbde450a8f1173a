// The protobuf numbers of the fields of the type model, a stable fact of the Kubernetes API
// (API-1210). In the table a field without a number has the one after its predecessor;
// `hostPath=2.1` is field 1 of a message in field 2 whose fields JSON shows in the outer object
// (API-1207).
import table from './field-numbers.json' with { type: 'json' };

/** What a number of a message stands for: a field, or a message shown in place of itself. */
export type Slot =
  | { readonly form: 'field'; readonly name: string }
  | { readonly form: 'inline'; readonly slots: Slots };

export type Slots = ReadonlyMap<number, Slot>;

type Building = Map<number, { form: 'field'; name: string } | { form: 'inline'; slots: Building }>;

const built = new Map<string, Slots>();

/** The slots of a type of the model; empty for types without numbers. */
export function slotsOf(type: string): Slots {
  const known = built.get(type);
  if (known) return known;
  const text: string = Object.hasOwn(table, type) ? table[type as keyof typeof table] : '';
  const slots = parseSlots(text);
  built.set(type, slots);
  return slots;
}

function parseSlots(text: string): Slots {
  const slots: Building = new Map();
  let path = [0];
  for (const entry of text.split(' ').filter((part) => part !== '')) {
    const [name = '', numbers] = entry.split('=');
    path = numbers === undefined ? following(path) : numbers.split('.').map(Number);
    place(slots, path, name);
  }
  return slots;
}

function following(path: readonly number[]): number[] {
  return [...path.slice(0, -1), (path.at(-1) ?? 0) + 1];
}

function place(slots: Building, [number = 0, ...rest]: readonly number[], name: string): void {
  if (rest.length === 0) {
    slots.set(number, { form: 'field', name });
    return;
  }
  const own = slots.get(number);
  const inner: Building = own?.form === 'inline' ? own.slots : new Map();
  slots.set(number, { form: 'inline', slots: inner });
  place(inner, rest, name);
}
