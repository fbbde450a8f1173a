// Turns a question into an answer: pure, no sockets. RFC 1035, RFC 2308 (negative answers), RFC
// 6891 (EDNS).
import { decode, encode, type Answer, type DecodedPacket, type Packet } from 'dns-packet';
import type { DnsRecord } from './record.ts';
import type { Zone } from './zone.ts';

/** Names move with their pods, so answers may be kept for one second only (SS-913). */
export const TTL_SECONDS = 1;

const FLAG_AUTHORITATIVE = 1 << 10;
const FLAG_TRUNCATED = 1 << 9;
const FLAG_RECURSION_DESIRED = 1 << 8;
const FLAG_RECURSION_AVAILABLE = 1 << 7;
const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type ResponseCode = keyof typeof RCODE;

/** Largest UDP answer without EDNS, and the largest we send with it (avoids fragments). */
const UDP_BYTES_DEFAULT = 512;
const UDP_BYTES_MAX = 1232;

export interface Query {
  readonly packet: DecodedPacket;
  readonly name: string;
  readonly type: string;
  /** Largest answer that the asker takes over UDP. */
  readonly udpBytesMax: number;
}

/** Undefined for what is no query that deserves an answer (not DNS, a response). */
export function readQuery(message: Buffer): Query | undefined {
  let packet: DecodedPacket;
  try {
    packet = decode(message);
  } catch {
    return undefined;
  }
  const question = packet.questions?.[0];
  if (packet.type !== 'query' || !question || packet.questions?.length !== 1) return undefined;
  const edns = packet.additionals?.find((record) => record.type === 'OPT');
  const offered = edns && 'udpPayloadSize' in edns ? edns.udpPayloadSize : UDP_BYTES_DEFAULT;
  return {
    packet,
    name: question.name.toLowerCase().replace(/\.$/, ''),
    type: question.type,
    udpBytesMax: Math.min(Math.max(offered, UDP_BYTES_DEFAULT), UDP_BYTES_MAX),
  };
}

/** The answer from the zone; undefined when the name is not ours. */
export function answerFrom(zone: Zone, query: Query): Packet | undefined {
  if (!zone.contains(query.name)) return undefined;
  const found = zone.lookup(query.name, query.type);
  if (found.result !== 'records') {
    const code = found.result === 'no-name' ? 'NXDOMAIN' : 'NOERROR';
    return response(query, code, { authorities: [startOfAuthority(zone)] });
  }
  // The asker's spelling is kept: some compare it (draft-vixie-dnsext-dns0x20).
  const asked = query.packet.questions?.[0]?.name ?? query.name;
  const answers = found.records.map((record) => toAnswer({ ...record, name: asked }));
  const additionals = found.records.flatMap((record) => targetAddresses(zone, record));
  return response(query, 'NOERROR', { answers, additionals });
}

/** An answer without records, such as SERVFAIL. */
export function errorResponse(query: Query, code: ResponseCode): Packet {
  return response(query, code, {});
}

/** Addresses of SRV targets, so that the asker need not ask again. */
function targetAddresses(zone: Zone, record: DnsRecord): Answer[] {
  if (record.type !== 'SRV') return [];
  const found = zone.lookup(record.target, 'A');
  return found.result === 'records' ? found.records.map(toAnswer) : [];
}

function toAnswer(record: DnsRecord): Answer {
  const { name } = record;
  const ttl = TTL_SECONDS;
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { name, ttl, type: record.type, data: record.address };
    case 'CNAME':
    case 'PTR':
      return { name, ttl, type: record.type, data: record.target };
    case 'SRV': {
      const data = { target: record.target, port: record.port, priority: 0, weight: 100 };
      return { name, ttl, type: 'SRV', data };
    }
    case 'TXT':
      return { name, ttl, type: 'TXT', data: record.text };
  }
}

function startOfAuthority(zone: Zone): Answer {
  const data = {
    mname: `ns.dns.${zone.name}`,
    rname: `hostmaster.${zone.name}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: TTL_SECONDS, // how long a negative answer may be kept
  };
  return { name: zone.name, type: 'SOA', ttl: TTL_SECONDS, data };
}

function response(query: Query, code: ResponseCode, parts: Partial<Packet>): Packet {
  const desired = (query.packet.flags ?? 0) & FLAG_RECURSION_DESIRED;
  const own = code === 'NOERROR' || code === 'NXDOMAIN' ? FLAG_AUTHORITATIVE : 0;
  return {
    ...parts,
    type: 'response',
    id: query.packet.id ?? 0,
    flags: own | desired | FLAG_RECURSION_AVAILABLE | RCODE[code],
    questions: query.packet.questions ?? [],
  };
}

/** Bytes for UDP: what does not fit is cut and marked, so that the asker comes back over TCP. */
export function encodeForUdp(packet: Packet, bytesMax: number): Buffer {
  const whole = encode(packet);
  if (whole.length <= bytesMax) return whole;
  const { additionals: _dropped, ...lean } = packet;
  const withoutAdditionals = encode(lean);
  if (withoutAdditionals.length <= bytesMax) return withoutAdditionals;
  const flags = (packet.flags ?? 0) | FLAG_TRUNCATED;
  return encode({ ...lean, answers: [], authorities: [], flags });
}
