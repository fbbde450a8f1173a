// The texts that the sandbox hands to other programs.
import { expect, test } from 'vitest';
import { parseIdentity } from '../process-identity.ts';
import { homeDirectory } from '../environment.ts';
import { capabilitiesOfMask, containerCapabilities } from './capabilities.ts';
import { formatFstab, lockedOptions } from './fstab.ts';
import { groupFile, hostsFile, passwdFile, resolvConf } from './identity-files.ts';
import { podConfig } from '../runtime-test-kit.ts';

test('parseIdentity() reads past any command name and rejects torn lines', () => {
  const fields = Array.from({ length: 50 }, (_, index) => index + 3);
  const line = `boot-id 77 (a) b (c) S ${fields.slice(1).join(' ')}`;
  expect(parseIdentity(line)).toEqual({ bootId: 'boot-id', pid: 77, startTicks: 22 });
  for (const torn of ['', 'boot-id', 'boot-id 77 (a', 'boot-id 77 (a) S 1 2']) {
    expect(parseIdentity(torn)).toBe(undefined);
  }
});

test('formatFstab() escapes spaces and backslashes', () => {
  const entry = { source: '/a b', target: '/c\\d\te', type: 'none', options: 'rbind' };
  expect(formatFstab([entry])).toBe('/a\\040b /c\\134d\\011e none rbind 0 0\n');
});

test('lockedOptions() are those of the nearest mount', () => {
  const mounts = [
    { path: '/', options: ['rw', 'relatime'] },
    { path: '/home', options: ['rw', 'nosuid', 'nodev', 'relatime'] },
  ];
  expect(lockedOptions('/home/me/x', mounts)).toEqual(['nosuid', 'nodev', 'relatime']);
  expect(lockedOptions('/homework', mounts)).toEqual(['relatime']);
});

test('containerCapabilities(): add, drop and ALL as in Kubernetes', () => {
  const available = capabilitiesOfMask('1ff');
  expect(available.has('SETPCAP')).toBe(true);
  expect(available.has('LINUX_IMMUTABLE')).toBe(false);
  const of = (add: string[], drop: string[]) => containerCapabilities({ add, drop }, available);
  expect(of([], [])).toContain('CHOWN');
  expect(of([], ['CAP_CHOWN'])).not.toContain('CHOWN');
  expect(of(['kill'], ['all'])).toEqual(['KILL']);
  expect(of(['ALL'], []).length).toBe(9);
});

test('SS-901: hostsFile() has the short name without a subdomain, then host aliases', () => {
  const hostAliases = [{ ip: '1.2.3.4', hostnames: ['foo', 'bar'] }];
  const config = podConfig({ fullyQualifiedName: undefined, hostAliases });
  expect(hostsFile(config, '10.244.0.2')).toMatch(
    /\n10\.244\.0\.2\tweb-0\n\n# Entries added by HostAliases\.\n1\.2\.3\.4\tfoo\tbar\n$/,
  );
});

test('resolvConf() of a pod with no DNS settings is empty', () => {
  expect(resolvConf({ nameservers: [], searches: [], options: [] })).toBe('');
});

test('passwdFile() and groupFile() add only who is missing', () => {
  const user = { uid: 1000, gid: 2000, supplementalGroups: [0, 3000] };
  const passwd = 'root:x:0:0:root:/root:/bin/sh';
  expect(passwdFile(passwd, user)).toBe(`${passwd}\nu1000:x:1000:2000:container user:/:/bin/sh\n`);
  expect(passwdFile(passwd, { ...user, uid: 0 })).toBe(passwd);
  expect(groupFile('root:x:0:\n', user)).toBe('root:x:0:\ng2000:x:2000:\ng3000:x:3000:\n');
  expect(homeDirectory(passwd, 0)).toBe('/root');
  expect(homeDirectory(passwd, 5)).toBe('/');
});
