// What an expression costs while it runs (API-1010): each step of the evaluation is one unit. The
// library does not count, so its syntax nodes are made to; that is why its version is pinned.

/** The part of a node of the library, version 8, that is replaced. */
interface Evaluated {
  op: string;
  args: unknown;
  evaluate(...values: unknown[]): unknown;
  readonly meta: {
    readonly alternate?: Evaluated;
    readonly macro?: { evaluate(...values: unknown[]): unknown };
    readonly evaluate: (...values: unknown[]) => unknown;
  };
}

/** An evaluation was stopped; the message is upstream's. */
export class CelCostError extends Error {
  override name = 'CelCostError';
}

/** Cost that one evaluation may have. */
export const CALL_COST_MAX = 1_000_000;
/** Cost that all rules about one object may have together. */
export const OBJECT_COST_MAX = 10_000_000;

let spent = 0;
let limit = Number.POSITIVE_INFINITY;

function spend(): void {
  spent += 1;
  if (spent > limit) throw new CelCostError('operation cancelled: actual cost limit exceeded');
}

/** Runs an evaluation and says what it cost. Throws CelCostError above `max`. */
export function counted<T>(max: number, evaluate: () => T): { result: T; cost: number } {
  const outer = { spent, limit };
  spent = 0;
  limit = max;
  try {
    const result = evaluate();
    return { result, cost: spent };
  } finally {
    ({ spent, limit } = outer);
  }
}

const FREE: ReadonlySet<string> = new Set(['value', 'accuValue', 'accuPush', 'accuInc']);

/** Makes all nodes of a checked expression count. */
export function countSteps(root: unknown): void {
  for (const node of nodesBelow(root, new Set())) {
    const { alternate, macro, evaluate } = node.meta;
    if (FREE.has(node.op)) continue;
    const inner = (machine: unknown, own: unknown, context: unknown) => {
      if (alternate) return alternate.evaluate(machine, alternate, context);
      return macro ? macro.evaluate(machine, macro, context) : evaluate(machine, own, context);
    };
    node.evaluate = (machine, own, context) => {
      spend();
      return inner(machine, own, context);
    };
  }
}

function isNode(value: object): value is Evaluated {
  return 'op' in value && 'meta' in value;
}

function nodesBelow(value: unknown, seen: Set<unknown>): Evaluated[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  if (Array.isArray(value)) return value.flatMap((item) => nodesBelow(item, seen));
  if (!isNode(value)) {
    const isPlain = Object.getPrototypeOf(value) === Object.prototype;
    return isPlain ? Object.values(value).flatMap((item) => nodesBelow(item, seen)) : [];
  }
  const { args, meta } = value;
  return [value, ...[args, meta.alternate, meta.macro].flatMap((item) => nodesBelow(item, seen))];
}
