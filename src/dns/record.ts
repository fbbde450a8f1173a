// Resource records as this room sees them; names are lower case and without the final dot.

export type DnsRecord =
  | { readonly name: string; readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly name: string; readonly type: 'CNAME' | 'PTR'; readonly target: string }
  | { readonly name: string; readonly type: 'SRV'; readonly target: string; readonly port: number }
  | { readonly name: string; readonly type: 'TXT'; readonly text: string };

/** The name under which an address is looked up backwards (RFC 1035 3.5, RFC 3596 2.5). */
export function reverseName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  const digits = expandIpv6(address).replaceAll(':', '');
  return `${digits.split('').reverse().join('.')}.ip6.arpa`;
}

function expandIpv6(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  const middle: string[] = address.includes('::') ? Array<string>(missing).fill('0') : [];
  const all = [...groups(head), ...middle, ...groups(tail)];
  return all.map((group) => group.padStart(4, '0').toLowerCase()).join(':');
}

/** A record for an address of either family. */
export function addressRecord(name: string, address: string): DnsRecord {
  return { name, type: address.includes(':') ? 'AAAA' : 'A', address };
}
