// What stands around every object on the wire: four bytes that say "Kubernetes protobuf", and a
// message that names the kind (API-1206).
import { ProtobufError, expectBytes, wireFields } from './wire-reader.ts';

const PREFIX = Buffer.from('k8s\0');

export interface Envelope {
  /** Empty strings when the body doesn't say. */
  readonly apiVersion: string;
  readonly kind: string;
  /** The object's own message. */
  readonly raw: Buffer;
}

/** Opens a body. Throws ProtobufError with the reference's texts. */
export function openEnvelope(bytes: Buffer): Envelope {
  if (bytes.length === 0) throw new ProtobufError('empty data');
  if (!bytes.subarray(0, PREFIX.length).equals(PREFIX)) {
    const prefix = [...PREFIX].join(' ');
    throw new ProtobufError(
      `provided data does not appear to be a protobuf message, expected prefix [${prefix}]`,
    );
  }
  if (bytes.length === PREFIX.length) throw new ProtobufError('empty body');
  let apiVersion = '';
  let kind = '';
  let raw = bytes.subarray(0, 0);
  for (const entry of wireFields(bytes.subarray(PREFIX.length), 'Unknown')) {
    if (entry.number === 2) raw = expectBytes(entry, 'raw');
    if (entry.number !== 1) continue;
    for (const member of wireFields(expectBytes(entry, 'typeMeta'), 'TypeMeta')) {
      if (member.number === 1) apiVersion = expectBytes(member, 'apiVersion').toString('utf8');
      if (member.number === 2) kind = expectBytes(member, 'kind').toString('utf8');
    }
  }
  return { apiVersion, kind, raw };
}
