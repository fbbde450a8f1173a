// Owners of files in volumes. `fsGroup` makes a volume belong to a group that can read and write
// it, and keeps it so for new files (set-group-id directories).
import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import type { VolumeFiles } from './atomic-writer.ts';

export interface Ownership {
  readonly fsGroup: number | undefined;
  /** Skip the volume if its root already has the right group and mode. */
  readonly onRootMismatch: boolean;
  readonly readOnly: boolean;
  /** False where the agent may not change owners (an ordinary user): the attempt is then enough. */
  readonly mayChangeOwner: boolean;
}

const READ_ONLY = 0o440;
const READ_WRITE = 0o660;
/** Directories: search permission for the group, and new files inherit the group. */
const DIRECTORY = 0o110 | 0o2000;

/** Where the owner can't be changed its group will never match, so the mode alone counts. */
async function rootMatches(
  path: string,
  { fsGroup, mayChangeOwner }: Ownership,
  mask: number,
): Promise<boolean> {
  const stats = await lstat(path);
  const wanted = mask | DIRECTORY;
  const groupMatches = stats.gid === fsGroup || !mayChangeOwner;
  return groupMatches && (stats.mode & wanted) === wanted;
}

async function attempt(
  change: Promise<void>,
  { mayChangeOwner }: Pick<Ownership, 'mayChangeOwner'>,
): Promise<void> {
  try {
    await change;
  } catch (error) {
    const refused = ['EPERM', 'EINVAL'].includes(systemErrorCode(error) ?? '');
    if (!refused || mayChangeOwner) throw error;
  }
}

/** Gives those of the files below `path` that name an owner to it; groups and modes stay. */
export async function applyOwners(
  path: string,
  files: VolumeFiles,
  ownership: Pick<Ownership, 'mayChangeOwner'>,
): Promise<void> {
  for (const [name, { owner }] of files) {
    if (owner === undefined) continue;
    const target = join(path, name);
    const { gid } = await lstat(target);
    await attempt(lchown(target, owner, gid), ownership);
  }
}

async function own(path: string, ownership: Ownership): Promise<void> {
  const stats = await lstat(path);
  const group = ownership.fsGroup ?? stats.gid;
  if (stats.gid !== group) await attempt(lchown(path, stats.uid, group), ownership);
  if (stats.isSymbolicLink()) return;
  const mask = ownership.readOnly ? READ_ONLY : READ_WRITE;
  const mode = (stats.mode & 0o7777) | mask | (stats.isDirectory() ? DIRECTORY : 0);
  await chmod(path, mode);
  if (!stats.isDirectory()) return;
  for (const name of await readdir(path)) await own(join(path, name), ownership);
}

/** Applies the group to everything below `path`; symbolic links are not followed. */
export async function applyOwnership(path: string, ownership: Ownership): Promise<void> {
  const { fsGroup, onRootMismatch, readOnly } = ownership;
  if (fsGroup === undefined) return;
  const mask = readOnly ? READ_ONLY : READ_WRITE;
  if (onRootMismatch && (await rootMatches(path, ownership, mask))) return;
  await own(path, ownership);
}
