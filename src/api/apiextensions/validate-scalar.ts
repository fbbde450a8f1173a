// The checks of types, strings and numbers against a schema (API-1005), with upstream's texts.
import type { Json } from '../meta/object.ts';
import { compilePattern } from '../meta/pattern.ts';
import { shouldBe, tooLongText, unplaced, wrongType } from './findings.ts';
import type { Findings, Where } from './findings.ts';
import { isKnownFormat, stringFormat } from './formats.ts';
import { isIntOrString } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

interface Check<V> {
  readonly value: V;
  readonly schema: Schema;
}

function typesOf(schema: Schema): string[] {
  if (isIntOrString(schema)) return ['integer', 'string'];
  return (schema.type ?? '') === '' ? [] : [schema.type ?? ''];
}

/** The format if it means something for the type. */
function formatOf(schema: Schema, types: readonly string[]): string {
  const format = schema.format ?? '';
  const type = types.length === 1 ? (types[0] ?? '') : '';
  return isKnownFormat(format, type) ? format : '';
}

function jsonType(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** True when the value has the type. */
export function checkType(
  findings: Findings,
  where: Where,
  { value, schema }: Check<Json>,
): boolean {
  const types = typesOf(schema);
  const actual = jsonType(value);
  if (value === null && (types.length === 0 || schema.nullable === true)) return true;
  const fits = types.includes(actual) || (actual === 'integer' && types.includes('number'));
  if (fits) return true;
  if (types.length === 0) {
    // A format alone asks for a string.
    const format = formatOf(schema, types);
    if (format === '' || typeof value === 'string' || Array.isArray(value)) return true;
    wrongType(findings, where, { expected: format, value: '' });
    return false;
  }
  wrongType(findings, where, { expected: types.join(','), value: actual });
  return false;
}

/** Length, pattern and format; of the first two only the first complaint counts. */
export function checkString(
  findings: Findings,
  where: Where,
  { value, schema }: Check<string>,
): void {
  checkText(findings, where, { value, schema });
  const format = formatOf(schema, typesOf(schema));
  if (format !== '' && stringFormat(format)?.(value) === false) {
    wrongType(findings, where, { expected: format, value });
  }
}

function checkText(findings: Findings, where: Where, { value, schema }: Check<string>): void {
  const { maxLength, minLength, pattern = '' } = schema;
  const length = maxLength === undefined && minLength === undefined ? 0 : Array.from(value).length;
  if (maxLength !== undefined && length > maxLength) tooLongText(findings, where, maxLength);
  else if (minLength !== undefined && length < minLength) {
    shouldBe(findings, where, { value, what: `should be at least ${minLength} chars long` });
  } else if (pattern !== '' && !compilePattern(pattern).test(value)) {
    shouldBe(findings, where, { value, what: `should match '${pattern}'` });
  }
}

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** Range of the format, multipleOf, maximum and minimum. */
export function checkNumber(
  findings: Findings,
  where: Where,
  { value, schema }: Check<number>,
): void {
  const { type, format } = schema;
  const isTooBig = format === 'int32' && (value < INT32_MIN || value > INT32_MAX);
  if (type === 'integer' && (isTooBig || !Number.isInteger(value))) {
    const form = format ? ` with format ${format}` : ' (default format)';
    unplaced(findings, where, `Checked value must be of type integer${form} in ${where.path}`);
  }
  const { multipleOf, maximum, minimum, exclusiveMaximum, exclusiveMinimum } = schema;
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
    shouldBe(findings, where, { value, what: `should be a multiple of ${multipleOf}` });
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    const relation = exclusiveMaximum ? 'less than' : 'less than or equal to';
    shouldBe(findings, where, { value, what: `should be ${relation} ${maximum}` });
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    const relation = exclusiveMinimum ? 'greater than' : 'greater than or equal to';
    shouldBe(findings, where, { value, what: `should be ${relation} ${minimum}` });
  }
  findings.matches += 1;
}

/** As upstream: almost whole is whole. */
function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return false;
  const quotient = factor < 1 ? (1 / factor) * value : value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}
