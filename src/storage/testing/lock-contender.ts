// For tests: a process that wants the lock of a directory. Run by directory-lock.test.ts as
// `lock-contender DIRECTORY`. Told `go` it tries once, says 1 or 0 and stays; told `repeat` it
// takes the lock many times, fails if another has it meanwhile, and says how often it got it.
import { once } from 'node:events';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../../base/errors.ts';
import type { DirectoryLock } from '../directory-lock.ts';
import { lockDirectory } from '../directory-lock.ts';

const ATTEMPTS = 400;

function tryLock(directory: string): DirectoryLock | undefined {
  try {
    return lockDirectory(directory);
  } catch (error) {
    if (systemErrorCode(error) === 'ORD_STORE_LOCKED') return undefined;
    throw error;
  }
}

/** Makes and removes a file that must not exist yet; throws if two do so at once. */
function useAlone(directory: string): void {
  const path = join(directory, 'in-use');
  closeSync(openSync(path, 'wx'));
  rmSync(path);
}

function repeat(directory: string): number {
  let count = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const lock = tryLock(directory);
    if (!lock) continue;
    useAlone(directory);
    lock.release();
    count += 1;
  }
  return count;
}

const directory = process.argv[2] ?? '';
const [order] = (await once(process.stdin, 'data')) as [Buffer];
if (order.toString() === 'repeat\n') {
  writeSync(1, `${repeat(directory)}\n`);
  process.stdin.destroy();
} else {
  writeSync(1, tryLock(directory) ? '1\n' : '0\n');
}
