// The files under /etc that tell a container who and where it is.
import { readText } from '../process-identity.ts';
import type { ContainerConfig, PodSandboxConfig } from '../runtime.ts';

export interface IdentityFile {
  readonly path: string;
  readonly content: string;
}

/** /etc/hosts, hostname, resolv.conf, passwd and group of a container. */
export function identityFiles(
  pod: { readonly config: PodSandboxConfig; readonly ip: string },
  user: ContainerConfig['user'],
): IdentityFile[] {
  return [
    { path: '/etc/hosts', content: hostsFile(pod.config, pod.ip) },
    { path: '/etc/hostname', content: `${pod.config.hostname}\n` },
    { path: '/etc/resolv.conf', content: resolvConf(pod.config.dns) },
    { path: '/etc/passwd', content: passwdFile(readText('/etc/passwd'), user) },
    { path: '/etc/group', content: groupFile(readText('/etc/group'), user) },
  ];
}

/** As the kubelet writes it: the fully qualified name first, so that `hostname -f` finds it. */
export function hostsFile(config: PodSandboxConfig, ip: string): string {
  const names = [config.fullyQualifiedName, config.hostname].filter((name) => name !== undefined);
  const aliases = config.hostAliases.map((alias) => [alias.ip, ...alias.hostnames].join('\t'));
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    [ip, ...names].join('\t'),
    ...(aliases.length > 0 ? ['', '# Entries added by HostAliases.', ...aliases] : []),
    '',
  ].join('\n');
}

/** resolv.conf(5) of a pod. */
export function resolvConf(dns: PodSandboxConfig['dns']): string {
  const lines = [
    ...(dns.searches.length > 0 ? [`search ${dns.searches.join(' ')}`] : []),
    ...dns.nameservers.map((server) => `nameserver ${server}`),
    ...(dns.options.length > 0 ? [`options ${dns.options.join(' ')}`] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Adds an entry for the user if there is none: programs like initdb refuse a nameless one. */
export function passwdFile(host: string, { uid, gid }: ContainerConfig['user']): string {
  const known = host.split('\n').some((line) => line.split(':')[2] === `${uid}`);
  return known ? host : `${endLine(host)}u${uid}:x:${uid}:${gid}:container user:/:/bin/sh\n`;
}

/** Adds entries for the groups that have none. */
export function groupFile(host: string, user: ContainerConfig['user']): string {
  const known = new Set(host.split('\n').map((line) => line.split(':')[2]));
  const wanted = [...new Set([user.gid, ...user.supplementalGroups])];
  const added = wanted.filter((gid) => !known.has(`${gid}`));
  return endLine(host) + added.map((gid) => `g${gid}:x:${gid}:\n`).join('');
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
