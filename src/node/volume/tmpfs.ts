// Memory-backed directories, where the agent may mount in a mount namespace of its own.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Mounts a tmpfs of at most `bytes` (undefined: the kernel's default). False where that is
 * refused.
 */
export async function mountTmpfs(path: string, bytes: number | undefined): Promise<boolean> {
  const options = ['mode=0777', ...(bytes === undefined ? [] : [`size=${bytes}`])].join(',');
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
    return true;
  } catch {
    return false;
  }
}

/** Mount points at or below `path`, deepest first. */
export async function mountsBelow(path: string): Promise<string[]> {
  const text = await readFile('/proc/self/mounts', 'utf8').catch(() => '');
  const points = text.split('\n').map((line) => unescape(line.split(' ')[1] ?? ''));
  return points.filter((point) => point === path || point.startsWith(`${path}/`)).reverse();
}

/** The kernel writes blanks and the like as octal numbers. */
function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Unmounts everything at or below `path`. */
export async function unmountBelow(path: string): Promise<void> {
  for (const point of await mountsBelow(path)) await run('umount', [point]);
}
