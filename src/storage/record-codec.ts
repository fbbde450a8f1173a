// The bytes of records and of the head. Both end with the CRC-32 of what is before it.
//
//   record: type 1 | revision 6 | createRevision 6 | key length 2 | key | value | crc 4
//   head:   magic 4 | format version 4 | revision 6 | compactedRevision 6 | record count 6 | crc 4
//
// Numbers are unsigned, big end first, but the crc, which is little end first.
// Magic, format version and crc stay where they are in every format.
import { crc32 } from 'node:zlib';
import { StoreCorruptError, StoreFormatError } from './store-errors.ts';
import type { StoreHead, StoreRecord } from './store-engine.ts';

/** Raised when older versions can't read what is written any more. */
export const FORMAT_VERSION = 1;

const MAGIC = 'ORDS';
const TYPES = ['put', 'delete'] as const;
const RECORD_HEADER_BYTES = 15;
const HEAD_BYTES = 30;
const CRC_BYTES = 4;
/** The CRC-32 of anything that is followed by its own CRC-32, little end first. */
const CRC_RESIDUE = 0x2144df1c;

export function encodeRecord({ type, entry }: StoreRecord): Buffer {
  const valueStart = RECORD_HEADER_BYTES + Buffer.byteLength(entry.key);
  const bytes = Buffer.allocUnsafe(valueStart + entry.value.length + CRC_BYTES);
  bytes.writeUInt8(TYPES.indexOf(type), 0);
  bytes.writeUIntBE(entry.revision, 1, 6);
  bytes.writeUIntBE(entry.createRevision, 7, 6);
  bytes.writeUInt16BE(valueStart - RECORD_HEADER_BYTES, 13);
  bytes.write(entry.key, RECORD_HEADER_BYTES);
  entry.value.copy(bytes, valueStart);
  return seal(bytes);
}

/** The record kept for `revision`; its value is a view of `bytes`. Throws StoreCorruptError. */
export function decodeRecord(revision: number, bytes: Buffer): StoreRecord {
  assertSealed(bytes, RECORD_HEADER_BYTES, () => `the record of revision ${revision}`);
  const type = TYPES[bytes.readUInt8(0)];
  const valueStart = RECORD_HEADER_BYTES + bytes.readUInt16BE(13);
  const valueEnd = bytes.length - CRC_BYTES;
  if (!type || valueStart > valueEnd || bytes.readUIntBE(1, 6) !== revision) {
    throw new StoreCorruptError(`the record of revision ${revision} is another one`);
  }
  const key = bytes.toString('utf8', RECORD_HEADER_BYTES, valueStart);
  const value = bytes.subarray(valueStart, valueEnd);
  return { type, entry: { key, value, revision, createRevision: bytes.readUIntBE(7, 6) } };
}

export function encodeHead(head: StoreHead): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes.write(MAGIC, 0);
  bytes.writeUInt32BE(FORMAT_VERSION, 4);
  bytes.writeUIntBE(head.revision, 8, 6);
  bytes.writeUIntBE(head.compactedRevision, 14, 6);
  bytes.writeUIntBE(head.recordCount, 20, 6);
  return seal(bytes);
}

/** Throws StoreCorruptError, or StoreFormatError for a head of another version; `file` is named. */
export function decodeHead(file: string, bytes: Buffer): StoreHead {
  assertSealed(bytes, 8, () => `the head of ${file}`);
  if (bytes.toString('latin1', 0, 4) !== MAGIC) {
    throw new StoreCorruptError(`the head of ${file} is not one of Ordinal`);
  }
  const format = bytes.readUInt32BE(4);
  if (format !== FORMAT_VERSION) throw new StoreFormatError(file, format, FORMAT_VERSION);
  if (bytes.length !== HEAD_BYTES) {
    throw new StoreCorruptError(`the head of ${file} has ${bytes.length} bytes`);
  }
  return {
    revision: bytes.readUIntBE(8, 6),
    compactedRevision: bytes.readUIntBE(14, 6),
    recordCount: bytes.readUIntBE(20, 6),
  };
}

/** Writes the crc into the last bytes. */
function seal(bytes: Buffer): Buffer {
  const end = bytes.length - CRC_BYTES;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end);
  return bytes;
}

function assertSealed(bytes: Buffer, bytesMin: number, what: () => string): void {
  if (bytes.length < bytesMin + CRC_BYTES || crc32(bytes) !== CRC_RESIDUE) {
    throw new StoreCorruptError(`the checksum of ${what()} is wrong`);
  }
}
