// Makes volumes for claims that no existing volume suits (SS-865): those of the local class here,
// those of other provisioners by telling them.
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/generated/types.ts';
import { isConditionTrue } from '../../api/meta/conditions.ts';
import { isTerminating, nameOf } from '../../api/meta/object.ts';
import { isAlreadyExists } from '../../api/meta/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import { waitsForConsumer } from '../../api/storage/match-volume.ts';
import type { ClaimEvents } from './claim-events.ts';
import { localVolume } from './plan/local-volume.ts';
import {
  annotated,
  annotationOf,
  BETA_STORAGE_PROVISIONER,
  LOCAL_PROVISIONER,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
  withoutAnnotation,
} from './plan/volume-facts.ts';
import type { VolumeBackend } from './volume-backend.ts';
import type { VolumeStore } from './volume-store.ts';

export interface ProvisionContext {
  readonly store: VolumeStore;
  readonly events: ClaimEvents;
  readonly backend: VolumeBackend;
  readonly clock: Clock;
  /** Where the directories of the local class are. */
  readonly volumesDirectory: string;
}

/** The new volume when it was made here and now; undefined when somebody is to be waited for. */
export async function provision(
  claim: PersistentVolumeClaim,
  className: string,
  context: ProvisionContext,
): Promise<PersistentVolume | undefined> {
  const { store, events } = context;
  const fail = (message: string) => {
    events.tell(claim, { type: 'Warning', reason: 'ProvisioningFailed', message });
    return undefined;
  };
  const storageClass = store.classes.get({ name: className });
  if (!storageClass) return fail(`storageclass.storage.k8s.io "${className}" not found`);
  const { provisioner } = storageClass;
  if (provisioner.startsWith('kubernetes.io/')) {
    return fail(`no volume plugin matched name: ${provisioner}`);
  }
  const told = await tellProvisioner(claim, provisioner, store);
  if (provisioner !== LOCAL_PROVISIONER) {
    const message =
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' ` +
      'or manually by the system administrator. If volume creation is delayed, please verify ' +
      'that the provisioner is running and correctly registered.';
    events.tell(told, { type: 'Normal', reason: 'ExternalProvisioning', message });
    return undefined;
  }
  if (told.spec?.volumeMode === 'Block') return fail('volumeMode Block is not supported');
  if (told.spec?.dataSource ?? told.spec?.dataSourceRef) {
    return fail('volumes of this class cannot be made from a data source');
  }
  const selected = annotationOf(told, SELECTED_NODE);
  const node = selected === '' ? anyNode(store) : store.nodes.get({ name: selected });
  if (!node && selected !== '') {
    // The scheduler has to choose again.
    await store.updateClaim(withoutAnnotation(told, SELECTED_NODE));
    return undefined;
  }
  if (!node) return fail('no node is ready to hold the volume');
  if (waitsForConsumer(storageClass) && selected === '') return undefined;
  const directory = context.volumesDirectory;
  return makeVolume(told, localVolume(told, { storageClass, node, directory }), context);
}

async function makeVolume(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
  { store, events, backend }: ProvisionContext,
): Promise<PersistentVolume> {
  const tell = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    events.tell(claim, { type, reason, message });
  try {
    await backend.create(volume);
    const created = await store.createVolume(volume);
    tell('Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${nameOf(volume)}`);
    return created;
  } catch (error) {
    if (isAlreadyExists(error)) return store.liveVolume(nameOf(volume));
    const name = volume.spec?.storageClassName ?? '';
    const what = `failed to provision volume with StorageClass "${name}"`;
    tell('Warning', 'ProvisioningFailed', `${what}: ${errorMessage(error)}`);
    throw error;
  }
}

/** Provisioners look for their name on claims. */
async function tellProvisioner(
  claim: PersistentVolumeClaim,
  provisioner: string,
  store: VolumeStore,
): Promise<PersistentVolumeClaim> {
  if (annotationOf(claim, STORAGE_PROVISIONER) === provisioner) return claim;
  const names = [BETA_STORAGE_PROVISIONER, STORAGE_PROVISIONER];
  const annotations = Object.fromEntries(names.map((name) => [name, provisioner]));
  return store.updateClaim(annotated(claim, annotations));
}

function anyNode(store: VolumeStore): Node | undefined {
  return store.nodes
    .list()
    .filter((node) => isConditionTrue(node.status?.conditions, 'Ready') && !isTerminating(node))
    .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))[0];
}
