// What a server has left on the machine: processes that name its data directory in their command
// line, environment or mounts (pods do: their volumes lie there), and mounts in our own view.
import { readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `pid command line` of each such process, without our own ancestors; `mount …` for our mounts. */
export function leftovers(dataDir: string): string[] {
  const mark = basename(dataDir);
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      ['cmdline', 'environ', 'mountinfo'].some((file) =>
        read(`/proc/${pid}/${file}`).includes(mark),
      ),
    )
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()}`);
  const mounts = read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(mark))
    .map((line) => `mount ${line}`);
  return [...processes, ...mounts];
}
