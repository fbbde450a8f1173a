// Volume sources of particular storage systems, in pods and in persistent volumes: what they
// require and the few ranges they have.
import type { PersistentVolumeSpec, Volume } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidValue, required } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, requiredText } from './field-rules.ts';

type Source = Readonly<Record<string, unknown>>;

/** Fields that must not be empty. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  gitRepo: ['repository'],
  gcePersistentDisk: ['pdName'],
  awsElasticBlockStore: ['volumeID'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  quobyte: ['registry', 'volume'],
  flexVolume: ['driver'],
  azureFile: ['secretName', 'shareName'],
  vsphereVolume: ['volumePath'],
  photonPersistentDisk: ['pdID'],
  portworxVolume: ['volumeID'],
  azureDisk: ['diskName', 'diskURI'],
  scaleIO: ['gateway', 'system', 'volumeName'],
};
const IQN = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

/** The rules of the source `kind` of a volume; the source stands at `path`. */
export function* validateLegacySource(
  volume: Volume | PersistentVolumeSpec,
  kind: string,
  path: FieldPath,
): Causes {
  const source: unknown = Reflect.get(volume, kind);
  if (typeof source !== 'object' || source === null) return;
  const fields: Source = { ...source };
  for (const field of REQUIRED[kind] ?? []) {
    const value = fields[field];
    const empty = Array.isArray(value) ? value.length === 0 : isBlank(textOf(value));
    if (empty) yield required(path.child(field));
  }
  yield* validatePartition(fields, path);
  if (kind === 'iscsi') yield* validateIscsi(fields, path);
  if (kind === 'fc') yield* validateFibreChannel(fields, path);
  if (kind === 'flocker') yield* validateFlocker(fields, path);
  if (kind === 'storageos') {
    yield* requiredText(textOf(fields['volumeName']), path.child('volumeName'));
  }
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

function* validateLun(lun: unknown, path: FieldPath): Causes {
  if (typeof lun === 'number' && (lun < 0 || lun > 255)) {
    yield invalidValue(path.child('lun'), lun, 'must be between 0 and 255, inclusive');
  }
}

function* validateIscsi(source: Source, path: FieldPath): Causes {
  yield* validateInitiator(source['iqn'], path.child('iqn'));
  yield* validateLun(source['lun'], path);
  const chap = source['chapAuthDiscovery'] === true || source['chapAuthSession'] === true;
  if (chap && source['secretRef'] === undefined) yield required(path.child('secretRef'));
  yield* validateInitiator(source['initiatorName'], path.child('initiatorname'));
}

function* validateInitiator(value: unknown, path: FieldPath): Causes {
  if (typeof value !== 'string' || value === '') return;
  const kind = (['iqn', 'eui', 'naa'] as const).find((prefix) => value.startsWith(prefix));
  if (kind === undefined) {
    yield invalidValue(path, value, 'must be valid format starting with iqn, eui, or naa');
  } else if (!IQN[kind].test(value)) yield invalidValue(path, value, 'must be valid format');
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
