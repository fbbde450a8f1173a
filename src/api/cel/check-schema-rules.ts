// The rules of a schema when a definition is written (API-1010): they compile, refer to oldSelf
// only where it can be known, and can't cost too much.
import type { StatusCause, ValidationRule } from '../generated/types.ts';
import { additionalSchema, isEmbedded, itemsOf } from '../apiextensions/structural-schema.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import { forbidden, internalFieldError, invalidValue } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { compileRule } from './compile-rule.ts';
import type { CompiledRule } from './compile-rule.ts';
import { shownRule } from './rule-fault.ts';
import { declareType, REQUEST_BYTES_MAX } from './schema-types.ts';

/** The most that one rule may cost, for all values it applies to. */
const RULE_COST_MAX = 10_000_000;
/** The same for all rules of a schema. */
const SCHEMA_COST_MAX = 100_000_000;
/** As many rules are named when all together cost too much. */
const EXPENSIVE_SHOWN = 4;
/** Cheaper ones are not named. */
const EXPENSIVE_MIN = SCHEMA_COST_MAX / 100;

const UNTYPED =
  'internal error: failed to construct type information for x-kubernetes-validations rules: ' +
  'unable to convert structural schema to CEL declarations';

interface Context {
  readonly isRoot: boolean;
  /** How many values the schema may apply to; undefined: as many as a request may hold. */
  readonly count: number | undefined;
  /** What keeps old and new values from being compared. */
  readonly unknownOld: FieldPath | undefined;
}

interface Options {
  /** Fields with other faults: rules above them are not looked at. */
  readonly wrongAt: readonly string[];
  /** The schema before: what it cost then it may cost now. */
  readonly old: Schema | undefined;
}

interface Expense {
  readonly path: FieldPath;
  readonly cost: number;
}

/** The causes against the rules in a root schema. */
export function checkSchemaRules(
  schema: Schema,
  path: FieldPath,
  { wrongAt, old }: Options,
): StatusCause[] {
  const before = JSON.stringify(old ?? null);
  const check = new RuleCheck(wrongAt, before === JSON.stringify(schema));
  check.visit(schema, path, { isRoot: true, count: 1, unknownOld: undefined });
  return [...check.causes, ...tooExpensive(check.expenses, path)];
}

class RuleCheck {
  readonly causes: StatusCause[] = [];
  readonly expenses: Expense[] = [];
  readonly #wrongAt: readonly string[];
  readonly #isOld: boolean;

  constructor(wrongAt: readonly string[], isOld: boolean) {
    this.#wrongAt = wrongAt;
    this.#isOld = isOld;
  }

  visit(schema: Schema, path: FieldPath, context: Context): void {
    this.#visitBelow(schema, path, context);
    const rules = schema['x-kubernetes-validations'] ?? [];
    const own = path.toString();
    if (rules.length === 0 || this.#wrongAt.some((field) => field.startsWith(own))) return;
    const isRoot = context.isRoot || isEmbedded(schema);
    const declared = declareType(schema, { name: '', isRoot });
    if (!declared) {
      this.causes.push(internalFieldError(path.child('x-kubernetes-validations'), UNTYPED));
      return;
    }
    const most = Math.floor(REQUEST_BYTES_MAX / (declared.bytesMin + 1));
    for (const [index, rule] of rules.entries()) {
      const compiled = compileRule(rule, schema, isRoot);
      const at = path.child('x-kubernetes-validations').index(index);
      this.#check(compiled, at, { ...context, count: context.count ?? most });
    }
  }

  #visitBelow(schema: Schema, path: FieldPath, { count, unknownOld }: Context): void {
    const own = countBelow(schema);
    const all = count === undefined || own === undefined ? undefined : count * own;
    const additional = additionalSchema(schema);
    if (additional) {
      const below = { isRoot: false, count: all, unknownOld };
      this.visit(additional, path.child('additionalProperties'), below);
    }
    const isAtomic = schema['x-kubernetes-map-type'] === 'atomic';
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      const inside = unknownOld ?? (isAtomic ? path : undefined);
      const below = { isRoot: false, count: all, unknownOld: inside };
      this.visit(property, path.child('properties').key(name), below);
    }
    const items = itemsOf(schema);
    if (!items) return;
    const inside = unknownOld ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : path);
    this.visit(items, path.child('items'), { isRoot: false, count: all, unknownOld: inside });
  }

  #check(
    compiled: CompiledRule,
    path: FieldPath,
    { count, unknownOld }: Context & { readonly count: number },
  ): void {
    const { rule } = compiled;
    const at = path.child('rule');
    this.#spend(at, compiled.cost * count, 'estimated rule cost');
    if (compiled.error !== undefined) {
      this.causes.push(invalidValue(at, shownRule(rule), compiled.error));
    }
    const messageAt = path.child('messageExpression');
    if (compiled.messageError !== undefined) {
      this.causes.push(invalidValue(messageAt, shownRule(rule), compiled.messageError));
    } else if (compiled.message) {
      this.#spend(messageAt, compiled.messageCost, 'estimated messageExpression cost');
    }
    if (compiled.error === undefined)
      this.causes.push(...oldSelfCauses(compiled, path, unknownOld));
  }

  #spend(path: FieldPath, cost: number, what: string): void {
    if (cost > RULE_COST_MAX && !this.#isOld) {
      this.causes.push(forbidden(path, costMessage(what, cost, RULE_COST_MAX)));
    }
    if (cost > 0) this.expenses.push({ path, cost });
  }
}

function* oldSelfCauses(
  { rule, usesOldSelf }: { rule: ValidationRule; usesOldSelf: boolean },
  path: FieldPath,
  unknownOld: FieldPath | undefined,
): Iterable<StatusCause> {
  if (usesOldSelf && unknownOld) {
    const where = `the uncorrelatable portion of the schema within ${unknownOld.toString()}`;
    yield invalidValue(path.child('rule'), rule.rule, `oldSelf cannot be used on ${where}`);
  }
  if (!usesOldSelf && rule.optionalOldSelf !== undefined) {
    const message = 'may not be set if oldSelf is not used in rule';
    yield invalidValue(path.child('optionalOldSelf'), rule.optionalOldSelf, message);
  }
}

/** How many values a list or map has at most; undefined when it says nothing of it. */
function countBelow(schema: Schema): number | undefined {
  const { type, maxItems, maxProperties } = schema;
  if (type === 'array') return maxItems === undefined ? undefined : Math.max(maxItems, 0);
  const isMap = type === 'object' && (schema.additionalProperties ?? undefined) !== undefined;
  if (!isMap) return 1;
  return maxProperties === undefined ? undefined : Math.max(maxProperties, 0);
}

function* tooExpensive(expenses: readonly Expense[], path: FieldPath): Iterable<StatusCause> {
  const total = expenses.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= SCHEMA_COST_MAX) return;
  const most = expenses
    .filter(({ cost }) => cost >= EXPENSIVE_MIN)
    .toSorted((a, b) => b.cost - a.cost)
    .slice(0, EXPENSIVE_SHOWN);
  const message = 'contributed to estimated rule cost total exceeding cost limit';
  for (const one of most) yield forbidden(one.path, `${message} for entire OpenAPIv3 schema`);
  const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
  yield forbidden(path, costMessage(what, total, SCHEMA_COST_MAX));
}

const ADVICE =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, ' +
  'and strings are declared)';

function costMessage(what: string, cost: number, max: number): string {
  const factor = cost / max;
  const shown =
    factor > 100 ? 'more than 100x' : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} ${ADVICE}`;
}
