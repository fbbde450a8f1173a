// Writes the files of a config map, secret or projected volume so that readers see either all old
// or all new ones: files live in a dated directory, `..data` points to it and is switched by a
// rename.
import {
  chmod,
  mkdir,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';

export interface VolumeFile {
  readonly content: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** User id, for `prepare` to see to; default: our own. */
  readonly owner?: number | undefined;
}

/** By path relative to the volume. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

const DATA = '..data';
const DATA_NEW = '..data_tmp';

async function currentVersion(directory: string): Promise<string | undefined> {
  try {
    return await readlink(join(directory, DATA));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function listFiles(directory: string, prefix = ''): Promise<string[]> {
  const entries = await readdir(join(directory, prefix), { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries) {
    const path = join(prefix, entry.name);
    paths.push(...(entry.isDirectory() ? await listFiles(directory, path) : [path]));
  }
  return paths;
}

/** True if the version on disk has exactly these files with this content. */
async function isSame(directory: string, files: VolumeFiles): Promise<boolean> {
  try {
    const paths = await listFiles(directory);
    if (paths.length !== files.size) return false;
    for (const [path, file] of files) {
      if (!paths.includes(path)) return false;
      const content = await readFile(join(directory, path));
      if (!content.equals(file.content)) return false;
    }
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function writeVersion(directory: string, files: VolumeFiles): Promise<void> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
  for (const [path, { content, mode }] of files) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await writeFile(target, content, { mode: 0o600 }); // never more open than it will be
    await chmod(target, mode);
  }
}

/**
 * Links `name` → `..data/name` for every first path component; removes links of files that went.
 */
async function linkNames(directory: string, files: VolumeFiles): Promise<void> {
  const names = new Set([...files.keys()].map((path) => path.split('/')[0] ?? path));
  const present = (await readdir(directory)).filter((name) => !name.startsWith('..'));
  for (const name of present) if (!names.has(name)) await rm(join(directory, name));
  for (const name of names) {
    if (!present.includes(name)) await symlink(join(DATA, name), join(directory, name));
  }
}

async function removeOldVersions(directory: string, keep: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const isVersion = name.startsWith('..') && name !== DATA && name !== keep;
    if (isVersion) await rm(join(directory, name), { recursive: true, force: true });
  }
}

export interface AtomicWrite {
  readonly directory: string;
  readonly files: VolumeFiles;
  /** Name of the new version, unique in the volume; starts with `..`. */
  readonly version: string;
  /** Called with the directory of the new version before it becomes visible. */
  prepare(directory: string): Promise<void>;
}

/** Makes the volume hold exactly `files`. Returns false if it already did. */
export async function writeAtomically(write: AtomicWrite): Promise<boolean> {
  const { directory, files, version } = write;
  await mkdir(directory, { recursive: true });
  const current = await currentVersion(directory);
  if (current !== undefined && (await isSame(join(directory, current), files))) return false;
  const target = join(directory, version);
  await writeVersion(target, files);
  await write.prepare(target);
  await rm(join(directory, DATA_NEW), { force: true });
  await symlink(version, join(directory, DATA_NEW));
  await rename(join(directory, DATA_NEW), join(directory, DATA));
  await linkNames(directory, files);
  await removeOldVersions(directory, version);
  return true;
}

/** Does something exist at `path`? Symbolic links are followed. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
