// `kubectl get` of claims, volumes and storage classes.
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../api/generated/types.ts';
import { isTerminating, nameOf, type KubernetesObject } from '../../api/meta/object.ts';
import { ageColumn, ageOf, column, field, nameColumn, type KindTable } from './column.ts';

const MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const wide = { wide: true };

function modeText(modes: readonly string[] = []): string {
  const present = new Set(modes);
  return Object.entries(MODES)
    .filter(([mode]) => present.has(mode))
    .map(([, short]) => short)
    .join(',');
}

function classText(object: KubernetesObject, name: string | undefined): string {
  return object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? name ?? '';
}

const phaseText = (object: KubernetesObject, phase: string | undefined) =>
  isTerminating(object) ? 'Terminating' : (phase ?? '');

export const persistentVolumeClaimTable: KindTable<PersistentVolumeClaim> = {
  columns: [
    nameColumn,
    column('Status', field('PersistentVolumeClaimStatus', 'phase')),
    column('Volume', field('PersistentVolumeClaimSpec', 'volumeName')),
    column('Capacity', field('PersistentVolumeClaimStatus', 'capacity')),
    column('Access Modes', field('PersistentVolumeClaimStatus', 'accessModes')),
    column('StorageClass', 'StorageClass of the pvc'),
    column('VolumeAttributesClass', 'VolumeAttributesClass of the pvc'),
    ageColumn,
    column('VolumeMode', field('PersistentVolumeClaimSpec', 'volumeMode'), wide),
  ],
  cells(claim, nowMs) {
    const { spec, status } = claim;
    const volume = spec?.volumeName ?? '';
    return [
      nameOf(claim),
      phaseText(claim, status?.phase),
      volume,
      volume === '' ? '' : (status?.capacity?.['storage'] ?? '0'),
      volume === '' ? '' : modeText(status?.accessModes),
      classText(claim, spec?.storageClassName),
      spec?.volumeAttributesClassName ?? '<unset>',
      ageOf(claim, nowMs),
      spec?.volumeMode ?? '<unset>',
    ];
  },
};

export const persistentVolumeTable: KindTable<PersistentVolume> = {
  columns: [
    nameColumn,
    column('Capacity', field('PersistentVolumeSpec', 'capacity')),
    column('Access Modes', field('PersistentVolumeSpec', 'accessModes')),
    column('Reclaim Policy', field('PersistentVolumeSpec', 'persistentVolumeReclaimPolicy')),
    column('Status', field('PersistentVolumeStatus', 'phase')),
    column('Claim', field('PersistentVolumeSpec', 'claimRef')),
    column('StorageClass', 'StorageClass of the pv'),
    column('VolumeAttributesClass', 'VolumeAttributesClass of the pv'),
    column('Reason', field('PersistentVolumeStatus', 'reason')),
    ageColumn,
    column('VolumeMode', field('PersistentVolumeSpec', 'volumeMode'), wide),
  ],
  cells(volume, nowMs) {
    const { spec, status } = volume;
    const claim = spec?.claimRef;
    return [
      nameOf(volume),
      spec?.capacity?.['storage'] ?? '0',
      modeText(spec?.accessModes),
      spec?.persistentVolumeReclaimPolicy ?? '',
      phaseText(volume, status?.phase),
      claim ? `${claim.namespace ?? ''}/${claim.name ?? ''}` : '',
      classText(volume, spec?.storageClassName),
      spec?.volumeAttributesClassName ?? '<unset>',
      status?.reason ?? '',
      ageOf(volume, nowMs),
      spec?.volumeMode ?? '<unset>',
    ];
  },
};

const DEFAULT_CLASS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

function isDefaultClass({ metadata }: StorageClass): boolean {
  return DEFAULT_CLASS.some((name) => metadata.annotations?.[name] === 'true');
}

export const storageClassTable: KindTable<StorageClass> = {
  columns: [
    nameColumn,
    column('Provisioner', field('StorageClass', 'provisioner')),
    column('ReclaimPolicy', field('StorageClass', 'reclaimPolicy')),
    column('VolumeBindingMode', field('StorageClass', 'volumeBindingMode')),
    column('AllowVolumeExpansion', field('StorageClass', 'allowVolumeExpansion')),
    ageColumn,
  ],
  cells: (storageClass, nowMs) => [
    isDefaultClass(storageClass) ? `${nameOf(storageClass)} (default)` : nameOf(storageClass),
    storageClass.provisioner ?? '',
    storageClass.reclaimPolicy ?? 'Delete',
    storageClass.volumeBindingMode ?? 'Immediate',
    storageClass.allowVolumeExpansion ?? false,
    ageOf(storageClass, nowMs),
  ],
};
