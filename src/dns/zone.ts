// The records of the cluster by name, kept up one Service at a time.
import type { DnsRecord } from './record.ts';

export type Lookup =
  | { readonly result: 'records'; readonly records: readonly DnsRecord[] }
  /** The name exists (or names below it do), without a record of this type. */
  | { readonly result: 'no-data' }
  | { readonly result: 'no-name' };

/** Version of the DNS specification that is followed, served as TXT at `dns-version.<zone>`. */
const SPECIFICATION_VERSION = '1.1.0';

export class Zone {
  /** `cluster.local`. */
  readonly name: string;
  readonly #byOwner = new Map<string, readonly DnsRecord[]>();
  readonly #byName = new Map<string, DnsRecord[]>();
  /** How many records stand at or below each name: a name with none does not exist. */
  readonly #below = new Map<string, number>();

  constructor(name: string) {
    this.name = name.toLowerCase();
    const text = SPECIFICATION_VERSION;
    this.replace('', [{ name: `dns-version.${this.name}`, type: 'TXT', text }]);
  }

  /** Replaces all records of an owner (a Service's `namespace/name`). */
  replace(owner: string, records: readonly DnsRecord[]): void {
    for (const record of this.#byOwner.get(owner) ?? []) this.#remove(record);
    for (const record of records) this.#insert(record);
    if (records.length === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, records);
  }

  /** True for names that this server answers itself. */
  contains(name: string): boolean {
    return name === this.name || name.endsWith(`.${this.name}`) || this.#byName.has(name);
  }

  /** Records of `type` at `name` (lower case). A CNAME answers every type. */
  lookup(name: string, type: string): Lookup {
    const all = this.#byName.get(name) ?? this.#podRecords(name);
    const records = all.filter((record) => record.type === type || record.type === 'CNAME');
    if (records.length > 0) return { result: 'records', records };
    const exists = all.length > 0 || this.#below.has(name) || name === this.name;
    return { result: exists ? 'no-data' : 'no-name' };
  }

  /** `10-244-0-7.default.pod.<zone>` is the address itself. */
  #podRecords(name: string): DnsRecord[] {
    const match = /^(\d+-\d+-\d+-\d+)\.[^.]+\.pod\.(.+)$/.exec(name);
    if (!match?.[1] || match[2] !== this.name) return [];
    const octets = match[1].split('-').map(Number);
    if (octets.some((octet) => octet > 255)) return [];
    return [{ name, type: 'A', address: octets.join('.') }];
  }

  #insert(record: DnsRecord): void {
    const same = this.#byName.get(record.name);
    if (same) same.push(record);
    else this.#byName.set(record.name, [record]);
    for (const name of ancestors(record.name)) {
      this.#below.set(name, (this.#below.get(name) ?? 0) + 1);
    }
  }

  #remove(record: DnsRecord): void {
    const left = (this.#byName.get(record.name) ?? []).filter((other) => other !== record);
    if (left.length > 0) this.#byName.set(record.name, left);
    else this.#byName.delete(record.name);
    for (const name of ancestors(record.name)) {
      const count = (this.#below.get(name) ?? 0) - 1;
      if (count > 0) this.#below.set(name, count);
      else this.#below.delete(name);
    }
  }
}

/** The name and all names above it. */
function ancestors(name: string): string[] {
  const labels = name.split('.');
  return labels.map((_, index) => labels.slice(index).join('.'));
}
