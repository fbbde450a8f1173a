// Host name and resolver settings of a pod (SS-901).
import type { Pod } from '../../api/generated/types.ts';
import { nameOf, namespaceOf } from '../../api/meta/object.ts';

export interface DnsSettings {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface DnsContext {
  readonly clusterIp: string;
  readonly clusterDomain: string;
  /** The host's own resolver settings. */
  readonly host: DnsSettings;
}

/** Limits of the resolver library, as the API documents them. */
const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;

function basis(pod: Pod, { clusterIp, clusterDomain, host }: DnsContext): DnsSettings {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const onHost = pod.spec?.hostNetwork === true && policy === 'ClusterFirst';
  if (policy === 'None') return { nameservers: [], searches: [], options: [] };
  if (policy === 'Default' || onHost) return host;
  const service = `svc.${clusterDomain}`;
  return {
    nameservers: [clusterIp],
    searches: [`${namespaceOf(pod)}.${service}`, service, clusterDomain, ...host.searches],
    options: ['ndots:5'],
  };
}

function unique(values: readonly string[], max: number): string[] {
  return [...new Set(values)].slice(0, max);
}

/** resolv.conf of the pod: by its DNS policy, extended by its dnsConfig. */
export function podDns(pod: Pod, context: DnsContext): DnsSettings {
  const settings = basis(pod, context);
  const extra = pod.spec?.dnsConfig ?? {};
  const options = new Map(
    settings.options.map((option) => [option.split(':')[0] ?? option, option]),
  );
  for (const { name = '', value } of extra.options ?? []) {
    options.set(name, value === undefined || value === '' ? name : `${name}:${value}`);
  }
  return {
    nameservers: unique([...settings.nameservers, ...(extra.nameservers ?? [])], NAMESERVERS_MAX),
    searches: unique([...settings.searches, ...(extra.searches ?? [])], SEARCHES_MAX),
    options: [...options.values()],
  };
}

const HOSTNAME_MAX = 63;

/** SS-901: the short name and, with a subdomain, the full one. */
export function podHostname(
  pod: Pod,
  clusterDomain: string,
): { hostname: string; fullyQualifiedName: string | undefined } {
  const spec = pod.spec;
  const short = (spec?.hostname ?? nameOf(pod)).slice(0, HOSTNAME_MAX).replace(/[-.]+$/, '');
  const subdomain = spec?.subdomain ?? '';
  const fullyQualifiedName =
    subdomain === '' ? undefined : `${short}.${subdomain}.${namespaceOf(pod)}.svc.${clusterDomain}`;
  const full = spec?.setHostnameAsFQDN === true ? fullyQualifiedName : undefined;
  return { hostname: spec?.hostnameOverride ?? full ?? short, fullyQualifiedName };
}

/** Reads the text of a resolv.conf. */
export function parseResolvConf(text: string): DnsSettings {
  const settings = {
    nameservers: [] as string[],
    searches: [] as string[],
    options: [] as string[],
  };
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver') settings.nameservers.push(...words.slice(0, 1));
    if (keyword === 'search' || keyword === 'domain') settings.searches = words;
    if (keyword === 'options') settings.options.push(...words);
  }
  return settings;
}
