// The spec of a persistent volume, also where it stands inline in a volume attachment.
import type { PersistentVolumeSpec } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { parseQuantity, quantitySign, quantityValue } from '../meta/quantity.ts';
import { validateAccessModes, VOLUME_MODES } from './claim-validation.ts';
import type { Causes } from './field-rules.ts';
import {
  dnsLabel,
  dnsSubdomain,
  isBlank,
  oneOf,
  requiredText,
  sortedEntries,
} from './field-rules.ts';
import { validateLegacySource } from './legacy-volume-validation.ts';
import { validateNodeSelector } from './node-selector-validation.ts';
import { validateNoBacksteps } from './path-validation.ts';
import {
  ODD_PATHS,
  validateDriverName,
  validateHostPath,
  validateNfs,
} from './volume-validation.ts';

/** Sources in the order they are looked at: of two, the later one is reported. */
export const VOLUME_SOURCES = [
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

const NOT_INLINE = 'may not be specified in the context of inline volumes';

/** The spec at `path` of the volume `name`, or of one that stands inline. */
export function* validateVolumeSpec(
  spec: PersistentVolumeSpec,
  path: FieldPath,
  { name = '', inline = false }: { name?: string; inline?: boolean },
): Causes {
  if (inline) yield* validateInline(spec, path);
  const modesPath = path.child('accessModes');
  if ((spec.accessModes ?? []).length === 0) yield required(modesPath);
  yield* validateAccessModes(spec.accessModes ?? [], modesPath);
  if (!inline) yield* validateCapacity(spec.capacity, path.child('capacity'));
  yield* validatePolicy(spec, path, inline);
  if (!inline) yield* validateNodeAffinity(spec, path.child('nodeAffinity'));
  else if (spec.nodeAffinity) yield forbidden(path.child('nodeAffinity'), NOT_INLINE);
  yield* validateSources(spec, path, name);
  if (isRecycledRoot(spec)) {
    const message = "may not be 'recycle' for a hostPath mount of '/'";
    yield forbidden(path.child('persistentVolumeReclaimPolicy'), message);
  }
  yield* validateClass(spec, path, inline);
  if (!inline) yield* oneOf(spec.volumeMode, path.child('volumeMode'), VOLUME_MODES);
  else if (spec.volumeMode !== undefined && spec.volumeMode !== 'Filesystem') {
    const message =
      'may not specify volumeMode other than Filesystem in the context of inline volumes';
    yield forbidden(path.child('volumeMode'), message);
  }
  yield* validateAttributesClass(spec, path);
}

function* validateInline(spec: PersistentVolumeSpec, path: FieldPath): Causes {
  if (spec.claimRef !== undefined) yield forbidden(path.child('claimRef'), NOT_INLINE);
  const sizes = Object.keys(spec.capacity ?? {}).length;
  if (sizes > 0) yield forbidden(path.child('capacity'), NOT_INLINE);
  if (spec.csi !== undefined) return;
  yield required(path.child('csi'), 'has to be specified in the context of inline volumes');
}

function* validatePolicy(spec: PersistentVolumeSpec, at: FieldPath, inline: boolean): Causes {
  const policy = spec.persistentVolumeReclaimPolicy;
  const path = at.child('persistentVolumeReclaimPolicy');
  if (isBlank(policy)) return;
  if (!inline) yield* oneOf(policy, path, ['Delete', 'Recycle', 'Retain']);
  else if (policy !== 'Retain') {
    yield forbidden(path, 'may only be Retain in the context of inline volumes');
  }
}

function isRecycledRoot({ persistentVolumeReclaimPolicy, hostPath }: PersistentVolumeSpec) {
  if (persistentVolumeReclaimPolicy !== 'Recycle' || !hostPath) return false;
  return /^\/[/.]*$/.test(hostPath.path);
}

function* validateClass(spec: PersistentVolumeSpec, at: FieldPath, inline: boolean): Causes {
  const path = at.child('storageClassName');
  if (isBlank(spec.storageClassName)) return;
  if (inline) yield forbidden(path, NOT_INLINE);
  else yield* dnsSubdomain(spec.storageClassName, path);
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

function* validateSources(spec: PersistentVolumeSpec, at: FieldPath, name: string): Causes {
  let found = false;
  for (const source of VOLUME_SOURCES) {
    if (spec[source] === undefined) continue;
    const odd = ODD_PATHS[source] ?? {};
    const path = at.child(odd.own ?? source);
    // Upstream takes a flex volume besides another source.
    if (found && source !== 'flexVolume') {
      const extra = at.child(odd.extra ?? source);
      yield forbidden(extra, 'may not specify more than 1 volume type');
    } else if (source === 'hostPath') yield* validateHostPath(spec.hostPath, path);
    else if (source === 'nfs') yield* validateNfs(spec.nfs, path);
    else if (source === 'local') yield* validateLocal(spec, path, at);
    else if (source === 'csi') yield* validateCsi(spec, path);
    else yield* validateLegacySource(spec, source, { name, persistent: true, path });
    found = true;
  }
  if (!found) yield required(at, 'must specify a volume type');
}

function* validateLocal(spec: PersistentVolumeSpec, path: FieldPath, at: FieldPath): Causes {
  const directory = spec.local?.path ?? '';
  if (directory === '') yield required(path.child('path'));
  else yield* validateNoBacksteps(directory, path.child('path'));
  if (spec.nodeAffinity === undefined) {
    yield required(at.child('nodeAffinity'), 'Local volume requires node affinity');
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

function* validateAttributesClass(spec: PersistentVolumeSpec, at: FieldPath): Causes {
  const path = at.child('volumeAttributesClassName');
  const name = spec.volumeAttributesClassName;
  if (name === undefined) return;
  if (name === '') yield required(path, 'an empty string is disallowed');
  else yield* dnsSubdomain(name, path);
  if (spec.csi === undefined) {
    yield required(at.child('csi'), 'has to be specified when using volumeAttributesClassName');
  }
}
