// Which process is meant, surviving pid reuse, agent restarts and reboots: boot id + pid + start
// time. Shell scripts record it with builtins only, as one line: "<boot id> </proc/PID/stat line>".
import { readFileSync, readdirSync } from 'node:fs';
import { present } from '../../base/assert.ts';

export interface ProcessIdentity {
  readonly bootId: string;
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  readonly startTicks: number;
}

interface ProcessStat {
  readonly pid: number;
  /** One letter; `Z` is a process that has ended and was not waited for. */
  readonly state: string;
  readonly parentPid: number;
  /** Number n of its terminal /dev/pts/n; undefined without one. */
  readonly terminal: number | undefined;
  /** User + system time in clock ticks, including children that were waited for. */
  readonly cpuTicks: number;
  readonly startTicks: number;
}

/** Reads a line of the form above; undefined when it is empty, torn or not of that form. */
export function parseIdentity(line: string): ProcessIdentity | undefined {
  const space = line.indexOf(' ');
  const stat = space > 0 ? parseStat(line.slice(space + 1)) : undefined;
  return stat && { bootId: line.slice(0, space), pid: stat.pid, startTicks: stat.startTicks };
}

/** Identity file `path` → identity, or undefined when it is absent or torn. */
export function readIdentity(path: string): ProcessIdentity | undefined {
  return parseIdentity(readText(path));
}

/** True while exactly this process runs (a zombie does not). */
export function isAlive(identity: ProcessIdentity | undefined): boolean {
  if (!identity || identity.bootId !== bootId()) return false;
  const stat = processStat(identity.pid);
  return stat?.startTicks === identity.startTicks && stat.state !== 'Z';
}

/** The identity of this very process. Throws where there is no /proc. */
export function ownIdentity(): ProcessIdentity {
  const identity = parseIdentity(`${bootId()} ${readText('/proc/self/stat')}`);
  return present(identity, '/proc/self/stat');
}

/** What /proc says about `pid`, or undefined when there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  return parseStat(readText(`/proc/${pid}/stat`));
}

/** Resident memory of `pid` in bytes; 0 when there is no such process. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1];
  return Number(kibibytes ?? 0) * 1024;
}

/** All process ids visible in /proc. */
export function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Ids of all descendants of `pid`, itself excepted. */
export function descendantPids(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const candidate of allPids()) {
    const parent = processStat(candidate)?.parentPid;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), candidate]);
  }
  const found: number[] = [];
  const queue = [pid];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const direct = children.get(next) ?? [];
    found.push(...direct);
    queue.push(...direct);
  }
  return found;
}

/** Sends `signal`; false when the process is gone already. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The file's text, or '' when it can't be read (processes come and go). */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function bootId(): string {
  return readText('/proc/sys/kernel/random/boot_id').trim();
}

function parseStat(text: string): ProcessStat | undefined {
  // The command name in parentheses may itself hold spaces and parentheses: count from its end.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  const number = (statField: number) => Number(fields[statField - 3]);
  if (end < 0 || fields.length < 22) return undefined;
  const pid = Number.parseInt(text, 10);
  return {
    pid,
    state: fields[0] ?? '',
    parentPid: number(4),
    terminal: terminalNumber(number(7)),
    cpuTicks: number(14) + number(15) + number(16) + number(17),
    startTicks: number(22),
  };
}

function terminalNumber(device: number): number | undefined {
  const major = (device >> 8) & 0xfff;
  // 136 to 143 are the majors of pseudo terminals.
  if (major < 136 || major > 143) return undefined;
  return (device & 0xff) | ((device >> 12) & 0xfff00);
}
