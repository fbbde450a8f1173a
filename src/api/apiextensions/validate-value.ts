// Whether a value fits its schema (API-1005), in the order and with the texts of upstream's
// validator. On an update, what was wrong before and has not changed passes (ratcheting).
import type { StatusCause } from '../generated/types.ts';
import { isJsonObject } from '../meta/object.ts';
import type { Json, JsonObject } from '../meta/object.ts';
import { isUnchanged, itemPair, memberPair } from './correlation.ts';
import type { Correlation } from './correlation.ts';
import { Findings, missing, notInEnum, shouldBe, tooManyOf, unplaced } from './findings.ts';
import type { Where } from './findings.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { checkNumber, checkString, checkType } from './validate-scalar.ts';
import { additionalSchema, itemsOf, propertyOf } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

export interface ValueValidation {
  /** Put before all fields: `status`; default none. */
  readonly base?: string;
  /** The old value on an update, with the new one. */
  readonly pair?: Correlation | undefined;
}

/** The causes against a value. */
export function validateValue(
  value: Json,
  schema: Schema,
  { base = '', pair }: ValueValidation = {},
): StatusCause[] {
  return validateAt(value, schema, { path: '', base, pair }).causes;
}

type Place = Where & { readonly pair: Correlation | undefined };

function validateAt(value: Json, schema: Schema, place: Place): Findings {
  const findings = new Findings();
  if (checkType(findings, place, { value, schema })) findings.matches += 1;
  if (value !== null) {
    combine(findings, place, { value, schema });
    if (typeof value === 'string') checkString(findings, place, { value, schema });
    if (typeof value === 'number') checkNumber(findings, place, { value, schema });
    if (Array.isArray(value)) checkItems(findings, place, { value, schema });
  }
  checkEnum(findings, place, { value, schema });
  if (isJsonObject(value)) checkMembers(findings, place, { value, schema });
  findings.matches += 1;
  if (findings.isValid || !place.pair || !isUnchanged(place.pair)) return findings;
  return new Findings();
}

interface Check<V> {
  readonly value: V;
  readonly schema: Schema;
}

function checkEnum(findings: Findings, place: Place, { value, schema }: Check<Json>): void {
  const values = schema.enum ?? [];
  if (values.length === 0) return;
  if (values.some((item) => item === value || jsonEqualStrict(item, value))) findings.matches += 1;
  else notInEnum(findings, place, { value, values });
}

function jsonEqualStrict(left: unknown, right: unknown): boolean {
  return left !== null && right !== null && jsonEqual(left, right);
}

function checkItems(findings: Findings, place: Place, { value, schema }: Check<Json[]>): void {
  const items = itemsOf(schema);
  const { path, base, pair } = place;
  for (const [index, item] of items ? value.entries() : []) {
    const below = { path: `${path}[${index}]`, base, pair: itemPair(pair, index) };
    findings.merge(validateAt(item, items ?? {}, below));
  }
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && value.length < minItems) {
    const what = `should have at least ${minItems} items`;
    shouldBe(findings, place, { value: value.length, what });
  }
  if (maxItems !== undefined && value.length > maxItems) {
    tooManyOf(findings, place, { actual: value.length, limit: maxItems, what: 'items' });
  }
  findings.matches += 1;
}

function checkMembers(findings: Findings, place: Place, { value, schema }: Check<JsonObject>) {
  checkMemberCount(findings, place, { value, schema });
  const additional = additionalSchema(schema);
  for (const name of Object.keys(value)) {
    if (propertyOf(schema, name)) continue;
    if (schema.additionalProperties === false) forbidMember(findings, place, name);
    // Upstream writes a dot before the first name here, and only here.
    if (additional) {
      checkMember(findings, place, {
        value,
        schema: additional,
        name,
        path: `${place.path}.${name}`,
      });
    }
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!Object.hasOwn(value, name)) continue;
    const path = place.path === '' ? name : `${place.path}.${name}`;
    checkMember(findings, place, { value, schema: property, name, path });
  }
  for (const name of schema.required ?? []) {
    const { path, base } = place;
    if (!Object.hasOwn(value, name)) missing(findings, { path: `${path}.${name}`, base });
  }
}

function forbidMember(findings: Findings, { path, base }: Place, name: string): void {
  const where = { path: path === '' ? '' : path, base };
  const text = `${path}.${name} in body is a forbidden property`;
  shouldBe(findings, where, { value: name, what: text.slice(`${path} in body `.length) });
}

function checkMemberCount(
  findings: Findings,
  place: Place,
  { value, schema: { minProperties, maxProperties } }: Check<JsonObject>,
): void {
  const actual = Object.keys(value).length;
  if (minProperties !== undefined && actual < minProperties) {
    const what = `should have at least ${minProperties} properties`;
    shouldBe(findings, place, { value: actual, what });
  }
  if (maxProperties !== undefined && actual > maxProperties) {
    tooManyOf(findings, place, { actual, limit: maxProperties, what: 'properties' });
  }
}

function checkMember(
  findings: Findings,
  { path: parent, base, pair }: Place,
  { value, schema, name, path }: Check<JsonObject> & { name: string; path: string },
): void {
  // apiVersion and kind of the whole object are never what they were.
  const isTypeMeta = parent === '' && base === '' && (name === 'apiVersion' || name === 'kind');
  const below = { path, base, pair: isTypeMeta ? undefined : memberPair(pair, name) };
  findings.merge(validateAt(value[name] ?? null, schema, below));
}

/** allOf, anyOf, oneOf and not. */
function combine(findings: Findings, place: Place, { value, schema }: Check<Json>): void {
  const { anyOf = [], oneOf = [], allOf = [], not } = schema;
  // What these say about a value is not compared with the old one by itself.
  const below = { ...place, pair: undefined };
  const tries = (schemas: readonly Schema[]) => schemas.map((one) => validateAt(value, one, below));
  const quoted = JSON.stringify(place.path);
  if (anyOf.length > 0) {
    const results = tries(anyOf);
    const valid = results.find(({ isValid }) => isValid);
    if (!valid) unplaced(findings, place, `${quoted} must validate at least one schema (anyOf)`);
    findings.merge(valid ?? best(results));
  }
  if (oneOf.length > 0) {
    const results = tries(oneOf);
    const count = results.filter(({ isValid }) => isValid).length;
    const found = count === 0 ? 'Found none valid' : `Found ${count} valid alternatives`;
    const text = `${quoted} must validate one and only one schema (oneOf). ${found}`;
    if (count !== 1) unplaced(findings, place, text);
    if (count === 0) findings.merge(best(results));
  }
  if (allOf.length > 0) {
    const results = tries(allOf);
    for (const result of results) findings.merge(result);
    const count = results.filter(({ isValid }) => isValid).length;
    const none = count === 0 ? '. None validated' : '';
    const text = `${quoted} must validate all the schemas (allOf)${none}`;
    if (count !== results.length) unplaced(findings, place, text);
  }
  if (not && validateAt(value, not, below).isValid) {
    unplaced(findings, place, `${quoted} must not validate the schema (not)`);
  }
  findings.matches += 1;
}

/** The first of those with the most passed checks. */
function best(results: readonly Findings[]): Findings {
  return results.reduce((left, right) => (right.matches > left.matches ? right : left));
}
