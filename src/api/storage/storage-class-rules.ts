// The rules of storage classes for the API server.
import type { StorageClass, TopologySelectorTerm } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { immutable, isBlank, oneOf, qualifiedName } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { oldNodeLabel } from '../core/scheduling-warnings.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { duplicate, fieldPath, invalidValue, required, tooLong } from '../meta/field-errors.ts';
import { canonicalJson } from '../meta/canonical-json.ts';

const PARAMETER_COUNT_LIMIT = 512;
const PARAMETER_SIZE_LIMIT = 256 * 1024;

/** What the API server asks of this kind. */
export const storageClassRules = defineKind<StorageClass>({
  namespaced: false,
  nameRule: subdomainName,
  hasStatus: false,
  applyDefaults(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: validateStorageClass,
  *validateUpdate(storageClass, old) {
    yield* validateStorageClass(storageClass);
    yield* validateMetadataUpdate(storageClass.metadata, old.metadata);
    for (const field of [
      'parameters',
      'provisioner',
      'reclaimPolicy',
      'volumeBindingMode',
    ] as const) {
      yield* immutable(storageClass[field], old[field], fieldPath(field));
    }
  },
  warnings: ({ allowedTopologies }) => [...topologyWarnings(allowedTopologies ?? [])],
});

function* topologyWarnings(terms: readonly TopologySelectorTerm[]): Iterable<string> {
  for (const [i, { matchLabelExpressions = [] }] of terms.entries()) {
    for (const [j, { key }] of matchLabelExpressions.entries()) {
      const message = oldNodeLabel(key);
      if (message === undefined) continue;
      const path = fieldPath('allowedTopologies').index(i).child('matchLabelExpressions').index(j);
      yield `${path.child('key').toString()}: ${message}`;
    }
  }
}

function* validateStorageClass(storageClass: StorageClass): Causes {
  yield* validateMetadata(storageClass.metadata, { namespaced: false, nameRule: subdomainName });
  const { provisioner, reclaimPolicy, volumeBindingMode } = storageClass;
  yield* validateProvisioner(provisioner, fieldPath('provisioner'));
  yield* validateParameters(storageClass.parameters ?? {}, fieldPath('parameters'));
  if (!isBlank(reclaimPolicy)) {
    yield* oneOf(reclaimPolicy, fieldPath('reclaimPolicy'), ['Delete', 'Retain']);
  }
  const modePath = fieldPath('volumeBindingMode');
  if (volumeBindingMode === undefined) yield required(modePath);
  else yield* oneOf(volumeBindingMode, modePath, ['Immediate', 'WaitForFirstConsumer']);
  yield* validateTopologies(storageClass.allowedTopologies ?? [], fieldPath('allowedTopologies'));
}

/** The name of what makes volumes. */
export function* validateProvisioner(name: string | undefined, path: FieldPath): Causes {
  if (isBlank(name)) yield required(path);
  else yield* qualifiedName(name.toLowerCase(), path);
}

/** What a class tells its driver. */
export function* validateParameters(parameters: Record<string, string>, path: FieldPath): Causes {
  const entries = Object.entries(parameters);
  if (entries.length > PARAMETER_COUNT_LIMIT) {
    yield tooLong(path, PARAMETER_COUNT_LIMIT);
    return;
  }
  let size = 0;
  for (const [key, value] of entries) {
    if (key === '') yield invalidValue(path, key, 'field can not be empty.');
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > PARAMETER_SIZE_LIMIT) yield tooLong(path, PARAMETER_SIZE_LIMIT);
}

function* validateTopologies(terms: readonly TopologySelectorTerm[], path: FieldPath): Causes {
  const seen = new Set<string>();
  for (const [i, { matchLabelExpressions = [] }] of terms.entries()) {
    const expressionsPath = path.index(i).child('matchLabelExpressions');
    const keys = new Set<string>();
    for (const [j, { key = '', values = [] }] of matchLabelExpressions.entries()) {
      const expressionPath = expressionsPath.index(j);
      yield* validateValues(values, expressionPath.child('values'));
      yield* qualifiedName(key, expressionPath.child('key'));
      if (keys.has(key)) yield duplicate(expressionPath.child('key'), key);
      keys.add(key);
    }
    const identity = canonicalJson(
      Object.fromEntries(
        matchLabelExpressions.map(({ key, values }) => [key, sorted(values ?? [])]),
      ),
    );
    if (seen.has(identity)) yield duplicate(expressionsPath, '');
    seen.add(identity);
  }
}

function sorted(values: readonly string[]): string[] {
  return [...values].sort();
}

function* validateValues(values: readonly string[], path: FieldPath): Causes {
  if (values.length === 0) yield required(path);
  for (const [i, value] of values.entries()) {
    if (values.indexOf(value) < i) yield duplicate(path.index(i), value);
  }
}
