// Descriptors of this process that every program it starts would have. Node.js marks its own to be
// closed; LMDB leaves that of the database, which no container may have, and so do our parents.
import { openSync, readFileSync, readdirSync } from 'node:fs';

/** O_CLOEXEC of Linux, in the octal flags of /proc. */
const CLOSE_ON_EXEC = 0o2_000_000;
const STANDARD_STREAMS = 3;

/** Numbers of the descriptors above the standard streams that a child would inherit. */
export function leakingDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd >= STANDARD_STREAMS && isInherited(fd));
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
    return (Number.parseInt(flags?.[1] ?? '0', 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // closed in the meantime, as that of the directory listing is
  }
}

/** What replaces them in a child. */
export function openNothing(): number {
  return openSync('/dev/null', 'r');
}
