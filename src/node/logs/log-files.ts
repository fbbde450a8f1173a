// The files of one container log: the current one and those rotated away (`.1` is the youngest).
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { systemErrorCode } from '../../base/errors.ts';

export interface LogFile {
  readonly handle: FileHandle;
  /** Tells files apart whatever their name is now. */
  readonly inode: number;
}

/** More than any runtime keeps. */
const ROTATED_MAX = 20;

async function openFile(path: string): Promise<LogFile | undefined> {
  try {
    const handle = await open(path, 'r');
    return { handle, inode: (await handle.stat()).ino };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Opens all files, oldest first. A rotation in between may show a file twice: it is taken once. */
export async function openLogFiles(path: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  const current = await openFile(path);
  if (current !== undefined) files.push(current);
  for (let number = 1; number <= ROTATED_MAX; number++) {
    const file = await openFile(`${path}.${number}`);
    if (file === undefined) break;
    if (files.some(({ inode }) => inode === file.inode)) await file.handle.close();
    else files.unshift(file);
  }
  return files;
}

export async function closeLogFiles(files: readonly LogFile[]): Promise<void> {
  await Promise.all(files.map(({ handle }) => handle.close()));
}

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Where the last `lines` lines begin: index of the file and offset in it. */
export async function tailStart(
  files: readonly LogFile[],
  lines: number,
): Promise<{ index: number; offset: number }> {
  let left = lines;
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index];
    if (file === undefined) break;
    const found = await tailOffset(file, left);
    if (found.offset !== undefined) return { index, offset: found.offset };
    left -= found.lines;
  }
  return { index: 0, offset: 0 };
}

/**
 * The offset at which the last `lines` lines of the file begin, or how many lines it has instead.
 */
async function tailOffset(
  { handle }: LogFile,
  lines: number,
): Promise<{ offset: number | undefined; lines: number }> {
  const { size } = await handle.stat();
  let seen = 0;
  for (let end = size; end > 0; end -= CHUNK_BYTES) {
    const start = Math.max(end - CHUNK_BYTES, 0);
    const buffer = Buffer.alloc(end - start);
    await handle.read(buffer, 0, buffer.length, start);
    for (let at = buffer.length - 1; at >= 0; at--) {
      if (buffer[at] !== NEWLINE) continue;
      // The newline at the very end of the file ends the last line.
      if (seen === lines) return { offset: start + at + 1, lines: seen };
      seen++;
    }
  }
  return seen === lines ? { offset: 0, lines: seen } : { offset: undefined, lines: seen };
}
