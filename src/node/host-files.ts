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

/** Primary group of a user by the passwd file, which is that of every container; 0 if unknown. */
export function primaryGroup(uid: number, path = '/etc/passwd'): number {
  for (const line of readText(path).split('\n')) {
    const [, , user, group] = line.split(':');
    if (user === String(uid)) return Number(group ?? 0);
  }
  return 0;
}
