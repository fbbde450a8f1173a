// url(), ip() and cidr(): parts of addresses.
import { canonicalIp, parseIp } from '../../core/ip-validation.ts';
import type { Declaration } from '../language/declarations.ts';
import { opaqueOf, structOf } from '../language/types.ts';
import { CelObject, CelRunError, EntryMap } from '../language/values.ts';

class CelUrl extends CelObject {
  readonly celType = structOf('kubernetes.URL');
  readonly url: URL;
  readonly text: string;

  constructor(url: URL, text: string) {
    super();
    this.url = url;
    this.text = text;
  }

  override equals({ url }: this): boolean {
    return url.href === this.url.href;
  }
}

class CelIp extends CelObject {
  readonly celType = opaqueOf('net.IP');
  readonly bytes: readonly number[];
  readonly text: string;

  constructor(bytes: readonly number[], text: string) {
    super();
    this.bytes = bytes;
    this.text = text;
  }

  get size(): number {
    return this.bytes.length;
  }

  override equals({ bytes }: this): boolean {
    return Buffer.compare(Buffer.from(bytes), Buffer.from(this.bytes)) === 0;
  }
}

class CelCidr extends CelObject {
  readonly celType = opaqueOf('net.CIDR');
  readonly ip: CelIp;
  readonly bits: number;

  constructor(ip: CelIp, bits: number) {
    super();
    this.ip = ip;
    this.bits = bits;
  }

  get size(): number {
    return this.ip.size;
  }

  override equals({ ip, bits }: this): boolean {
    return bits === this.bits && ip.equals(this.ip);
  }
}

const NO_BASE = 'relative://';

function urlOf(text: string): CelUrl | undefined {
  if (text.startsWith('/')) return new CelUrl(new URL(text, `${NO_BASE}host`), text);
  if (!/^[a-zA-Z][\w+.-]*:/.test(text) || !URL.canParse(text)) return undefined;
  return new CelUrl(new URL(text), text);
}

function isAbsolute({ text }: CelUrl): boolean {
  return !text.startsWith('/');
}

function parseUrl(text: string): CelUrl {
  const url = urlOf(text);
  if (url) return url;
  throw new CelRunError(
    `URL parse error during conversion from string: parse "${text}": invalid URI for request`,
  );
}

function escapedPath({ url, text }: CelUrl): string {
  return url.pathname === '/' && !/^[^?#]*\/\/[^/?#]*\//.test(text) && !text.startsWith('/')
    ? ''
    : url.pathname;
}

function queryOf({ url }: CelUrl): EntryMap {
  const names = new Set(url.searchParams.keys());
  return new EntryMap(Array.from(names, (name) => [name, url.searchParams.getAll(name)]));
}

function ipOf(text: string): CelIp | undefined {
  // Zones and addresses of IPv4 in IPv6 are not for policies.
  if (/%|^0\d|\.0\d/.test(text) || (text.includes(':') && text.includes('.'))) return undefined;
  const bytes = parseIp(text);
  return bytes && new CelIp(bytes, text);
}

function parseIpText(text: string): CelIp {
  const ip = ipOf(text);
  if (ip) return ip;
  throw new CelRunError(
    `IP Address "${text}" parse error during conversion from string: ParseAddr("${text}"): unable to parse IP`,
  );
}

function cidrOf(text: string): CelCidr | undefined {
  const slash = text.indexOf('/');
  const ip = ipOf(text.slice(0, Math.max(slash, 0)));
  const bits = text.slice(slash + 1);
  if (!ip || !/^(0|[1-9]\d*)$/.test(bits) || Number(bits) > ip.bytes.length * 8) return undefined;
  return new CelCidr(ip, Number(bits));
}

function parseCidr(text: string): CelCidr {
  const cidr = cidrOf(text);
  if (cidr) return cidr;
  throw new CelRunError(
    `network address parse error during conversion from string: netip.ParsePrefix("${text}"): no '/'`,
  );
}

function maskedTo({ bytes }: CelIp, bits: number): number[] {
  return bytes.map((byte, index) => {
    const kept = Math.min(Math.max(bits - index * 8, 0), 8);
    return byte & (0xff << (8 - kept)) & 0xff;
  });
}

function containsIp({ ip, bits }: CelCidr, other: CelIp): boolean {
  if (ip.bytes.length !== other.bytes.length) return false;
  const own = maskedTo(ip, bits);
  return maskedTo(other, bits).every((byte, index) => byte === own[index]);
}

function containsCidr(outer: CelCidr, inner: CelCidr): boolean {
  return outer.bits <= inner.bits && containsIp(outer, inner.ip);
}

function ipText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  );
  return canonicalIp(groups.join(':'));
}

function isLoopback({ bytes }: CelIp): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  return bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

function isUnspecified({ bytes }: CelIp): boolean {
  return bytes.every((byte) => byte === 0);
}

function isLinkLocalUnicast({ bytes: [a = 0, b = 0, ...rest] }: CelIp): boolean {
  return rest.length === 2 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80;
}

function isLinkLocalMulticast({ bytes: [a = 0, b = 0, c = 0, ...rest] }: CelIp): boolean {
  return rest.length === 1 ? a === 224 && b === 0 && c === 0 : a === 0xff && (b & 0x0f) === 2;
}

function isGlobalUnicast(ip: CelIp): boolean {
  const [a = 0] = ip.bytes;
  const isV4 = ip.bytes.length === 4;
  const isMulticast = isV4 ? a >= 224 && a < 240 : a === 0xff;
  const isBroadcast = isV4 && ip.bytes.every((byte) => byte === 255);
  if (isMulticast || isBroadcast || isUnspecified(ip)) return false;
  return !isLoopback(ip) && !isLinkLocalUnicast(ip);
}

const U = 'kubernetes.URL';
const I = 'net.IP';
const C = 'net.CIDR';

const urls: readonly Declaration[] = [
  ['url', 'string_to_url', `(string) -> ${U}`, parseUrl],
  ['isURL', 'is_url_string', '(string) -> bool', (text: string) => urlOf(text) !== undefined],
  [
    'getScheme',
    'url_get_scheme',
    `${U}.() -> string`,
    (one: CelUrl) => (isAbsolute(one) ? one.url.protocol.slice(0, -1) : ''),
  ],
  [
    'getHost',
    'url_get_host',
    `${U}.() -> string`,
    (one: CelUrl) => (isAbsolute(one) ? one.url.host : ''),
  ],
  [
    'getHostname',
    'url_get_hostname',
    `${U}.() -> string`,
    (one: CelUrl) => (isAbsolute(one) ? one.url.hostname.replace(/^\[|\]$/g, '') : ''),
  ],
  [
    'getPort',
    'url_get_port',
    `${U}.() -> string`,
    (one: CelUrl) => (isAbsolute(one) ? portOf(one) : ''),
  ],
  ['getEscapedPath', 'url_get_escaped_path', `${U}.() -> string`, escapedPath],
  ['getQuery', 'url_get_query', `${U}.() -> map(string, list(string))`, queryOf],
];

const ips: readonly Declaration[] = [
  ['ip', 'string_to_ip', `(string) -> ${I}`, parseIpText],
  ['isIP', 'is_ip', '(string) -> bool', (text: string) => ipOf(text) !== undefined],
  [
    'ip.isCanonical',
    'ip_is_canonical',
    '(string) -> bool',
    (text: string) => ipText(parseIpText(text).bytes) === text,
  ],
  ['family', 'ip_family', `${I}.() -> int`, ({ bytes }: CelIp) => (bytes.length === 4 ? 4n : 6n)],
  ['isUnspecified', 'ip_is_unspecified', `${I}.() -> bool`, isUnspecified],
  ['isLoopback', 'ip_is_loopback', `${I}.() -> bool`, isLoopback],
  ['isLinkLocalMulticast', 'ip_is_link_local_multicast', `${I}.() -> bool`, isLinkLocalMulticast],
  ['isLinkLocalUnicast', 'ip_is_link_local_unicast', `${I}.() -> bool`, isLinkLocalUnicast],
  ['isGlobalUnicast', 'ip_is_global_unicast', `${I}.() -> bool`, isGlobalUnicast],
  ['string', 'ip_to_string', `(${I}) -> string`, ({ bytes }: CelIp) => ipText(bytes)],
];

const cidrs: readonly Declaration[] = [
  ['cidr', 'string_to_cidr', `(string) -> ${C}`, parseCidr],
  ['isCIDR', 'is_cidr', '(string) -> bool', (text: string) => cidrOf(text) !== undefined],
  [
    'containsIP',
    'cidr_contains_ip_string',
    `${C}.(string) -> bool`,
    (one: CelCidr, text: string) => containsIp(one, parseIpText(text)),
  ],
  ['containsIP', 'cidr_contains_ip_ip', `${C}.(${I}) -> bool`, containsIp],
  [
    'containsCIDR',
    'cidr_contains_cidr_string',
    `${C}.(string) -> bool`,
    (one: CelCidr, text: string) => containsCidr(one, parseCidr(text)),
  ],
  ['containsCIDR', 'cidr_contains_cidr', `${C}.(${C}) -> bool`, containsCidr],
  ['ip', 'cidr_ip', `${C}.() -> ${I}`, ({ ip }: CelCidr) => ip],
  ['prefixLength', 'cidr_prefix_length', `${C}.() -> int`, ({ bits }: CelCidr) => BigInt(bits)],
  [
    'masked',
    'cidr_masked',
    `${C}.() -> ${C}`,
    ({ ip, bits }: CelCidr) => new CelCidr(new CelIp(maskedTo(ip, bits), ''), bits),
  ],
  [
    'string',
    'cidr_to_string',
    `(${C}) -> string`,
    ({ ip, bits }: CelCidr) => `${ipText(ip.bytes)}/${bits}`,
  ],
];

export const addresses: readonly Declaration[] = [...urls, ...ips, ...cidrs];

/** Also the default port of a scheme, when it is written down. */
function portOf({ url, text }: CelUrl): string {
  return url.port === '' ? (/^[^/]*\/\/[^/?#]*:(\d+)(?=[/?#]|$)/.exec(text)?.[1] ?? '') : url.port;
}
