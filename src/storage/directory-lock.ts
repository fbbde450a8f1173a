// One process at a time uses a data directory. Node has no flock(2), so: lock files in generations.
//
// `lock.<n>` names the owner of generation n; the highest generation counts. It is free when it is
// empty (released) or its owner is dead (killed). Taking it means making the next generation with
// link(2), which exactly one process can, and which shows the file only with all its contents.
// The highest generation is never removed, so a process that comes late with a number already used,
// or used and cleaned away, finds a higher one when it looks again, and gives way.
// Whether an owner lives can only be told within its machine and PID namespace.
import { linkSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../base/errors.ts';
import { StoreLockedError } from './store-errors.ts';

const LOCK_NAME = /^lock\.(\d+)$/;
const CLAIM_NAME = /^lock\.claim\.(\d+)\.\d+$/;

/** Distinguishes claims of one process. */
let claimCount = 0;

interface Owner {
  readonly pid: number;
  /** Tells the process from a later one with its pid. */
  readonly identity: string;
}

export interface DirectoryLock {
  release(): void;
}

/** Takes the lock of a directory; throws StoreLockedError if a living process has it. */
export function lockDirectory(directory: string): DirectoryLock {
  const claim = join(directory, `lock.claim.${process.pid}.${claimCount++}`);
  const owner: Owner = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  writeFileSync(claim, JSON.stringify(owner));
  try {
    for (;;) {
      const lock = tryLock(directory, claim);
      if (lock) return lock;
    }
  } finally {
    rmSync(claim, { force: true });
  }
}

/** One attempt; undefined when another process was faster and the state must be looked at again. */
function tryLock(directory: string, claim: string): DirectoryLock | undefined {
  const highest = highestGeneration(directory);
  const holder = readOwner(join(directory, `lock.${highest}`));
  if (holder && isAlive(holder)) throw new StoreLockedError(directory, holder.pid);
  const mine = highest + 1;
  const path = join(directory, `lock.${mine}`);
  if (!link(claim, path)) return undefined;
  if (highestGeneration(directory) !== mine) {
    // The owner of that one may be removing ours too.
    rmSync(path, { force: true });
    return undefined;
  }
  removeLeftovers(directory, mine);
  return { release: () => release(path) };
}

function release(path: string): void {
  try {
    truncateSync(path);
  } catch (error) {
    // The directory was removed under us: nothing to release.
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/** Makes `path` the same file as `claim`; false if it exists. */
function link(claim: string, path: string): boolean {
  try {
    linkSync(claim, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function highestGeneration(directory: string): number {
  const generations = readdirSync(directory).map((name) => Number(LOCK_NAME.exec(name)?.[1] ?? 0));
  return Math.max(0, ...generations);
}

/** The owner in a lock file; undefined when it is free, or broken by a crash of the machine. */
function readOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null;
    if (typeof owner?.pid !== 'number' || typeof owner.identity !== 'string') return undefined;
    return { pid: owner.pid, identity: owner.identity };
  } catch (error) {
    const isFree = error instanceof SyntaxError || systemErrorCode(error) === 'ENOENT';
    if (isFree) return undefined;
    throw error;
  }
}

function removeLeftovers(directory: string, generation: number): void {
  for (const name of readdirSync(directory)) {
    const old = LOCK_NAME.exec(name)?.[1];
    const claimant = CLAIM_NAME.exec(name)?.[1];
    const isOld = old !== undefined && Number(old) < generation;
    const isAbandoned = claimant !== undefined && !isRunning(Number(claimant));
    if (isOld || isAbandoned) rmSync(join(directory, name), { force: true });
  }
}

function isAlive({ pid, identity }: Owner): boolean {
  return isRunning(pid) && (processIdentity(pid) ?? identity) === identity;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
  return processState(pid)?.state !== 'Z';
}

/** Boot and start time of a process; undefined where there is no /proc, or no such process. */
function processIdentity(pid: number): string | undefined {
  const startTime = processState(pid)?.startTime;
  const bootId = readText('/proc/sys/kernel/random/boot_id')?.trim();
  return startTime === undefined ? undefined : `${bootId ?? ''}/${startTime}`;
}

function processState(pid: number): { state: string; startTime: string } | undefined {
  // The name, field 2, can hold blanks and parentheses; what follows it can't.
  const fields = readText(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  const [state, startTime] = [fields?.[0], fields?.[19]];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
