// All checks of the schema of a definition's version, in upstream's order (API-1002, API-1010).
import type { StatusCause } from '../generated/types.ts';
import { forbidden, invalidValue } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { checkDefaults } from './default-checks.ts';
import { checkOpenApi } from './openapi-checks.ts';
import { checkSchemaRules } from '../cel/check-schema-rules.ts';
import { compileSchemaRules } from '../cel/schema-rules.ts';
import { validateStructural } from './structural-checks.ts';
import { schemaHas } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';

// What the root may say when the status is a subresource: it is checked on its own then.
// prettier-ignore
const ROOT_FIELDS = [
  'description', 'type', 'format', 'title', 'maximum', 'exclusiveMaximum', 'minimum',
  'exclusiveMinimum', 'maxLength', 'minLength', 'pattern', 'maxItems', 'minItems', 'uniqueItems',
  'multipleOf', 'required', 'items', 'properties', 'externalDocs', 'example',
  'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-validations',
];
// prettier-ignore
const ROOT_FIELDS_SHOWN =
  '[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength ' +
  'MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ' +
  'ExternalDocs Example XPreserveUnknownFields XValidations]';

/** The causes against a root schema; `old` spares rules that were there before. */
export function checkSchema(
  schema: Schema,
  path: FieldPath,
  { hasStatus, old }: { hasStatus: boolean; old: Schema | undefined },
): StatusCause[] {
  const causes = hasStatus ? [...checkRoot(schema, path)] : [];
  if (schema.nullable === true) {
    causes.push(forbidden(path.child('nullable'), 'nullable cannot be true at the root'));
  }
  // What is not supported is said below; the rest can't be judged then.
  const structural = schemaHas(schema, isUnsupported) ? [] : validateStructural(schema, path);
  const defaults =
    structural.length > 0 ? [] : [...checkDefaults(schema, path, compileSchemaRules)];
  causes.push(...structural, ...defaults);
  const openApi = [...checkOpenApi(schema, path)];
  causes.push(...openApi);
  // The one that has no complaint of its own.
  if (openApi.length === 0 && schemaHas(schema, ({ $schema = '' }) => $schema !== '')) {
    causes.push(invalidValue(path, '', "OpenAPIV3Schema 'schema' is not supported"));
  }
  if (structural.length + defaults.length > 0) return causes;
  const wrongAt = openApi.map(({ field = '' }) => field);
  return [...causes, ...checkSchemaRules(schema, path, { wrongAt, old })];
}

// prettier-ignore
const UNSUPPORTED: ReadonlyArray<keyof Schema> = [
  'id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions',
];

function isUnsupported(schema: Schema): boolean {
  if (UNSUPPORTED.some((name) => schema[name] !== undefined)) return true;
  return Array.isArray(schema.items) || schema['x-kubernetes-preserve-unknown-fields'] === false;
}

function* checkRoot(schema: Schema, path: FieldPath): Iterable<StatusCause> {
  for (const [name, value] of Object.entries(schema)) {
    if (value === undefined) continue;
    if (name === 'type' && value !== 'object') {
      const message =
        'only "object" is allowed as the type at the root of the schema ' +
        'if the status subresource is enabled';
      yield invalidValue(path.child('type'), value, message);
      return;
    }
    if (ROOT_FIELDS.includes(name)) continue;
    const what = `only ${ROOT_FIELDS_SHOWN} fields are allowed at the root of the schema`;
    yield invalidValue(path, schema, `${what} if the status subresource is enabled`);
    return;
  }
}
