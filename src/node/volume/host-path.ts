// `hostPath` volumes: a path of the node, checked by its type and made where the type says so.
import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import { VolumeError } from './volume-error.ts';

interface TypeRule {
  readonly what: string;
  matches(stats: Stats): boolean;
  make?(path: string): Promise<void>;
}

const isDirectory = { what: 'a directory', matches: (stats: Stats) => stats.isDirectory() };
const isFile = { what: 'a file', matches: (stats: Stats) => stats.isFile() };

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
}

async function makeFile(path: string): Promise<void> {
  await stat(dirname(path));
  await writeFile(path, '', { mode: 0o644 });
}

const RULES: Record<string, TypeRule> = {
  '': { what: 'anything', matches: () => true, make: makeDirectory },
  DirectoryOrCreate: { ...isDirectory, make: makeDirectory },
  Directory: isDirectory,
  FileOrCreate: { ...isFile, make: makeFile },
  File: isFile,
  Socket: { what: 'a socket', matches: (stats) => stats.isSocket() },
  CharDevice: { what: 'a character device', matches: (stats) => stats.isCharacterDevice() },
  BlockDevice: { what: 'a block device', matches: (stats) => stats.isBlockDevice() },
};

/** Throws VolumeError unless `path` is (or now has become) what `type` asks for. */
export async function prepareHostPath(path: string, type = ''): Promise<void> {
  const rule = RULES[type];
  if (rule === undefined) throw new VolumeError(`unknown hostPath type "${type}"`);
  const failed = (why: string) => new VolumeError(`hostPath type check failed: ${path} ${why}`);
  let stats: Stats | undefined;
  try {
    stats = await stat(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  if (stats === undefined) {
    if (rule.make === undefined) throw failed(`is not ${rule.what}`);
    await rule.make(path);
  } else if (!rule.matches(stats)) throw failed(`is not ${rule.what}`);
}
