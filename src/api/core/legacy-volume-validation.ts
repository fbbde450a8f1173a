// Volume sources of particular storage systems, in pods and in persistent volumes: what they
// require and the few ranges they have. Order and paths are upstream's.
import type { PersistentVolumeSpec, Volume } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidValue, notSupported, required } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, isBlank, requiredText, sortedEntries } from './field-rules.ts';
import { validateIscsi } from './iscsi-validation.ts';
import { validateDescendingPath } from './path-validation.ts';

/** A source with its members by name. */
export type Source = Readonly<Record<string, unknown>>;

/** The volume around a source. */
export interface SourceOwner {
  /** The name of the volume. */
  readonly name: string;
  /** True for the source of a persistent volume, false for that of a pod. */
  readonly persistent: boolean;
}

/** Fields that must not be empty. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  gitRepo: ['repository'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
};
const HOST_PORTS = 'must be a host:port pair or multiple pairs separated by commas';
const TENANT_LIMIT = 64;

type Check = (source: Source, path: FieldPath, owner: SourceOwner) => Causes;

/** Checks besides REQUIRED. */
const CHECKS: Readonly<Record<string, Check>> = {
  gitRepo: (source, path) =>
    validateDescendingPath(textOf(source['directory']) ?? '', path.child('directory')),
  gcePersistentDisk: validatePartition,
  awsElasticBlockStore: validatePartition,
  glusterfs: validateGlusterfs,
  iscsi: validateIscsi,
  fc: validateFibreChannel,
  flocker: validateFlocker,
  cinder: validateSecretRef,
  quobyte: validateQuobyte,
  flexVolume: validateFlexOptions,
  azureFile: validateAzureFile,
  azureDisk: validateAzureDisk,
  storageos: validateStorageOs,
};

/** The rules of the source `kind` of a volume; the source stands at `path`. */
export function* validateLegacySource(
  volume: Volume | PersistentVolumeSpec,
  kind: string,
  { path, ...owner }: SourceOwner & { path: FieldPath },
): Causes {
  const source: unknown = Reflect.get(volume, kind);
  if (typeof source !== 'object' || source === null) return;
  const fields: Source = { ...source };
  for (const field of REQUIRED[kind] ?? []) {
    const value = fields[field];
    const empty = Array.isArray(value) ? value.length === 0 : isBlank(textOf(value));
    if (empty) yield required(path.child(field));
  }
  yield* CHECKS[kind]?.(fields, path, owner) ?? [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function* validatePartition(source: Source, path: FieldPath): Causes {
  const partition = source['partition'];
  if (typeof partition === 'number' && (partition < 0 || partition > 255)) {
    yield invalidValue(path.child('partition'), partition, 'must be between 1 and 255, inclusive');
  }
}

/** The logical unit of a disk, 0 to 255. */
export function* validateLun(lun: unknown, path: FieldPath): Causes {
  if (typeof lun === 'number' && (lun < 0 || lun > 255)) {
    yield invalidValue(path.child('lun'), lun, 'must be between 0 and 255, inclusive');
  }
}

function* validateGlusterfs(source: Source, path: FieldPath, { persistent }: SourceOwner): Causes {
  const namespace = textOf(source['endpointsNamespace']);
  if (namespace === undefined || !persistent) return;
  const namespacePath = path.child('endpointsNamespace');
  const message = 'if the endpointnamespace is set, it must be a valid namespace name';
  if (namespace === '') yield invalidValue(namespacePath, namespace, message);
  else yield* dnsLabel(namespace, namespacePath);
}

/** A reference to a secret names it, and its namespace where that is not the pod's. */
function* validateSecretRef(source: Source, path: FieldPath, { persistent }: SourceOwner): Causes {
  const reference = source['secretRef'];
  if (typeof reference !== 'object' || reference === null) return;
  for (const field of persistent ? ['name', 'namespace'] : ['name']) {
    const value = textOf(Reflect.get(reference, field));
    if (isBlank(value)) yield required(path.child('secretRef', field));
  }
}

function* validateFibreChannel(source: Source, path: FieldPath): Causes {
  const names = Array.isArray(source['targetWWNs']) ? source['targetWWNs'] : [];
  const ids = Array.isArray(source['wwids']) ? source['wwids'] : [];
  const namesPath = path.child('targetWWNs');
  if (names.length === 0 && ids.length === 0) {
    yield required(namesPath, 'must specify either targetWWNs or wwids, but not both');
  } else if (names.length > 0 && ids.length > 0) {
    const message = 'targetWWNs and wwids can not be specified simultaneously';
    yield invalidValue(namesPath, names, message);
  }
  if (names.length === 0) return;
  if (source['lun'] === undefined) {
    yield required(path.child('lun'), 'lun is required if targetWWNs is specified');
  } else yield* validateLun(source['lun'], path);
}

function* validateFlocker(source: Source, path: FieldPath): Causes {
  const name = textOf(source['datasetName']) ?? '';
  const uuid = textOf(source['datasetUUID']) ?? '';
  if (name === '' && uuid === '') {
    yield required(path, 'one of datasetName and datasetUUID is required');
  } else if (name !== '' && uuid !== '') {
    const message = 'datasetName and datasetUUID can not be specified simultaneously';
    yield invalidValue(path, 'resource', message);
  }
  if (name.includes('/')) {
    yield invalidValue(path.child('datasetName'), name, "must not contain '/'");
  }
}

function* validateQuobyte(source: Source, path: FieldPath): Causes {
  const registry = textOf(source['registry']) ?? '';
  if (registry === '') yield required(path.child('registry'), HOST_PORTS);
  else if ((textOf(source['tenant']) ?? '').length > TENANT_LIMIT) {
    const message = `must be a UUID and may not exceed a length of ${TENANT_LIMIT} characters`;
    yield required(path.child('tenant'), message);
  } else {
    for (const pair of registry.split(',')) {
      if (/^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(pair)) continue;
      yield invalidValue(path.child('registry'), registry, HOST_PORTS);
    }
  }
  yield* requiredText(textOf(source['volume']), path.child('volume'));
}

function* validateFlexOptions(source: Source, path: FieldPath): Causes {
  const options = (source['options'] ?? {}) as Record<string, string>;
  for (const [key] of sortedEntries(options)) {
    const namespace = `.${(key.split('/')[0] ?? '').toLowerCase()}`;
    if (!namespace.endsWith('.kubernetes.io') && !namespace.endsWith('.k8s.io')) continue;
    const message = 'kubernetes.io and k8s.io namespaces are reserved';
    yield invalidValue(path.child('options').key(key), key, message);
  }
}

function* validateAzureFile(source: Source, path: FieldPath, { persistent }: SourceOwner): Causes {
  if (persistent && source['secretNamespace'] === '') yield required(path.child('secretNamespace'));
}

function* validateAzureDisk(source: Source, path: FieldPath): Causes {
  const supported = {
    cachingMode: ['None', 'ReadOnly', 'ReadWrite'],
    kind: ['Dedicated', 'Managed', 'Shared'],
  };
  for (const field of ['cachingMode', 'kind'] as const) {
    const value = textOf(source[field]);
    if (value === undefined || supported[field].includes(value)) continue;
    yield notSupported(path.child(field), value, supported[field]);
  }
  const uri = textOf(source['diskURI']) ?? '';
  const managed = source['kind'] === 'Managed';
  if (source['kind'] === undefined) return;
  if (uri.startsWith(managed ? '/subscriptions/' : 'https://')) return;
  const group = '/subscriptions/{sub-id}/resourcegroups/{group-name}';
  const form = managed
    ? `${group}/providers/microsoft.compute/disks/{disk-id}`
    : 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd';
  yield notSupported(path.child('diskURI'), uri, [form]);
}

function* validateStorageOs(source: Source, path: FieldPath, owner: SourceOwner): Causes {
  const name = textOf(source['volumeName']) ?? '';
  const namespace = textOf(source['volumeNamespace']) ?? '';
  if (name === '') yield required(path.child('volumeName'));
  else yield* dnsLabel(name, path.child('volumeName'));
  if (namespace !== '') yield* dnsLabel(namespace, path.child('volumeNamespace'));
  yield* validateSecretRef(source, path, owner);
}
