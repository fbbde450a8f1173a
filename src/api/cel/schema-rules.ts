import type { StatusCause } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import type { SchemaRules } from '../apiextensions/schema-rules.ts';
import type { Schema } from '../apiextensions/structural-schema.ts';
export function compileSchemaRules(_s: Schema): SchemaRules | undefined {
  return undefined;
}
export function checkSchemaRules(
  _s: Schema,
  _p: FieldPath,
  _o: { wrongAt: readonly string[]; old: Schema | undefined },
): StatusCause[] {
  return [];
}
