// The volumes of a pod: names, exactly one source each, and the sources pods commonly use.
import type { KeyToPath, Volume } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../meta/field-errors.ts';
import { validateDns1123Subdomain } from '../meta/names.ts';
import { parseQuantity, quantitySign } from '../meta/quantity.ts';
import { validateClaimTemplate } from './claim-validation.ts';
import { validatePullPolicy } from './container-validation.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, dnsSubdomain, requiredText } from './field-rules.ts';
import { validatePortalLength } from './iscsi-validation.ts';
import { validateLegacySource } from './legacy-volume-validation.ts';
import type { VolumesByName } from './mount-validation.ts';
import { validateNoBacksteps, validateNonReservedPath } from './path-validation.ts';
import {
  validateDownwardFile,
  validateProjectedVolume,
  validateVolumeMode,
} from './projected-volume-validation.ts';

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const DRIVER_LIMIT = 63;

/** Where upstream reports a source by another name: its own faults, or one too many. */
export const ODD_PATHS: Readonly<Record<string, { own?: string; extra?: string }>> = {
  gcePersistentDisk: { own: 'persistentDisk' },
  cephfs: { extra: 'cephFS' },
  downwardAPI: { extra: 'downwarAPI' },
};

/** What upstream asks of the pod around its volumes. */
export interface VolumeOwner {
  /** The name of the pod; empty in templates. */
  readonly podName: string;
  readonly isPod: boolean;
}

/** A check of one source; `path` is the source's own. */
type SourceCheck = (volume: Volume, path: FieldPath, owner: VolumeOwner) => Causes;

function legacy(kind: string): readonly [string, SourceCheck] {
  return [
    kind,
    (volume, path) =>
      validateLegacySource(volume, kind, { name: volume.name ?? '', persistent: false, path }),
  ];
}

/** Sources in the order they are looked at: of two, the later one is reported. */
const SOURCES: readonly (readonly [string, SourceCheck])[] = [
  ['emptyDir', emptyDir],
  ['hostPath', ({ hostPath }, path) => validateHostPath(hostPath, path)],
  legacy('gitRepo'),
  legacy('gcePersistentDisk'),
  legacy('awsElasticBlockStore'),
  ['secret', secret],
  ['nfs', ({ nfs }, path) => validateNfs(nfs, path)],
  legacy('iscsi'),
  legacy('glusterfs'),
  legacy('flocker'),
  ['persistentVolumeClaim', claim],
  legacy('rbd'),
  legacy('cinder'),
  legacy('cephfs'),
  legacy('quobyte'),
  ['downwardAPI', downwardApi],
  legacy('fc'),
  legacy('flexVolume'),
  ['configMap', configMap],
  legacy('azureFile'),
  legacy('vsphereVolume'),
  legacy('photonPersistentDisk'),
  legacy('portworxVolume'),
  legacy('azureDisk'),
  legacy('storageos'),
  ['projected', ({ projected }, path) => validateProjectedVolume(projected ?? {}, path)],
  legacy('scaleIO'),
  ['csi', csi],
  ['ephemeral', ephemeral],
  ['image', image],
];

/** Checks all volumes; `valid` collects those without fault, which mounts may name. */
export function* validateVolumes(
  volumes: readonly Volume[],
  path: FieldPath,
  owner: VolumeOwner & { valid: Map<string, Volume> },
): Causes {
  const created = new Set<string>();
  for (const { name, ephemeral: source } of volumes) {
    if (source !== undefined && owner.podName !== '') created.add(`${owner.podName}-${name}`);
  }
  for (const [i, volume] of volumes.entries()) {
    const causes = [...validateVolume(volume, path.index(i), owner)];
    yield* causes;
    if (causes.length === 0) owner.valid.set(volume.name, volume);
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (claimName !== undefined && created.has(claimName)) {
      const claimPath = path.index(i).child('persistentVolumeClaim', 'claimName');
      const message = 'must not reference a PVC that gets created for an ephemeral volume';
      yield invalidValue(claimPath, claimName, message);
    }
  }
}

function* validateVolume(
  volume: Volume,
  path: FieldPath,
  owner: VolumeOwner & { valid: VolumesByName },
): Causes {
  const name = volume.name ?? '';
  let found = false;
  for (const [source, check] of SOURCES) {
    if (Reflect.get(volume, source) === undefined) continue;
    const odd = ODD_PATHS[source] ?? {};
    if (found) {
      yield forbidden(path.child(odd.extra ?? source), 'may not specify more than 1 volume type');
    } else yield* check(volume, path.child(odd.own ?? source), owner);
    if (source === 'iscsi') {
      yield* validatePortalLength({ ...volume.iscsi }, path.child('name'), {
        name,
        persistent: false,
      });
    }
    found = true;
  }
  if (!found) yield required(path, 'must specify a volume type');
  const namePath = path.child('name');
  if (name === '') yield required(namePath);
  else yield* dnsLabel(name, namePath);
  if (owner.valid.has(name)) yield duplicate(namePath, name);
}

function* emptyDir({ emptyDir: source }: Volume, path: FieldPath): Causes {
  const limit = source?.sizeLimit;
  if (limit === undefined || quantitySign(parseQuantity(limit)) >= 0) return;
  yield forbidden(path.child('sizeLimit'), 'SizeLimit field must be a valid resource quantity');
}

/** A `hostPath`, of a pod or of a persistent volume. */
export function* validateHostPath(source: Volume['hostPath'], path: FieldPath): Causes {
  const { path: file = '', type } = source ?? {};
  if (file === '') {
    yield required(path.child('path'));
    return;
  }
  yield* validateNoBacksteps(file, path.child('path'));
  if (type !== undefined && !HOST_PATH_TYPES.includes(type)) {
    yield notSupported(path.child('type'), type, HOST_PATH_TYPES);
  }
}

/** An `nfs` source, of a pod or of a persistent volume. */
export function* validateNfs(source: Volume['nfs'], path: FieldPath): Causes {
  const { server, path: file = '' } = source ?? {};
  yield* requiredText(server, path.child('server'));
  yield* requiredText(file, path.child('path'));
  if (!file.startsWith('/')) {
    yield invalidValue(path.child('path'), file, 'must be an absolute path');
  }
}

function* secret({ secret: source }: Volume, path: FieldPath): Causes {
  yield* requiredText(source?.secretName, path.child('secretName'));
  yield* validateVolumeMode(source?.defaultMode, path.child('defaultMode'));
  yield* validateItems(source?.items ?? [], path.child('items'));
}

function* configMap({ configMap: source }: Volume, path: FieldPath): Causes {
  yield* requiredText(source?.name, path.child('name'));
  yield* validateVolumeMode(source?.defaultMode, path.child('defaultMode'));
  yield* validateItems(source?.items ?? [], path.child('items'));
}

function* validateItems(items: readonly KeyToPath[], path: FieldPath): Causes {
  for (const [i, item] of items.entries()) yield* validateItem(item, path.index(i));
}

/** A key and the file it becomes. */
export function* validateItem(item: KeyToPath, path: FieldPath): Causes {
  yield* requiredText(item.key, path.child('key'));
  yield* requiredText(item.path, path.child('path'));
  yield* validateNonReservedPath(item.path ?? '', path.child('path'));
  yield* validateVolumeMode(item.mode, path.child('mode'));
}

function claim({ persistentVolumeClaim: source }: Volume, path: FieldPath): Causes {
  return requiredText(source?.claimName, path.child('claimName'));
}

function* downwardApi({ downwardAPI: source }: Volume, path: FieldPath): Causes {
  yield* validateVolumeMode(source?.defaultMode, path.child('defaultMode'));
  // Upstream reports every file at the volume.
  for (const file of source?.items ?? []) yield* validateDownwardFile(file, path);
}

function* csi({ csi: source }: Volume, path: FieldPath): Causes {
  yield* validateDriverName(source?.driver ?? '', path.child('driver'));
  const reference = source?.nodePublishSecretRef;
  if (reference === undefined) return;
  const name = reference.name ?? '';
  if (name === '') yield required(path.child('nodePublishSecretRef', 'name'));
  else yield* dnsSubdomain(name, path.child('name'));
}

/** The name of a CSI driver: a subdomain of at most 63 characters. */
export function* validateDriverName(name: string, path: FieldPath): Causes {
  if (name === '') {
    yield required(path);
    return;
  }
  if (name.length > DRIVER_LIMIT) yield tooLong(path, DRIVER_LIMIT);
  yield* invalidForEach(path, name, validateDns1123Subdomain(name.toLowerCase()));
}

function* ephemeral(volume: Volume, path: FieldPath, { podName }: VolumeOwner): Causes {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const templatePath = path.child('volumeClaimTemplate');
  if (template === undefined) yield required(templatePath);
  else yield* validateClaimTemplate(template, templatePath);
  if (podName === '' || (volume.name ?? '') === '') return;
  const claimName = `${podName}-${volume.name}`;
  for (const message of validateDns1123Subdomain(claimName)) {
    yield invalidValue(path.child('name'), volume.name, `PVC name "${claimName}": ${message}`);
  }
}

function* image({ image: source }: Volume, path: FieldPath, { isPod }: VolumeOwner): Causes {
  if (isPod) yield* requiredText(source?.reference, path.child('reference'));
  yield* validatePullPolicy(source?.pullPolicy, path.child('pullPolicy'));
}
