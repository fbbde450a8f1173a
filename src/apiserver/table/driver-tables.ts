// `kubectl get` of what storage drivers say about themselves.
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { ageColumn, ageOf, column, field, nameColumn, type KindTable } from './column.ts';

const boolean = { type: 'boolean' } as const;

export const csiDriverTable: KindTable<CSIDriver> = {
  columns: [
    nameColumn,
    column('AttachRequired', field('CSIDriverSpec', 'attachRequired'), boolean),
    column('PodInfoOnMount', field('CSIDriverSpec', 'podInfoOnMount'), boolean),
    column('StorageCapacity', field('CSIDriverSpec', 'storageCapacity'), boolean),
    column('TokenRequests', field('CSIDriverSpec', 'tokenRequests')),
    column('RequiresRepublish', field('CSIDriverSpec', 'requiresRepublish'), boolean),
    column('Modes', field('CSIDriverSpec', 'volumeLifecycleModes')),
    ageColumn,
  ],
  cells: (driver, nowMs) => {
    const spec = driver.spec ?? {};
    const audiences = (spec.tokenRequests ?? []).map(({ audience }) => audience);
    return [
      nameOf(driver),
      spec.attachRequired ?? true,
      spec.podInfoOnMount ?? false,
      spec.storageCapacity ?? false,
      audiences.length === 0 ? '<unset>' : audiences.join(','),
      spec.requiresRepublish ?? false,
      (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
      ageOf(driver, nowMs),
    ];
  },
};

export const csiNodeTable: KindTable<CSINode> = {
  columns: [
    nameColumn,
    column('Drivers', 'Drivers indicates the number of CSI drivers registered on the node', {
      type: 'integer',
    }),
    ageColumn,
  ],
  cells: (node, nowMs) => [nameOf(node), node.spec?.drivers?.length ?? 0, ageOf(node, nowMs)],
};

export const csiStorageCapacityTable: KindTable<CSIStorageCapacity> = {
  columns: [
    nameColumn,
    column('StorageClassName', field('CSIStorageCapacity', 'storageClassName')),
    column('Capacity', field('CSIStorageCapacity', 'capacity')),
  ],
  cells: (capacity) => [
    nameOf(capacity),
    capacity.storageClassName ?? '',
    capacity.capacity ?? '<unset>',
  ],
};

export const volumeAttachmentTable: KindTable<VolumeAttachment> = {
  columns: [
    nameColumn,
    { ...column('Attacher', field('VolumeAttachmentSpec', 'attacher')), format: 'name' },
    column('PV', field('VolumeAttachmentSource', 'persistentVolumeName')),
    column('Node', field('VolumeAttachmentSpec', 'nodeName')),
    column('Attached', field('VolumeAttachmentStatus', 'attached'), boolean),
    ageColumn,
  ],
  cells: (attachment, nowMs) => [
    nameOf(attachment),
    attachment.spec?.attacher ?? '',
    attachment.spec?.source?.persistentVolumeName ?? '',
    attachment.spec?.nodeName ?? '',
    attachment.status?.attached ?? false,
    ageOf(attachment, nowMs),
  ],
};

export const volumeAttributesClassTable: KindTable<VolumeAttributesClass> = {
  columns: [
    nameColumn,
    column('DriverName', field('VolumeAttributesClass', 'driverName')),
    ageColumn,
  ],
  cells: (own, nowMs) => [nameOf(own), own.driverName ?? '', ageOf(own, nowMs)],
};
