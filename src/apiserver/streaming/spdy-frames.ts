// Cuts a byte stream into SPDY/3.1 frames and makes frames (API-751).
import type { Readable } from 'node:stream';

export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const PING = 6;
export const GOAWAY = 7;

/** Set on the last frame of a stream's direction. */
export const FLAG_FIN = 1;

const VERSION = 3;
const HEAD_BYTES = 8;
/** Largest payload that we read, in bytes; clients send far less. */
const FRAME_BYTES_MAX = 1024 * 1024;

export type SpdyFrame =
  | {
      readonly kind: 'data';
      readonly stream: number;
      readonly flags: number;
      readonly payload: Buffer;
    }
  | {
      readonly kind: 'control';
      readonly type: number;
      readonly flags: number;
      readonly payload: Buffer;
    };

function parseFrame(head: Buffer, payload: Buffer): SpdyFrame {
  const first = head.readUInt32BE(0);
  const flags = head[4]!;
  if (first < 0x8000_0000) return { kind: 'data', stream: first, flags, payload };
  if (((first >>> 16) & 0x7fff) !== VERSION) throw new Error('not SPDY/3');
  return { kind: 'control', type: first & 0xffff, flags, payload };
}

/** The frames of a connection, in order. Throws on what is not SPDY/3. */
export async function* readFrames(source: Readable): AsyncGenerator<SpdyFrame> {
  let buffered: Buffer = Buffer.alloc(0);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    while (buffered.length >= HEAD_BYTES) {
      const length = buffered.readUIntBE(5, 3);
      if (length > FRAME_BYTES_MAX) throw new Error(`SPDY frame of ${length} bytes`);
      if (buffered.length < HEAD_BYTES + length) break;
      const end = HEAD_BYTES + length;
      yield parseFrame(buffered.subarray(0, HEAD_BYTES), buffered.subarray(HEAD_BYTES, end));
      buffered = buffered.subarray(end);
    }
  }
}

function frame(first: number, flags: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  bytes.writeUInt32BE(first, 0);
  bytes[4] = flags;
  bytes.writeUIntBE(payload.length, 5, 3);
  payload.copy(bytes, HEAD_BYTES);
  return bytes;
}

/** A data frame of a stream. */
export function dataFrame(stream: number, flags: number, payload: Buffer): Buffer {
  return frame(stream, flags, payload);
}

/** A control frame. */
export function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  return frame((0x8000_0000 | (VERSION << 16) | type) >>> 0, flags, payload);
}
