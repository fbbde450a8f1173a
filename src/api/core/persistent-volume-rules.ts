// The rules of persistent volumes for the API server.
import type {
  PersistentVolume,
  PersistentVolumeSpec,
  VolumeNodeAffinity,
} from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, forbidden, invalidValue } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import type { Causes } from './field-rules.ts';
import { immutable, isBlank, requiredText } from './field-rules.ts';
import { internalTerm } from './node-selector-validation.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { validateVolumeSpec, VOLUME_SOURCES } from './persistent-volume-validation.ts';
import { nodeTermWarnings } from './scheduling-warnings.ts';
import { specDiff } from './spec-diff.ts';
import { defaultLegacyVolume } from './volume-defaults.ts';
import { deprecatedSourceWarnings } from './volume-warnings.ts';

const SPEC = fieldPath('spec');
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

function* validateVolume({ metadata, spec = {} }: PersistentVolume): Causes {
  yield* validateMetadata(metadata, { namespaced: false, nameRule: subdomainName });
  yield* validateVolumeSpec(spec, SPEC, { name: metadata.name ?? '' });
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
  const present = VOLUME_SOURCES.filter((source) => spec[source] !== undefined);
  return Object.fromEntries(present.map((source) => [source, spec[source]]));
}
