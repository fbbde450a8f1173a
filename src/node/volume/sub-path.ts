// `subPath` of a volume mount: made if missing, and never outside of the volume, whatever links a
// container has put there.
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import { VolumeError } from './volume-error.ts';

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function enter(root: string, parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  try {
    const stats = await lstat(path);
    if (!stats.isSymbolicLink()) return path;
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    await mkdir(path);
    await chmod(path, (await stat(root)).mode & 0o7777);
    return path;
  }
  const target = await realpath(path).catch(() => undefined);
  if (target === undefined || !isInside(root, target)) {
    throw new VolumeError(`subPath ${name} leads out of the volume`);
  }
  return target;
}

/**
 * The real path of `subPath` in the volume at `volumePath`. Throws VolumeError if it leads
 * outside.
 */
export async function resolveSubPath(volumePath: string, subPath: string): Promise<string> {
  const names = subPath.split('/').filter((name) => name !== '' && name !== '.');
  if (subPath.startsWith('/') || names.includes('..')) {
    throw new VolumeError(`subPath "${subPath}" must be relative and must not contain ".."`);
  }
  const root = await realpath(volumePath);
  let path = root;
  for (const name of names) path = await enter(root, path, name);
  return path;
}
