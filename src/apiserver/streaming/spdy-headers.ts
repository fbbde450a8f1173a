// SPDY/3.1 header blocks: name-value pairs, compressed with one context a direction (API-751).
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { SPDY_DICTIONARY } from './spdy-dictionary.ts';

export type SpdyHeaders = ReadonlyMap<string, string>;

/** Largest header block after decompression, in bytes. */
const HEADER_BYTES_MAX = 64 * 1024;

function parsePairs(block: Buffer): SpdyHeaders {
  const headers = new Map<string, string>();
  let offset = 0;
  const number = () => {
    offset += 4;
    return block.readUInt32BE(offset - 4);
  };
  const text = () => {
    const length = number();
    if (offset + length > block.length) throw new Error('SPDY header block is cut short');
    offset += length;
    return block.toString('utf8', offset - length, offset);
  };
  for (let pairs = number(); pairs > 0; pairs -= 1) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}

/** The uncompressed bytes of a header block. */
export function encodePairs(headers: SpdyHeaders): Buffer {
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const parts = [number(headers.size)];
  for (const [name, value] of headers) {
    parts.push(number(name.length), Buffer.from(name));
    parts.push(number(Buffer.byteLength(value)), Buffer.from(value));
  }
  return Buffer.concat(parts);
}

/** Feeds one block through a context that lives as long as the connection. */
function feed(stream: Deflate | Inflate, block: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (error?: Error | null) => {
      stream.removeListener('data', take).removeListener('error', settle);
      if (error) reject(error);
      else resolve(Buffer.concat(chunks));
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > HEADER_BYTES_MAX) settle(new Error('SPDY header block is too large'));
      else chunks.push(chunk);
    };
    stream.on('data', take);
    stream.once('error', settle);
    stream.write(block);
    stream.flush(constants.Z_SYNC_FLUSH, () => settle());
  });
}

export interface HeaderCodec {
  decode(block: Buffer): Promise<SpdyHeaders>;
  encode(headers: SpdyHeaders): Promise<Buffer>;
  close(): void;
}

/** The two contexts of a connection; blocks must be coded one after another, in wire order. */
export function createHeaderCodec(): HeaderCodec {
  const inflate = createInflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  const deflate = createDeflate({ dictionary: SPDY_DICTIONARY, flush: constants.Z_SYNC_FLUSH });
  // A block that was given up may still turn out to be damaged.
  for (const stream of [inflate, deflate]) stream.on('error', () => {});
  return {
    decode: async (block) => parsePairs(await feed(inflate, block)),
    encode: (headers) => feed(deflate, encodePairs(headers)),
    close() {
      inflate.close();
      deflate.close();
    },
  };
}
