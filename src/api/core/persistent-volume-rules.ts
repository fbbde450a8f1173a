// The rules of persistent volumes for the API server.
import type {
  PersistentVolume,
  PersistentVolumeSpec,
  VolumeNodeAffinity,
} from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { parseQuantity, quantitySign, quantityValue } from '../meta/quantity.ts';
import { validateAccessModes, VOLUME_MODES } from './claim-validation.ts';
import type { Causes } from './field-rules.ts';
import {
  dnsLabel,
  dnsSubdomain,
  immutable,
  isBlank,
  oneOf,
  requiredText,
  sortedEntries,
} from './field-rules.ts';
import { validateLegacySource } from './legacy-volume-validation.ts';
import { internalTerm, validateNodeSelector } from './node-selector-validation.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { validateNoBacksteps } from './path-validation.ts';
import { nodeTermWarnings } from './scheduling-warnings.ts';
import { specDiff } from './spec-diff.ts';
import { defaultLegacyVolume } from './volume-defaults.ts';
import { deprecatedSourceWarnings } from './volume-warnings.ts';
import {
  ODD_PATHS,
  validateDriverName,
  validateHostPath,
  validateNfs,
} from './volume-validation.ts';

const SPEC = fieldPath('spec');
/** Sources in the order they are looked at: of two, the later one is reported. */
const SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const;

const OLD_SOURCES = ['cephfs', 'photonPersistentDisk', 'scaleIO', 'storageos', 'glusterfs', 'rbd'];
const OLD_ANNOTATIONS = [
  [
    'volume.beta.kubernetes.io/storage-class',
    'deprecated since v1.8; use "storageClassName" attribute instead',
  ],
  [
    'volume.beta.kubernetes.io/mount-options',
    'deprecated since v1.31; use "mountOptions" attribute instead',
  ],
] as const;

/** What the API server asks of this kind. */
export const persistentVolumeRules = defineKind<PersistentVolume>({
  namespaced: false,
  nameRule: subdomainName,
  hasStatus: true,
  initialStatus: (_volume, { now }) => ({ phase: 'Pending', lastPhaseTransitionTime: now }),
  applyDefaults: persistentVolumeDefaults,
  /** The time of the last change of phase is kept by the server, unless the writer gives it. */
  prepareForStatusUpdate({ status }, old, { now }) {
    if (status === undefined) return;
    const before = old.status?.lastPhaseTransitionTime;
    const given = status.lastPhaseTransitionTime;
    if (status.phase !== old.status?.phase) {
      if (given === undefined || given === before) status.lastPhaseTransitionTime = now;
    } else if (given === undefined && before !== undefined) {
      status.lastPhaseTransitionTime = before;
    }
  },
  validate: validateVolume,
  *validateUpdate(volume, old) {
    yield* validateVolume(volume);
    yield* validateVolume(volume);
    yield* validateImmutable(volume.spec ?? {}, old.spec ?? {});
  },
  *validateStatusUpdate(volume, old) {
    yield* validateMetadataUpdate(volume.metadata, old.metadata);
    yield* requiredText(volume.metadata.resourceVersion, fieldPath('resourceVersion'));
  },
  warnings: (volume) => [...volumeWarnings(volume)],
});

function* volumeWarnings({ metadata, spec = {} }: PersistentVolume): Iterable<string> {
  for (const [key, message] of OLD_ANNOTATIONS) {
    if (metadata.annotations?.[key] === undefined) continue;
    yield `${fieldPath('metadata', 'annotations').key(key).toString()}: ${message}`;
  }
  if (spec.persistentVolumeReclaimPolicy === 'Recycle') {
    yield (
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. ' +
      'Instead, the recommended approach is to use dynamic provisioning.'
    );
  }
  const termsPath = SPEC.child('nodeAffinity', 'required', 'nodeSelectorTerms');
  for (const [i, term] of (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).entries()) {
    yield* nodeTermWarnings(term, termsPath.index(i));
  }
  yield* deprecatedSourceWarnings(spec, SPEC, OLD_SOURCES);
}

function persistentVolumeDefaults(volume: PersistentVolume): void {
  volume.spec ??= {};
  volume.status ??= {};
  const { spec, status } = volume;
  if (isBlank(status.phase)) status.phase = 'Pending';
  if (isBlank(spec.persistentVolumeReclaimPolicy)) spec.persistentVolumeReclaimPolicy = 'Retain';
  spec.volumeMode ??= 'Filesystem';
  if (spec.hostPath) spec.hostPath.type ??= '';
  defaultLegacyVolume(spec);
}

function* validateVolume(volume: PersistentVolume): Causes {
  yield* validateMetadata(volume.metadata, { namespaced: false, nameRule: subdomainName });
  const spec = volume.spec ?? {};
  const modesPath = SPEC.child('accessModes');
  if ((spec.accessModes ?? []).length === 0) yield required(modesPath);
  yield* validateAccessModes(spec.accessModes ?? [], modesPath);
  yield* validateCapacity(spec.capacity, SPEC.child('capacity'));
  const policy = spec.persistentVolumeReclaimPolicy;
  const policies = ['Delete', 'Recycle', 'Retain'];
  yield* oneOf(policy, SPEC.child('persistentVolumeReclaimPolicy'), policies);
  yield* validateNodeAffinity(spec, SPEC.child('nodeAffinity'));
  yield* validateSources(spec, volume.metadata.name ?? '');
  if (policy === 'Recycle' && spec.hostPath && /^\/[/.]*$/.test(spec.hostPath.path)) {
    const message = "may not be 'recycle' for a hostPath mount of '/'";
    yield forbidden(SPEC.child('persistentVolumeReclaimPolicy'), message);
  }
  if (!isBlank(spec.storageClassName)) {
    yield* dnsSubdomain(spec.storageClassName, SPEC.child('storageClassName'));
  }
  yield* oneOf(spec.volumeMode, SPEC.child('volumeMode'), VOLUME_MODES);
  yield* validateAttributesClass(spec, SPEC.child('volumeAttributesClassName'));
}

function* validateCapacity(capacity: Record<string, string> | undefined, path: FieldPath): Causes {
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) yield required(path);
  if (capacity?.['storage'] === undefined || names.length > 1) {
    yield notSupported(path, capacity ?? null, ['storage']);
  }
  for (const [name, amount] of sortedEntries(capacity)) {
    const sign = quantitySign(parseQuantity(amount));
    const amountPath = path.key(name);
    if (sign < 0) {
      yield invalidValue(
        amountPath,
        quantityValue(parseQuantity(amount)),
        'must be a valid resource quantity',
      );
    }
    if (sign <= 0) yield invalidValue(amountPath, amount, 'must be greater than zero');
  }
}

function* validateNodeAffinity({ nodeAffinity }: PersistentVolumeSpec, path: FieldPath): Causes {
  if (nodeAffinity === undefined) return;
  if (nodeAffinity.required)
    yield* validateNodeSelector(nodeAffinity.required, path.child('required'));
  else yield required(path.child('required'), 'must specify required node constraints');
}

function* validateSources(spec: PersistentVolumeSpec, name: string): Causes {
  let found = false;
  for (const source of SOURCES) {
    if (spec[source] === undefined) continue;
    const odd = ODD_PATHS[source] ?? {};
    const path = SPEC.child(odd.own ?? source);
    // Upstream takes a flex volume besides another source.
    if (found && source !== 'flexVolume') {
      const extra = SPEC.child(odd.extra ?? source);
      yield forbidden(extra, 'may not specify more than 1 volume type');
    } else if (source === 'hostPath') yield* validateHostPath(spec.hostPath, path);
    else if (source === 'nfs') yield* validateNfs(spec.nfs, path);
    else if (source === 'local') yield* validateLocal(spec, path);
    else if (source === 'csi') yield* validateCsi(spec, path);
    else yield* validateLegacySource(spec, source, { name, persistent: true, path });
    found = true;
  }
  if (!found) yield required(SPEC, 'must specify a volume type');
}

function* validateLocal(spec: PersistentVolumeSpec, path: FieldPath): Causes {
  const directory = spec.local?.path ?? '';
  if (directory === '') yield required(path.child('path'));
  else yield* validateNoBacksteps(directory, path.child('path'));
  if (spec.nodeAffinity === undefined) {
    yield required(SPEC.child('nodeAffinity'), 'Local volume requires node affinity');
  }
}

function* validateCsi({ csi }: PersistentVolumeSpec, path: FieldPath): Causes {
  yield* validateDriverName(csi?.driver ?? '', path.child('driver'));
  yield* requiredText(csi?.volumeHandle, path.child('volumeHandle'));
  for (const field of [
    'controllerPublishSecretRef',
    'controllerExpandSecretRef',
    'nodePublishSecretRef',
    'nodeExpandSecretRef',
  ] as const) {
    const reference = csi?.[field];
    if (reference === undefined) continue;
    const { name, namespace } = reference;
    const referencePath = path.child(field);
    if (isBlank(name)) yield required(referencePath.child('name'));
    else yield* dnsSubdomain(name, referencePath.child('name'));
    if (isBlank(namespace)) yield required(referencePath.child('namespace'));
    else yield* dnsLabel(namespace, referencePath.child('namespace'));
  }
}

function* validateAttributesClass(spec: PersistentVolumeSpec, path: FieldPath): Causes {
  const name = spec.volumeAttributesClassName;
  if (name === undefined) return;
  if (name === '') yield required(path, 'an empty string is disallowed');
  else yield* dnsSubdomain(name, path);
  if (spec.csi === undefined) {
    yield required(SPEC.child('csi'), 'has to be specified when using volumeAttributesClassName');
  }
}

/** The source never changes, but for a secret that only growing needs. */
function* validateImmutable(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): Causes {
  const before = sourcesOf(old);
  const after = sourcesOf(spec);
  if (old.csi && spec.csi && old.csi.controllerExpandSecretRef === undefined) {
    const { controllerExpandSecretRef: _, ...csi } = spec.csi;
    after['csi'] = csi;
  }
  if (!semanticEqual(after, before)) {
    const message = 'spec.persistentvolumesource is immutable after creation';
    const path = SPEC.child('persistentvolumesource');
    yield forbidden(path, `${message}${specDiff(before, after)}`);
  }
  yield* immutable(spec.volumeMode, old.volumeMode, fieldPath('volumeMode'));
  yield* validateAffinityChange(spec, old);
  if (old.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined) {
    const path = SPEC.child('volumeAttributesClassName');
    yield forbidden(path, 'update from non-nil value to nil is forbidden');
  }
}

/** The new names of labels of nodes by the old ones. */
const RENAMED: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** An affinity stays as it is, but that old names of labels may become new ones. */
function* validateAffinityChange(spec: PersistentVolumeSpec, old: PersistentVolumeSpec): Causes {
  const before = old.nodeAffinity;
  const now = spec.nodeAffinity;
  if (before === undefined || semanticEqual(now, renamedLike(before, now))) return;
  const message = 'field is immutable, except for updating from beta label to GA';
  yield invalidValue(fieldPath('nodeAffinity'), internalAffinity(now), message);
}

/** `old` with the new names of those labels for which `affinity` has them. */
function renamedLike(old: VolumeNodeAffinity, affinity: VolumeNodeAffinity | undefined) {
  const terms = old.required?.nodeSelectorTerms?.map((term, i) => ({
    ...term,
    matchExpressions: term.matchExpressions?.map((expression, j) => {
      const now = affinity?.required?.nodeSelectorTerms?.[i]?.matchExpressions?.[j]?.key;
      const renamed = now !== undefined && RENAMED[expression.key] === now;
      return renamed ? { ...expression, key: now } : expression;
    }),
  }));
  return { required: old.required && { nodeSelectorTerms: terms } };
}

/** Messages show upstream's internal form. */
function internalAffinity(affinity: VolumeNodeAffinity | undefined): object | null {
  if (affinity === undefined) return null;
  const terms = affinity.required?.nodeSelectorTerms?.map(internalTerm) ?? null;
  return { Required: affinity.required ? { NodeSelectorTerms: terms } : null };
}

function sourcesOf(spec: PersistentVolumeSpec): Record<string, unknown> {
  return Object.fromEntries(
    SOURCES.filter((source) => spec[source] !== undefined).map((source) => [source, spec[source]]),
  );
}
