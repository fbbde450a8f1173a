// Prepares a container's root file system in its directory: the host's files copy-on-write (there
// is no image store), private and volatile directories emptied, volumes at their paths. The result
// is a fstab that the container's first process mounts in its own mount namespace.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { OrdinalError } from '../../../base/errors.ts';
import type { ContainerConfig, ContainerMount } from '../runtime.ts';
import { bindEntry, hostMounts, lockedOptions, type FstabEntry, type HostMount } from './fstab.ts';
import type { IdentityFile } from './identity-files.ts';
import { RootView } from '../root-view.ts';

/**
 * `overlay`: one over `/`. `directories`: one per top directory. `read-only`: no overlay at all.
 */
export type RootLevel = 'overlay' | 'directories' | 'read-only';

export interface ContainerRootOptions {
  /** The container's directory. */
  readonly dir: string;
  readonly level: RootLevel;
  readonly rootless: boolean;
  readonly config: ContainerConfig;
  readonly files: readonly IdentityFile[];
  /** Host directories that pods must not see. */
  readonly hiddenPaths: readonly string[];
  /** Directory whose entries name the devices, mounted at `devMount` in the cluster namespace. */
  readonly devTemplate: string;
  readonly devMount: string;
  /** The pod's shared memory directory in the cluster namespace; undefined: none. */
  readonly shmMount: string;
  /** Its /proc shows the processes of the machine. */
  readonly hostProcesses: boolean;
}

/** Private or volatile on the host: a container gets empty ones. Path → mode. */
const PRIVATE_DIRECTORIES: Readonly<Record<string, number>> = {
  '/run': 0o755,
  '/tmp': 0o1777,
  '/home': 0o755,
  '/root': 0o700,
};
/** Mounted fresh. */
const KERNEL_DIRECTORIES = ['/proc', '/sys', '/dev'];
/** No use to a container, and often slow or removable. */
const OTHER_DIRECTORIES = ['/boot', '/media', '/mnt', '/lost+found', '/snap'];
/** Where separate file systems of a host hold programs. */
const PROGRAM_DIRECTORIES = ['/usr', '/opt', '/nix', '/gnu', '/srv'];
/** Parts of /proc that change the machine, not the container. */
const PROTECTED_PROC = ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus'];

/** Everything that is collected while a root is prepared. */
interface Draft {
  readonly options: ContainerRootOptions;
  /** Where the root is mounted. */
  readonly root: string;
  readonly view: RootView;
  readonly entries: FstabEntry[];
  readonly hostMounts: readonly HostMount[];
}

/**
 * Makes the directories and files of a container's root and returns its view and mounts; the root
 * is `<dir>/root`. Throws OrdinalError `ORD_CONTAINER_START` for mounts that are impossible.
 */
export function prepareContainerRoot(options: ContainerRootOptions): {
  view: RootView;
  entries: readonly FstabEntry[];
} {
  const root = join(options.dir, 'root');
  mkdirSync(root);
  const draft: Draft = {
    options,
    root,
    view: new RootView(),
    entries: [],
    hostMounts: hostMounts(),
  };
  if (options.level === 'overlay') addOverlayOfRoot(draft);
  else addTopDirectories(draft);
  addPrivateDirectories(draft);
  addKernelDirectories(draft);
  for (const file of options.files) addIdentityFile(draft, file);
  for (const mount of inMountOrder(options.config.mounts)) addVolume(draft, mount);
  return { view: draft.view, entries: draft.entries };
}

function addOverlayOfRoot(draft: Draft): void {
  const { options, view, root, entries } = draft;
  entries.push({
    source: 'overlay',
    target: root,
    type: 'overlay',
    options: overlayOptions(draft, '/', 'root'),
  });
  view.add({ at: '/', writable: join(options.dir, 'up/root'), lower: '/' });
  // The overlay covers one file system only.
  for (const { path } of draft.hostMounts) {
    if (PROGRAM_DIRECTORIES.some((top) => isWithin(path, top)) && isDirectory(path)) {
      addBind(draft, path, { source: path, readOnly: true });
    }
  }
}

function addTopDirectories(draft: Draft): void {
  const { root, view, options, entries } = draft;
  const readOnly = options.config.readOnlyRootFilesystem;
  const target = { source: root, target: root, type: 'none' };
  entries.push({ ...target, options: readOnly ? 'bind,ro' : 'bind' });
  view.add({ at: '/', writable: root, lower: undefined });
  const special = [...Object.keys(PRIVATE_DIRECTORIES), ...KERNEL_DIRECTORIES];
  for (const entry of readdirSync('/', { withFileTypes: true })) {
    const path = `/${entry.name}`;
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(path), join(root, entry.name));
    else if (!entry.isDirectory()) continue;
    else if (special.includes(path)) mkdirSync(join(root, entry.name));
    else if (!OTHER_DIRECTORIES.includes(path) && isReadable(path)) addTopDirectory(draft, path);
  }
}

function addTopDirectory(draft: Draft, path: string): void {
  const { options, root, view, entries } = draft;
  const hasMounts = draft.hostMounts.some((mount) => mount.path.startsWith(`${path}/`));
  mkdirSync(join(root, path));
  // The kernel lets nobody but root look under the mounts of others.
  if (options.level === 'read-only' || hasMounts) {
    addBind(draft, path, { source: path, readOnly: true });
    return;
  }
  const name = path.slice(1);
  entries.push({
    source: 'overlay',
    target: join(root, path),
    type: 'overlay',
    options: overlayOptions(draft, path, name),
  });
  view.add({ at: path, writable: join(options.dir, 'up', name), lower: path });
}

/** Relative to the container's directory, so that no character of its path needs an escape. */
function overlayOptions({ options }: Draft, lower: string, name: string): string {
  const upper = join(options.dir, 'up', name);
  mkdirSync(upper, { recursive: true });
  chmodSync(upper, statSync(lower).mode & 0o7777);
  mkdirSync(join(options.dir, 'work', name), { recursive: true });
  return [
    `lowerdir=${lower},upperdir=up/${name},workdir=work/${name}`,
    ...(options.rootless ? ['userxattr'] : []),
    ...(options.config.readOnlyRootFilesystem ? ['ro'] : []),
  ].join(',');
}

function addPrivateDirectories(draft: Draft): void {
  const { options } = draft;
  for (const [path, mode] of Object.entries(PRIVATE_DIRECTORIES)) {
    if (!isRealDirectory(path)) continue;
    // Below a root of directories they are our own already.
    if (options.level === 'overlay') addEmptyDirectory(draft, path, mode);
    else chmodSync(join(draft.root, path), mode);
  }
  for (const path of options.hiddenPaths) {
    const target = draft.view.resolve(path);
    if (draft.view.stat(target)?.isDirectory()) addEmptyDirectory(draft, target, 0o755);
  }
}

function addEmptyDirectory(draft: Draft, path: string, mode: number): void {
  const source = join(draft.options.dir, 'private', path);
  mkdirSync(source, { recursive: true });
  chmodSync(source, mode);
  addBind(draft, path, { source, readOnly: draft.options.config.readOnlyRootFilesystem });
}

function addKernelDirectories(draft: Draft): void {
  const { options, view, root, entries } = draft;
  const { privileged } = options.config;
  for (const path of KERNEL_DIRECTORIES) view.ensureMountPoint(path, 'directory');
  const mount = (type: string, path: string, flags: string) =>
    entries.push({ source: type, target: join(root, path), type, options: flags });
  // Nobody but the machine's root may mount the /proc of its processes.
  if (options.hostProcesses) entries.push(bindEntry('/proc', join(root, 'proc'), false));
  else mount('proc', '/proc', 'nosuid,nodev,noexec');
  mount('sysfs', '/sys', privileged ? 'nosuid,nodev,noexec' : 'ro,nosuid,nodev,noexec');
  entries.push(bindEntry(privileged ? '/dev' : options.devMount, join(root, 'dev'), false));
  view.add({ at: '/dev', writable: undefined, lower: privileged ? '/dev' : options.devTemplate });
  mount('devpts', '/dev/pts', 'newinstance,ptmxmode=0666,mode=0620,nosuid,noexec');
  entries.push(bindEntry(options.shmMount, join(root, 'dev/shm'), false));
  // An ordinary user may not write there anyway.
  if (privileged || options.rootless) return;
  for (const path of PROTECTED_PROC.filter((candidate) => existsSync(candidate))) {
    const target = join(root, path);
    entries.push({ source: target, target, type: 'none', options: 'bind,ro' });
  }
}

function addIdentityFile(draft: Draft, { path, content }: IdentityFile): void {
  if (draft.view.placeFile(path, content)) return;
  // /etc is a read-only bind: cover the file, wherever the host's links lead.
  const target = draft.view.resolve(path);
  const store = new RootView();
  const dir = join(draft.options.dir, 'files');
  mkdirSync(dir, { recursive: true });
  store.add({ at: '/', writable: dir, lower: undefined });
  store.placeFile(`/${path.split('/').at(-1)}`, content);
  const source = join(dir, path.split('/').at(-1) ?? '');
  draft.view.ensureMountPoint(target, 'file');
  addBind(draft, target, { source, readOnly: false });
}

function addVolume(draft: Draft, mount: ContainerMount): void {
  const { hostPath, containerPath, readOnly } = mount;
  const kind = isDirectory(hostPath) ? 'directory' : 'file';
  const target = draft.view.resolve(containerPath);
  if (target === '/') {
    throw new OrdinalError('ORD_CONTAINER_START', `can't mount over ${containerPath}`);
  }
  draft.view.ensureMountPoint(target, kind);
  addBind(draft, target, { source: hostPath, readOnly });
}

/** Binds host path `source` at container path `at`, which has no links. */
function addBind(draft: Draft, at: string, bind: { source: string; readOnly: boolean }): void {
  const { source, readOnly } = bind;
  const entry = bindEntry(source, join(draft.root, at), readOnly);
  const locked = readOnly && draft.options.rootless;
  const extra = locked ? lockedOptions(source, draft.hostMounts) : [];
  draft.entries.push({ ...entry, options: [entry.options, ...extra].join(',') });
  const layer = readOnly ? { writable: undefined, lower: source } : { writable: source };
  draft.view.add({ at, lower: undefined, ...layer });
}

/** Parents before what lies in them; otherwise as given. */
function inMountOrder(mounts: readonly ContainerMount[]): ContainerMount[] {
  const depth = ({ containerPath }: ContainerMount) =>
    containerPath.split('/').filter((part) => part !== '').length;
  return [...mounts].sort((a, b) => depth(a) - depth(b));
}

function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`);
}

/** Throws OrdinalError when there is nothing at `path`. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new OrdinalError('ORD_CONTAINER_START', `can't mount ${path}: it does not exist`, {
      cause,
    });
  }
}

function isRealDirectory(path: string): boolean {
  const name = path.slice(1);
  return readdirSync('/', { withFileTypes: true }).some(
    (entry) => entry.name === name && entry.isDirectory(),
  );
}

function isReadable(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}
