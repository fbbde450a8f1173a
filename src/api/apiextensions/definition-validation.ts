// Whether a CustomResourceDefinition is valid (API-1001, API-1002), in upstream's order. What all
// versions have in common is reported at the top, `spec.validation`, as upstream keeps it there.
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  StatusCause,
} from '../generated/types.ts';
import { immutable, requiredOneOf, requiredText } from '../core/field-rules.ts';
import { subdomainName, validateObjectMeta } from '../core/object-meta-validation.ts';
import { validateObjectMetaUpdate } from '../core/object-meta-validation.ts';
import { isConditionTrue } from '../meta/conditions.ts';
import { fieldPath, invalidValue, required } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { validateDns1035Label, validateDns1123Subdomain } from '../meta/names.ts';
import { checkApproval } from './api-approval.ts';
import { checkConversion } from './conversion-checks.ts';
import { checkSchema } from './schema-checks.ts';
import type { Schema } from './structural-schema.ts';
import { checkColumns, checkDeprecation, checkSelectable } from './version-checks.ts';
import { checkSubresources } from './version-checks.ts';

type Causes = Iterable<StatusCause>;
type Spec = CustomResourceDefinitionSpec;
type Version = CustomResourceDefinitionVersion;

const SPEC = fieldPath('spec');

/** The causes against a new definition. */
export function* validateDefinition(definition: CustomResourceDefinition): Causes {
  const { metadata, spec } = definition;
  const wanted = `${spec.names.plural}.${spec.group}`;
  const nameRule = (name: string, prefix: boolean) => [
    ...subdomainName(name, prefix),
    ...(name === wanted ? [] : ['must be spec.names.plural+"."+spec.group']),
  ];
  yield* validateObjectMeta(metadata, { namespaced: false, nameRule });
  yield* validateSpec(spec, undefined);
  yield* validateRest(definition, undefined);
}

/** The causes against a change of a definition. */
export function* validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): Causes {
  const { spec } = definition;
  yield* validateSpec(spec, old.spec);
  if (isConditionTrue(old.status?.conditions, 'Established')) {
    yield* immutable(spec.scope, old.spec.scope, SPEC.child('scope'));
    yield* immutable(spec.names.kind, old.spec.names.kind, SPEC.child('names', 'kind'));
  }
  yield* immutable(spec.group, old.spec.group, SPEC.child('group'));
  yield* immutable(spec.names.plural, old.spec.names.plural, SPEC.child('names', 'plural'));
  yield* validateRest(definition, old);
}

/** The causes against a change of the status. */
export function* validateDefinitionStatus(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): Causes {
  yield* validateObjectMetaUpdate(definition.metadata, old.metadata);
  yield* validateAccepted(definition);
}

function* validateRest(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
): Causes {
  const { spec, status } = definition;
  yield* validateAccepted(definition);
  yield* validateStored(status?.storedVersions ?? [], spec.versions);
  yield* checkApproval(definition, old);
  if (spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true) {
    const message =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true ' +
      'in spec.versions[*].schema instead';
    yield invalidValue(SPEC.child('preserveUnknownFields'), true, message);
  }
}

function* validateAccepted({ status }: CustomResourceDefinition): Causes {
  const names = status?.acceptedNames;
  if (names) yield* validateNames(names, fieldPath('status', 'acceptedNames'));
}

function* validateSpec(spec: Spec, old: Spec | undefined): Causes {
  yield* validateGroup(spec.group);
  yield* requiredOneOf(spec.scope, SPEC.child('scope'), ['Cluster', 'Namespaced']);
  const versions = SPEC.child('versions');
  for (const [index, { schema }] of spec.versions.entries()) {
    if (schema?.openAPIV3Schema) continue;
    yield required(versions.index(index).child('schema', 'openAPIV3Schema'));
  }
  const shared = sharedFields(spec.versions);
  for (const [index, version] of spec.versions.entries()) {
    const at = versions.index(index);
    yield* joined(at.child('name'), version.name);
    yield* checkDeprecation(version as never, at.child('deprecationWarning'));
    yield* checkVersion(version, at, { except: shared, schemaField: 'schema', old });
  }
  yield* validateVersionNames(spec);
  yield* validateSpecNames(spec.names);
  const [first] = spec.versions;
  if (first) {
    const except = allFields.filter((field) => !shared.includes(field));
    const anyStatus = spec.versions.some(({ subresources }) => subresources?.status !== undefined);
    yield* checkVersion(first, SPEC, { except, schemaField: 'validation', old, anyStatus });
  }
  if (spec.conversion) yield* checkConversion(spec.conversion, SPEC.child('conversion'));
}

function* validateGroup(group: string): Causes {
  const path = SPEC.child('group');
  const messages = validateDns1123Subdomain(group);
  if (group === '') yield required(path);
  else if (messages.length > 0) yield invalidValue(path, group, messages.join(','));
  else if (!group.includes('.')) {
    yield invalidValue(path, group, 'should be a domain with at least one dot');
  }
}

type VersionField = 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields';
// prettier-ignore
const allFields: readonly VersionField[] = [
  'schema', 'subresources', 'additionalPrinterColumns', 'selectableFields',
];

/** The fields that all versions have the same. */
function sharedFields(versions: readonly Version[]): VersionField[] {
  const [first] = versions;
  if (!first) return [];
  return allFields.filter((field) =>
    versions.every((version) => jsonEqual(version[field], first[field])),
  );
}

interface VersionChecks {
  readonly except: readonly VersionField[];
  readonly schemaField: 'schema' | 'validation';
  readonly old: Spec | undefined;
  readonly anyStatus?: boolean;
}

function* checkVersion(
  version: Version,
  path: FieldPath,
  { except, schemaField, old, anyStatus }: VersionChecks,
): Causes {
  const has = (field: VersionField) => !except.includes(field);
  const schema: Schema | undefined = version.schema?.openAPIV3Schema;
  if (has('schema') && schema) {
    const hasStatus = anyStatus ?? version.subresources?.status !== undefined;
    const before = old?.versions.find(({ name }) => name === version.name)?.schema;
    const at = path.child(schemaField, 'openAPIV3Schema');
    yield* checkSchema(schema, at, { hasStatus, old: before?.openAPIV3Schema });
  }
  if (has('subresources') && version.subresources) {
    yield* checkSubresources(version.subresources, path.child('subresources'));
  }
  if (has('additionalPrinterColumns')) {
    const columns = version.additionalPrinterColumns ?? [];
    yield* checkColumns(columns, path.child('additionalPrinterColumns'));
  }
  if (has('selectableFields')) {
    const fields = version.selectableFields ?? [];
    yield* checkSelectable(fields, schema, path.child('selectableFields'));
  }
}

function* validateVersionNames({ versions }: Spec): Causes {
  const path = SPEC.child('versions');
  const names = versions.map(({ name }) => name);
  if (new Set(names).size !== names.length) {
    yield invalidValue(path, shownVersions(versions), 'must contain unique version names');
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    const message = 'must have exactly one version marked as storage version';
    yield invalidValue(path, shownVersions(versions), message);
  }
  const [first = ''] = names;
  if (first !== '') yield* joined(SPEC.child('version'), first);
}

/** Versions as upstream shows them: by the names of its own structures. */
function shownVersions(versions: readonly Version[]) {
  const shared = sharedFields(versions);
  const own = (version: Version, field: VersionField) =>
    (shared.includes(field) ? undefined : version[field]) ?? null;
  return versions.map((version) => ({
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: own(version, 'schema'),
    Subresources: own(version, 'subresources'),
    AdditionalPrinterColumns: own(version, 'additionalPrinterColumns'),
    SelectableFields: own(version, 'selectableFields'),
  }));
}

function* validateSpecNames(names: CustomResourceDefinitionNames): Causes {
  const path = SPEC.child('names');
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    yield* requiredText(names[field], path.child(field));
  }
  yield* validateNames(names, path);
}

/** One cause with all that is wrong with a DNS-1035 label. */
function* joined(
  path: FieldPath,
  value: string,
  { text = value, prefix = '' }: { text?: string; prefix?: string } = {},
): Causes {
  const messages = validateDns1035Label(text);
  if (messages.length > 0) yield invalidValue(path, value, prefix + messages.join(','));
}

function* validateNames(names: CustomResourceDefinitionNames, path: FieldPath): Causes {
  const { plural, singular = '', kind, listKind = '', shortNames = [], categories = [] } = names;
  if (plural !== '') yield* joined(path.child('plural'), plural);
  if (singular !== '') yield* joined(path.child('singular'), singular);
  const mixed = 'may have mixed case, but should otherwise match: ';
  for (const [field, value] of Object.entries({ kind, listKind })) {
    const loose = { text: value.toLowerCase(), prefix: mixed };
    if (value !== '') yield* joined(path.child(field), value, loose);
  }
  for (const [index, name] of shortNames.entries()) {
    yield* joined(path.child('shortNames').index(index), name);
  }
  if (kind !== '' && kind === listKind) {
    yield invalidValue(path.child('listKind'), listKind, 'kind and listKind may not be the same');
  }
  for (const [index, category] of categories.entries()) {
    yield* joined(path.child('categories').index(index), category);
  }
}

function* validateStored(stored: readonly string[], versions: readonly Version[]): Causes {
  const path = fieldPath('status', 'storedVersions');
  if (stored.length === 0) {
    yield invalidValue(path, null, 'must have at least one stored version');
    return;
  }
  for (const { name, storage } of versions) {
    if (storage && !stored.includes(name)) {
      yield invalidValue(path, stored, `must have the storage version ${name}`);
    }
  }
  for (const [index, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    const message =
      `missing from spec.versions; ${name} was previously a storage version, and must remain in ` +
      `spec.versions until a storage migration ensures no data remains persisted in ${name} ` +
      `and removes ${name} from status.storedVersions`;
    yield invalidValue(path.index(index), name, message);
  }
}
