// The rules of one version of a custom resource, made out of its definition: what kind-rules.ts has
// for built-in kinds (API-1003 … API-1005, API-404).
import type { CustomResourceDefinitionVersion, StatusCause } from '../generated/types.ts';
import {
  subdomainName,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldGetter, KindRules } from '../kind-rules.ts';
import { fieldPath, invalidValue } from '../meta/field-errors.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { validateQualifiedName } from '../meta/names.ts';
import type { Json, JsonObject, KubernetesObject } from '../meta/object.ts';
import { validateEmbedded } from './embedded-metadata.ts';
import { validateListTypes } from './list-types.ts';
import { textAt } from './member-path.ts';
import { validateScaleSpec, validateScaleStatus } from './scale-validation.ts';
import { withDefaults } from './schema-defaults.ts';
import type { SchemaRules } from './schema-rules.ts';
import { propertyOf } from './structural-schema.ts';
import type { Schema } from './structural-schema.ts';
import { validateValue } from './validate-value.ts';

export interface CustomRulesOptions {
  readonly namespaced: boolean;
  readonly kind: string;
  readonly apiVersion: string;
  readonly version: CustomResourceDefinitionVersion;
  readonly schema: Schema;
  /** The CEL rules of the schema; undefined when it has none. */
  readonly schemaRules: SchemaRules | undefined;
}

interface Custom extends KubernetesObject {
  status?: unknown;
}

/** The rules of a version. */
export function customRules(options: CustomRulesOptions): KindRules {
  const { namespaced, version, schema } = options;
  const hasStatus = version.subresources?.status !== undefined;
  const rules = defineKind<Custom>({
    namespaced,
    nameRule: subdomainName,
    // Status is not reset to an empty object but removed, see below.
    hasStatus: false,
    specChanged: (object, old) => !jsonEqual({ ...object, metadata: {} }, { ...old, metadata: {} }),
    unconditionalUpdate: false,
    fieldSelectors: selectors(version),
    applyDefaults: (object) => fillDefaults(object, schema),
    prepareForCreate(object) {
      if (hasStatus) delete object.status;
    },
    prepareForUpdate(object, old) {
      if (!hasStatus) return;
      if (old.status === undefined) delete object.status;
      else object.status = old.status;
    },
    prepareForStatusUpdate: keepAllButStatus,
    validate: (object) => validateNew(object, options),
    validateUpdate: (object, old) => validateChanged(object, old, options),
    validateStatusUpdate: (object, old) => validateStatus(object, old, options),
    warnings: (object, old) => finalizerWarnings(object, old),
  });
  return { ...rules, hasStatus };
}

function fillDefaults(object: KubernetesObject, schema: Schema): void {
  const filled = withDefaults(object as unknown as Json, schema) as JsonObject;
  if ((filled as unknown) === object) return;
  const target = object as unknown as JsonObject;
  for (const name of Object.keys(target)) if (!Object.hasOwn(filled, name)) delete target[name];
  Object.assign(target, filled);
}

/** Selectable fields, by path without the first dot (API-518). */
function selectors({ selectableFields = [] }: CustomResourceDefinitionVersion) {
  const getters = selectableFields.map(({ jsonPath }): [string, FieldGetter<Custom>] => [
    jsonPath.replace(/^\./, ''),
    (object) => textAt(object, jsonPath),
  ]);
  return Object.fromEntries(getters);
}

/** A write to /status changes the status, and who manages it. */
function keepAllButStatus(object: Custom, old: Custom): void {
  const { status } = object;
  const { managedFields, resourceVersion } = object.metadata;
  const target = object as unknown as JsonObject;
  for (const name of Object.keys(target)) delete target[name];
  Object.assign(object, old, { metadata: { ...old.metadata } });
  if (status === undefined) delete object.status;
  else object.status = status;
  if (resourceVersion !== undefined) object.metadata.resourceVersion = resourceVersion;
  if (managedFields === undefined) delete object.metadata.managedFields;
  else object.metadata.managedFields = managedFields;
}

function wrongKind(object: KubernetesObject, options: CustomRulesOptions): StatusCause[] {
  return (['kind', 'apiVersion'] as const)
    .filter((field) => object[field] !== options[field])
    .map((field) => invalidValue(fieldPath(field), object[field], `must be ${options[field]}`));
}

function validateNew(object: Custom, options: CustomRulesOptions): StatusCause[] {
  const { namespaced, schema, version } = options;
  const odd = wrongKind(object, options);
  if (odd.length > 0) return odd;
  const value = object as unknown as Json;
  const scale = version.subresources?.scale;
  const causes = [
    ...validateObjectMeta(object.metadata, { namespaced, nameRule: subdomainName }),
    ...validateValue(value, schema),
    ...validateScaleSpec(object, scale),
    ...validateScaleStatus(object, scale),
    ...validateEmbedded(value, schema),
    ...validateListTypes(value, schema),
  ];
  return withSchemaRules(causes, options, { value });
}

function validateChanged(
  object: Custom,
  oldObject: Custom,
  options: CustomRulesOptions,
): StatusCause[] {
  const odd = wrongKind(object, options);
  if (odd.length > 0) return odd;
  const { schema, version } = options;
  const scale = version.subresources?.scale;
  const [value, old] = [object, oldObject] as unknown as [Json, Json];
  const causes = [
    // Upstream looks at metadata twice: as of any kind, and as of a custom one.
    ...validateObjectMetaUpdate(object.metadata, oldObject.metadata),
    ...validateValue(value, schema, { pair: { value, old, schema } }),
    ...validateScaleSpec(object, scale),
    ...validateScaleStatus(object, scale),
    ...validateEmbedded(value, schema),
    ...ratchetedListTypes(value, old, schema),
  ];
  return withSchemaRules(causes, options, { value, old });
}

function validateStatus(
  object: Custom,
  oldObject: Custom,
  options: CustomRulesOptions,
): StatusCause[] {
  const { schema, version } = options;
  const [value, old] = [object, oldObject] as unknown as [JsonObject, JsonObject];
  const causes = [
    ...validateObjectMetaUpdate(object.metadata, oldObject.metadata),
    ...statusCauses(value['status'], old['status'], schema),
    ...validateScaleStatus(object, version.subresources?.scale),
    ...ratchetedListTypes(value, old, schema),
  ];
  return withSchemaRules(causes, options, { value, old });
}

function statusCauses(value: Json | undefined, old: Json | undefined, root: Schema): StatusCause[] {
  const schema = propertyOf(root, 'status');
  if (value === undefined || !schema) return [];
  const pair = old === undefined ? undefined : { value, old, schema };
  return validateValue(value, schema, { base: 'status', pair });
}

/** What was there twice before may stay so. */
function ratchetedListTypes(value: Json, old: Json, schema: Schema): StatusCause[] {
  return validateListTypes(old, schema).length > 0 ? [] : validateListTypes(value, schema);
}

/** Causes after which CEL rules can't be evaluated. */
const BLOCKING: readonly string[] = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
];
const NOT_CHECKED =
  'some validation rules were not checked because the object was invalid; ' +
  'correct the existing errors to complete validation';

function withSchemaRules(
  causes: StatusCause[],
  { schemaRules }: CustomRulesOptions,
  values: { readonly value: Json; readonly old?: Json },
): StatusCause[] {
  if (!schemaRules) return causes;
  if (causes.some(({ reason = '' }) => BLOCKING.includes(reason))) {
    return [...causes, invalidValue('<nil>', null, NOT_CHECKED)];
  }
  return [...causes, ...schemaRules.validate(values.value, values.old)];
}

const STANDARD_FINALIZERS: readonly string[] = ['kubernetes', 'orphan', 'foregroundDeletion'];

function finalizerWarnings(object: KubernetesObject, old: KubernetesObject | undefined): string[] {
  const known = new Set(old?.metadata.finalizers);
  const added = (object.metadata.finalizers ?? []).filter((name) => !known.has(name));
  return added.toSorted().flatMap((name) => {
    const prefix = `metadata.finalizers: ${JSON.stringify(name)}: `;
    const bad = validateQualifiedName(name).map((message) => prefix + message);
    if (name.includes('/') || STANDARD_FINALIZERS.includes(name)) return bad;
    const path = name.includes('.') ? ' including a path (/)' : '';
    const advice =
      `prefer a domain-qualified finalizer name${path} ` +
      'to avoid accidental conflicts with other finalizer writers';
    return [...bad, prefix + advice];
  });
}
