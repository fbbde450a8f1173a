// The rules in a schema, x-kubernetes-validations (API-1010): evaluated for a value and all that it
// holds, with one budget for the whole object.
import type { StatusCause, ValidationRule } from '../generated/types.ts';
import { isUnchanged, itemPair, memberPair } from '../apiextensions/correlation.ts';
import type { Correlation } from '../apiextensions/correlation.ts';
import type { SchemaRules } from '../apiextensions/schema-rules.ts';
import {
  isEmbedded,
  itemsOf,
  memberSchema,
  propertyOf,
  schemaHas,
} from '../apiextensions/structural-schema.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
import { invalidValue } from '../meta/field-errors.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json } from '../meta/object.ts';
import { CALL_COST_MAX, CelEvaluationError } from './compile-expression.ts';
import { compileRule } from './compile-rule.ts';
import type { CompiledRule } from './compile-rule.ts';
import { failedRule, ruleMessage, ruleName } from './rule-fault.ts';

/** Cost that all rules about one object may have together. */
const OBJECT_COST_MAX = 10_000_000;

/** True when a schema, or one in it, has rules. */
function hasRules(schema: Schema): boolean {
  return schemaHas(schema, (one) => (one['x-kubernetes-validations'] ?? []).length > 0);
}

/** The rules in a root schema; undefined when there are none. */
export function compileSchemaRules(root: Schema): SchemaRules | undefined {
  if (!hasRules(root)) return undefined;
  const compiled = new Map<Schema, readonly CompiledRule[]>();
  const rulesOf = (schema: Schema): readonly CompiledRule[] => {
    const known = compiled.get(schema);
    if (known) return known;
    const rules = schema['x-kubernetes-validations'] ?? [];
    const made = rules.map((rule) =>
      compileRule(rule, schema, schema === root || isEmbedded(schema)),
    );
    compiled.set(schema, made);
    return made;
  };
  return {
    validate(value, old) {
      const run = new RuleRun(rulesOf);
      const pair = old === undefined ? undefined : { value, old, schema: root };
      run.visit(value, root, { field: '', pair, outer: undefined });
      return run.causes;
    },
  };
}

interface Place {
  /** Path to the value; the empty string for the whole object. */
  readonly field: string;
  /** The value with the old one, when it can be told which that is. */
  readonly pair: Correlation | undefined;
  /** The nearest pair above. */
  readonly outer: Correlation | undefined;
}

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run';

/** One walk through an object; it ends when the budget is spent. */
class RuleRun {
  readonly causes: StatusCause[] = [];
  readonly #rulesOf: (schema: Schema) => readonly CompiledRule[];
  #budget = OBJECT_COST_MAX;

  constructor(rulesOf: (schema: Schema) => readonly CompiledRule[]) {
    this.#rulesOf = rulesOf;
  }

  visit(value: Json, schema: Schema | undefined, place: Place): void {
    if (!schema || value === null || this.#budget < 0) return;
    for (const compiled of this.#rulesOf(schema)) this.#apply(compiled, value, place);
    const outer = place.pair ?? place.outer;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        const pair = itemPair(place.pair, index);
        this.visit(item, itemsOf(schema), { field: `${place.field}[${index}]`, pair, outer });
      }
    } else if (isJsonObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        const pair = memberPair(place.pair, name);
        const field = memberField(place.field, name, propertyOf(schema, name) !== undefined);
        this.visit(member, memberSchema(schema, name), { field, pair, outer });
      }
    }
  }

  #apply(compiled: CompiledRule, value: Json, place: Place): void {
    const { rule, usesOldSelf } = compiled;
    const { pair } = place;
    if (this.#budget < 0) return;
    const field = place.field === '' ? '<nil>' : place.field;
    if (compiled.error !== undefined) {
      this.#add(field, value, `rule compile error: ${compiled.error}`);
      return;
    }
    // Transition rules say something only about values that were there before.
    const old = pair?.old ?? undefined;
    if (usesOldSelf && old === undefined && rule.optionalOldSelf !== true) return;
    const passed = this.#test(compiled, { self: value, oldSelf: old }, field);
    if (passed !== false) return;
    if (!usesOldSelf && isRatcheted(place)) return;
    const detail = this.#detail(compiled, { self: value, oldSelf: old });
    this.causes.push(failedRule(fieldOf(place.field, compiled), { rule, value, detail }));
  }

  /** Undefined when the rule could not be evaluated, which is a cause of its own. */
  #test(compiled: CompiledRule, values: Values, field: string): boolean | undefined {
    if (this.#budget <= 0) {
      this.#budget = -1;
      this.#add(field, values.self, OUT_OF_BUDGET);
      return undefined;
    }
    try {
      const { result, cost } = compiled.test(values, Math.min(CALL_COST_MAX, this.#budget));
      this.#budget -= cost;
      return result === true;
    } catch (error) {
      if (!(error instanceof CelEvaluationError)) throw error;
      this.#failed(error, { rule: compiled.rule, field, value: values.self });
      return undefined;
    }
  }

  #failed(
    { message, reason }: CelEvaluationError,
    { rule, field, value }: { rule: ValidationRule; field: string; value: Json },
  ): void {
    if (reason === 'cost') {
      const isBudget = this.#budget < CALL_COST_MAX;
      this.#budget = -1;
      const why = 'no further validation rules will be run due to call cost exceeds limit for rule';
      this.#add(field, value, isBudget ? OUT_OF_BUDGET : `'${message}': ${why}: ${ruleName(rule)}`);
    } else if (message === 'no such overload') {
      const why = 'call arguments did not match a supported operator, function or macro signature';
      this.#add(field, value, `'${message}': ${why} for rule: ${ruleName(rule)}`);
    } else this.#add(field, value, `${message} evaluating rule: ${ruleName(rule)}`);
  }

  #add(field: string, value: Json, detail: string): void {
    this.causes.push(invalidValue(field, typeName(value), detail));
  }

  #detail({ rule, message }: CompiledRule, values: Values): string {
    const text = message ? this.#message(message, values) : undefined;
    return text ?? ruleMessage(rule);
  }

  #message(message: NonNullable<CompiledRule['message']>, values: Values): string | undefined {
    try {
      const { result, cost } = message(values, Math.min(CALL_COST_MAX, Math.max(this.#budget, 1)));
      this.#budget -= cost;
      const text = typeof result === 'string' ? result.trim() : '';
      return text === '' || text.includes('\n') || text.length > MESSAGE_MAX ? undefined : text;
    } catch (error) {
      if (error instanceof CelEvaluationError) return undefined;
      throw error;
    }
  }
}

/** Longer messages of expressions are not used. */
const MESSAGE_MAX = 5 * 1024;

export interface Values {
  readonly self: Json;
  readonly oldSelf: Json | undefined;
}

function memberField(field: string, name: string, isDeclared: boolean): string {
  if (!isDeclared && field !== '') return `${field}[${name}]`;
  return field === '' ? name : `${field}.${name}`;
}

/** Where the failure of a rule is reported. */
function fieldOf(field: string, { fieldPath }: CompiledRule): string {
  if (fieldPath === undefined) return field === '' ? '<nil>' : field;
  return field === '' ? fieldPath : `${field}.${fieldPath}`;
}

function typeName(value: Json): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return value === null ? 'null' : typeof value;
}

/** What was wrong before and is as it was passes. */
function isRatcheted({ pair, outer }: Place): boolean {
  const nearest = pair ?? outer;
  return nearest !== undefined && isUnchanged(nearest);
}
