// Validation of persistent volume claims and claim templates (SS-718, API-925).
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedObjectReference,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { validateLabelSelector, validateLabels } from '../meta/labels.ts';
import { compareQuantities, parseQuantity, quantitySign, quantityValue } from '../meta/quantity.ts';
import type { Causes } from './field-rules.ts';
import {
  dnsLabel,
  dnsSubdomain,
  immutable,
  isBlank,
  oneOf,
  qualifiedName,
  requiredText,
  sortedEntries,
} from './field-rules.ts';
import {
  subdomainName,
  validateAnnotations,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { specDiff } from './spec-diff.ts';

const SPEC = fieldPath('spec');
const STATUS = fieldPath('status');
const ACCESS_MODES = [
  'ReadOnlyMany',
  'ReadWriteMany',
  'ReadWriteOnce',
  'ReadWriteOncePod',
] as const;
/** The modes of volumes, sorted. */
export const VOLUME_MODES = ['Block', 'Filesystem'] as const;
const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const RESIZE_STATUSES = [
  'ControllerResizeInProgress',
  'ControllerResizeInfeasible',
  'NodeResizeInProgress',
  'NodeResizeInfeasible',
  'NodeResizePending',
];

/** All rules of a new claim. */
export function* validateClaim(claim: PersistentVolumeClaim): Causes {
  yield* validateMetadata(claim.metadata, { namespaced: true, nameRule: subdomainName });
  yield* validateClaimSpec(claim.spec ?? {}, SPEC);
}

/** The template of an ephemeral volume: only labels and annotations as metadata. */
export function* validateClaimTemplate(
  template: PersistentVolumeClaimTemplate,
  path: FieldPath,
): Causes {
  const { annotations, labels, ...rest } = template.metadata ?? {};
  const metadataPath = path.child('metadata');
  yield* validateAnnotations(annotations, metadataPath.child('annotations'));
  yield* validateLabels(labels, metadataPath.child('labels'));
  for (const [field, value] of sortedEntries(rest)) {
    if (value !== undefined) yield forbidden(metadataPath.child(field), 'cannot be set');
  }
  yield* validateClaimSpec(template.spec ?? {}, path.child('spec'));
}

/** The rules of the spec of a claim or claim template at `path`. */
export function* validateClaimSpec(spec: PersistentVolumeClaimSpec, path: FieldPath): Causes {
  const modes = spec.accessModes ?? [];
  const modesPath = path.child('accessModes');
  if (modes.length === 0) yield required(modesPath, 'at least 1 access mode is required');
  yield* validateLabelSelector(spec.selector, path.child('selector'));
  yield* validateAccessModes(modes, modesPath);
  yield* validateStorage(spec.resources?.requests?.['storage'], path.child('resources'));
  if (!isBlank(spec.storageClassName)) {
    yield* dnsSubdomain(spec.storageClassName, path.child('storageClassName'));
  }
  yield* oneOf(spec.volumeMode, path.child('volumeMode'), VOLUME_MODES);
  yield* validateDataSources(spec, path);
  if (!isBlank(spec.volumeAttributesClassName)) {
    yield* dnsSubdomain(spec.volumeAttributesClassName, path.child('volumeAttributesClassName'));
  }
}

/** Known modes; ReadWriteOncePod stands alone. */
export function* validateAccessModes(modes: readonly string[], path: FieldPath): Causes {
  const known: readonly string[] = ACCESS_MODES;
  for (const mode of modes) if (!known.includes(mode)) yield notSupported(path, mode, known);
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && known.includes(mode));
  if (others && modes.includes('ReadWriteOncePod')) {
    yield forbidden(path, 'may not use ReadWriteOncePod with other access modes');
  }
}

function* validateStorage(amount: string | undefined, path: FieldPath): Causes {
  const storagePath = path.key('storage');
  if (amount === undefined) yield required(storagePath);
  else if (quantitySign(parseQuantity(amount)) <= 0) {
    yield invalidValue(storagePath, amount, 'must be greater than zero');
  }
}

function* validateDataSources(spec: PersistentVolumeClaimSpec, path: FieldPath): Causes {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource) yield* validateDataSource(dataSource, path.child('dataSource'));
  if (dataSourceRef) {
    const referencePath = path.child('dataSourceRef');
    yield* validateDataSource(dataSourceRef, referencePath);
    if (!isBlank(dataSourceRef.namespace)) {
      yield* dnsLabel(dataSourceRef.namespace, referencePath.child('namespace'));
    }
  }
  if (!dataSource || !dataSourceRef) return;
  // Upstream shows the path object, which is empty as JSON.
  if (!isBlank(dataSourceRef.namespace)) {
    yield invalidValue(path, {}, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (!sameReference(dataSource, dataSourceRef)) {
    yield invalidValue(path, {}, 'must match dataSourceRef');
  }
}

type Reference = Pick<TypedObjectReference, 'apiGroup' | 'kind' | 'name'>;

function sameReference(left: Reference, right: Reference): boolean {
  const { apiGroup, kind, name } = left;
  return semanticEqual(apiGroup, right.apiGroup) && kind === right.kind && name === right.name;
}

function* validateDataSource(source: Partial<Reference>, path: FieldPath): Causes {
  const { apiGroup, kind = '' } = source;
  yield* requiredText(source.name, path.child('name'));
  yield* requiredText(kind, path.child('kind'));
  if (isBlank(apiGroup ?? '')) {
    if (kind === 'PersistentVolumeClaim') return;
    const message = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    yield invalidValue(path, kind, message);
  } else yield* dnsSubdomain(apiGroup ?? '', path.child('apiGroup'));
}

/** After creation only a bound claim may grow, and volumeName and class be set once (API-925). */
export function* validateClaimUpdate(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): Causes {
  yield* validateMetadataUpdate(claim.metadata, old.metadata);
  yield* validateClaim(claim);
  yield* validateClassAnnotation(claim, old);
  const before = comparableOld(claim, old);
  const after = comparableNew(claim, old);
  if (!semanticEqual(after, before)) {
    yield forbidden(
      SPEC,
      'spec is immutable after creation except resources.requests and ' +
        `volumeAttributesClassName for bound claims${specDiff(before, after)}`,
    );
  }
  yield* validateShrinking(claim, old);
  yield* immutable(claim.spec?.volumeMode, old.spec?.volumeMode, fieldPath('volumeMode'));
  yield* validateAttributesClass(claim, old);
}

/** The old spec with volumeName as it may be set. */
function comparableOld(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): PersistentVolumeClaimSpec {
  const spec = old.spec ?? {};
  return isBlank(spec.volumeName) ? { ...spec, volumeName: claim.spec?.volumeName } : spec;
}

/** The new spec with everything that may change as it was. */
function comparableNew(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): PersistentVolumeClaimSpec {
  const spec: PersistentVolumeClaimSpec = { ...claim.spec };
  if (mayNameClass(claim, old)) spec.storageClassName = old.spec?.storageClassName;
  if (claim.status?.phase !== 'Bound') return spec;
  spec.volumeAttributesClassName = old.spec?.volumeAttributesClassName;
  const storage = old.spec?.resources?.requests?.['storage'];
  if (spec.resources?.requests !== undefined && storage !== undefined) {
    const requests = { ...spec.resources.requests, storage };
    spec.resources = { ...spec.resources, requests };
  }
  return spec;
}

/** A claim without a class may get one later, that of its old annotation if it has one. */
function mayNameClass(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean {
  const name = claim.spec?.storageClassName;
  if (name === undefined || old.spec?.storageClassName !== undefined) return false;
  const annotation = old.metadata.annotations?.[CLASS_ANNOTATION];
  return annotation === undefined || annotation === name;
}

function* validateClassAnnotation(claim: PersistentVolumeClaim, old: PersistentVolumeClaim) {
  const before = old.metadata.annotations?.[CLASS_ANNOTATION] ?? '';
  const after = claim.metadata.annotations?.[CLASS_ANNOTATION] ?? '';
  const moved = after === '' && before !== '' && claim.spec?.storageClassName === before;
  if (moved && old.spec?.storageClassName === undefined) return;
  yield* immutable(after, before, fieldPath('metadata', 'annotations', CLASS_ANNOTATION));
}

/** A growth that failed may be taken back, though not to the size the volume already has. */
function* validateShrinking(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): Causes {
  const size = parseQuantity(claim.spec?.resources?.requests?.['storage'] ?? '0');
  const before = parseQuantity(old.spec?.resources?.requests?.['storage'] ?? '0');
  const capacity = parseQuantity(old.status?.capacity?.['storage'] ?? '0');
  if (compareQuantities(size, before) >= 0 || compareQuantities(size, capacity) > 0) return;
  const path = SPEC.child('resources', 'requests', 'storage');
  yield forbidden(path, 'field can not be less than status.capacity');
}

function* validateAttributesClass(claim: PersistentVolumeClaim, old: PersistentVolumeClaim) {
  const name = claim.spec?.volumeAttributesClassName;
  if (name === old.spec?.volumeAttributesClassName || !isBlank(name)) return;
  if (old.status?.currentVolumeAttributesClassName === undefined) return;
  const what = name === undefined ? 'nil' : 'empty string';
  yield forbidden(
    SPEC.child('volumeAttributesClassName'),
    `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`,
  );
}

/** Capacity and the state of a growth. */
export function* validateClaimStatus(
  claim: PersistentVolumeClaim,
  old: PersistentVolumeClaim,
): Causes {
  yield* validateMetadataUpdate(claim.metadata, old.metadata);
  if (isBlank(claim.metadata.resourceVersion)) yield required(fieldPath('resourceVersion'));
  if ((claim.spec?.accessModes ?? []).length === 0)
    yield required(fieldPath('Spec', 'accessModes'));
  yield* validateAmounts(claim.status?.capacity, STATUS.child('capacity'));
  const statusesPath = STATUS.child('allocatedResourceStatuses');
  for (const [name, status] of sortedEntries(claim.status?.allocatedResourceStatuses)) {
    yield* validateClaimResource(name, statusesPath);
    if (!RESIZE_STATUSES.includes(status)) yield notSupported(statusesPath, name, RESIZE_STATUSES);
  }
  const allocatedPath = STATUS.child('allocatedResources');
  for (const name of Object.keys(claim.status?.allocatedResources ?? {})) {
    yield* validateClaimResource(name, allocatedPath);
  }
  yield* validateAmounts(claim.status?.allocatedResources, allocatedPath);
}

function* validateClaimResource(name: string, path: FieldPath): Causes {
  const causes = qualifiedName(name, path);
  yield* causes;
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  if (causes.length === 0 && native && name !== 'storage') {
    yield notSupported(path, name, ['storage']);
  }
}

/** Amounts of a list: none is negative. */
function* validateAmounts(list: Record<string, string> | undefined, path: FieldPath): Causes {
  for (const [name, amount] of sortedEntries(list)) {
    if (quantitySign(parseQuantity(amount)) >= 0) continue;
    yield invalidValue(
      path.key(name),
      quantityValue(parseQuantity(amount)),
      'must be a valid resource quantity',
    );
  }
}
