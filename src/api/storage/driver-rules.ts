// The rules of what storage drivers say about themselves, for the API server.
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../generated/types.ts';
import { qualifiedName } from '../core/field-rules.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { simpleKind } from '../simple-kind.ts';

/** What the API server asks of CSI drivers. */
export const csiDriverRules = simpleKind<CSIDriver>({
  generation: true,
  fixed: ['spec.attachRequired', 'spec.volumeLifecycleModes'],
  applyDefaults(driver) {
    driver.spec ??= {};
    const { spec } = driver;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
  },
});

/** What the API server asks of the drivers of a node. */
export const csiNodeRules = simpleKind<CSINode>({
  *check({ spec }) {
    for (const [index, driver] of (spec?.drivers ?? []).entries()) {
      yield* qualifiedName(driver.name, fieldPath('spec', 'drivers').index(index).child('name'));
    }
  },
});

/** What the API server asks of storage capacities. */
export const csiStorageCapacityRules = simpleKind<CSIStorageCapacity>({
  namespaced: true,
  required: ['storageClassName'],
  fixed: ['nodeTopology', 'storageClassName'],
});

/** What the API server asks of volume attachments. */
export const volumeAttachmentRules = simpleKind<VolumeAttachment>({
  hasStatus: true,
  required: ['spec.attacher', 'spec.nodeName', 'spec.source'],
  fixed: ['spec'],
});

/** What the API server asks of volume attribute classes. */
export const volumeAttributesClassRules = simpleKind<VolumeAttributesClass>({
  required: ['driverName', 'parameters'],
  fixed: ['driverName', 'parameters'],
});
