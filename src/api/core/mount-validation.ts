// Volume mounts and volume devices of containers.
import type { Container, Volume, VolumeDevice, VolumeMount } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidValue, notFound, notSupported, required } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { isBlank } from './field-rules.ts';
import { validateDescendingPath } from './path-validation.ts';

/** The valid volumes of the pod by name. */
export type VolumesByName = ReadonlyMap<string, Volume>;

/** The mounts and devices of a container at `path`. */
export function* validateMountsAndDevices(
  container: Pick<Container, 'volumeMounts' | 'volumeDevices' | 'securityContext'>,
  path: FieldPath,
  volumes: VolumesByName,
): Causes {
  const { volumeMounts = [], volumeDevices = [] } = container;
  yield* validateMounts(volumeMounts, path.child('volumeMounts'), {
    volumes,
    devices: volumeDevices,
    privileged: container.securityContext?.privileged === true,
  });
  yield* validateDevices(volumeDevices, path.child('volumeDevices'), {
    volumes,
    mounts: volumeMounts,
  });
}

interface MountSurroundings {
  volumes: VolumesByName;
  devices: readonly VolumeDevice[];
  privileged: boolean;
}

function* validateMounts(
  mounts: readonly VolumeMount[],
  path: FieldPath,
  { volumes, devices, privileged }: MountSurroundings,
): Causes {
  const seen = new Set<string>();
  for (const [i, mount] of mounts.entries()) {
    const name = mount.name ?? '';
    const mountPath = mount.mountPath ?? '';
    const namePath = path.index(i).child('name');
    const mountPathPath = path.index(i).child('mountPath');
    if (name === '') yield required(namePath);
    if (!volumes.has(name)) yield notFound(namePath, name);
    if (mountPath === '') yield required(mountPathPath);
    if (seen.has(mountPath)) yield invalidValue(mountPathPath, mountPath, 'must be unique');
    seen.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      yield invalidValue(namePath, name, 'must not already exist in volumeDevices');
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      const message = 'must not already exist as a path in volumeDevices';
      yield invalidValue(mountPathPath, mountPath, message);
    }
    // Upstream reports the rest at the list, without the position.
    yield* validateSubPaths(mount, path, i);
    yield* validatePropagation(mount, path, privileged);
    yield* validateRecursiveReadOnly(mount, path.child('recursiveReadOnly'));
  }
}

function* validateSubPaths(mount: VolumeMount, path: FieldPath, i: number): Causes {
  const { subPath, subPathExpr } = mount;
  if (!isBlank(subPath)) yield* validateDescendingPath(subPath, path.child('subPath'));
  if (isBlank(subPathExpr)) return;
  if (!isBlank(subPath)) {
    const message = 'subPathExpr and subPath are mutually exclusive';
    yield invalidValue(path.index(i).child('subPathExpr'), subPathExpr, message);
  }
  yield* validateDescendingPath(subPathExpr, path.child('subPathExpr'));
}

function* validatePropagation(mount: VolumeMount, path: FieldPath, privileged: boolean): Causes {
  const propagation = mount.mountPropagation;
  if (propagation === undefined) return;
  const propagationPath = path.child('mountPropagation');
  const supported = ['Bidirectional', 'HostToContainer', 'None'];
  if (!supported.includes(propagation)) {
    yield notSupported(propagationPath, propagation, supported);
  }
  if (propagation === 'Bidirectional' && !privileged) {
    const message = 'Bidirectional mount propagation is available only to privileged containers';
    yield forbidden(propagationPath, message);
  }
}

function* validateRecursiveReadOnly(mount: VolumeMount, path: FieldPath): Causes {
  const mode = mount.recursiveReadOnly;
  if (mode === undefined || mode === 'Disabled') return;
  if (mode !== 'Enabled' && mode !== 'IfPossible') {
    yield notSupported(path, mode, ['Disabled', 'Enabled', 'IfPossible']);
    return;
  }
  if (mount.readOnly !== true) yield forbidden(path, 'may only be specified when readOnly is true');
  if ((mount.mountPropagation ?? 'None') !== 'None') {
    const message = 'may only be specified when mountPropagation is None or not specified';
    yield forbidden(path, message);
  }
}

interface DeviceSurroundings {
  volumes: VolumesByName;
  mounts: readonly VolumeMount[];
}

function* validateDevices(
  devices: readonly VolumeDevice[],
  path: FieldPath,
  { volumes, mounts }: DeviceSurroundings,
): Causes {
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [i, device] of devices.entries()) {
    const name = device.name ?? '';
    const devicePath = device.devicePath ?? '';
    const namePath = path.index(i).child('name');
    const devicePathPath = path.index(i).child('devicePath');
    yield* validateDeviceVolume(name, namePath, { names, volumes });
    if (devicePath === '') yield required(devicePathPath);
    if (paths.has(devicePath)) yield invalidValue(devicePathPath, devicePath, 'must be unique');
    if (devicePath.split('/').includes('..')) {
      yield invalidValue(devicePathPath, devicePath, "can not contain backsteps ('..')");
    } else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) {
      yield invalidValue(namePath, name, 'must not already exist in volumeMounts');
    }
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      const message = 'must not already exist as a path in volumeMounts';
      yield invalidValue(devicePathPath, devicePath, message);
    }
    if (name !== '') names.add(name);
  }
}

function* validateDeviceVolume(
  name: string,
  path: FieldPath,
  { names, volumes }: { names: ReadonlySet<string>; volumes: VolumesByName },
): Causes {
  const volume = volumes.get(name);
  if (name === '') yield required(path);
  if (names.has(name)) yield invalidValue(path, name, 'must be unique');
  if (volume === undefined) yield notFound(path, name);
  else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
    const message =
      'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
    yield invalidValue(path, name, message);
  }
}
