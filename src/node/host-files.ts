// The few files of the host that decide about pods: resolver settings and user accounts.
import { readFileSync } from 'node:fs';
import { parseResolvConf } from './plan/pod-dns.ts';
import type { DnsSettings } from './plan/pod-dns.ts';

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The host's resolver settings; empty if it has none. */
export function hostDns(path = '/etc/resolv.conf'): DnsSettings {
  return parseResolvConf(readText(path));
}

/** The ids of a whole system; a user namespace of an ordinary user often has just one. */
const ID_COUNT_ALL = 65_536;

/** May this process give files to any group? Needs root, and a namespace that knows all groups. */
export function mayChangeOwner(path = '/proc/self/gid_map'): boolean {
  if (process.geteuid?.() !== 0) return false;
  const text = readText(path);
  const counts = text.split('\n').map((line) => Number(line.trim().split(/\s+/)[2] ?? 0));
  return text === '' || counts.reduce((total, count) => total + count, 0) >= ID_COUNT_ALL;
}

/** Primary group of a user by the passwd file, which is that of every container; 0 if unknown. */
export function primaryGroup(uid: number, path = '/etc/passwd'): number {
  for (const line of readText(path).split('\n')) {
    const [, , user, group] = line.split(':');
    if (user === String(uid)) return Number(group ?? 0);
  }
  return 0;
}
