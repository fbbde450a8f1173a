// The server's side of a SPDY/3.1 connection over any byte stream: a socket, or the messages of a
// WebSocket. Clients open the streams; each is an ordinary duplex stream to the rest of the room.
import { Duplex } from 'node:stream';
import { createHeaderCodec, type HeaderCodec, type SpdyHeaders } from './spdy-headers.ts';
import {
  controlFrame,
  dataFrame,
  FLAG_FIN,
  GOAWAY,
  PING,
  readFrames,
  RST_STREAM,
  SYN_REPLY,
  SYN_STREAM,
  type SpdyFrame,
} from './spdy-frames.ts';

/** Payload of one data frame at most, in bytes. */
const DATA_BYTES_MAX = 32 * 1024;
/** Streams a connection may have open at once. */
const STREAMS_MAX = 1024;
const NO_HEADERS: SpdyHeaders = new Map();
const EMPTY = Buffer.alloc(0);

type Send = (frame: Buffer, done: (error?: Error | null) => void) => void;

/** A stream that the client opened. Ending it ends our direction only. */
export class SpdyStream extends Duplex {
  readonly id: number;
  /** Names in lower case. */
  readonly headers: SpdyHeaders;
  readonly #send: Send;
  #resume: (() => void) | undefined;

  constructor(id: number, headers: SpdyHeaders, send: Send) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#send = send;
    // Streams break off when clients leave; whoever uses one sees it by its end.
    this.on('error', () => {});
  }

  /** Takes received bytes; resolves when the reader wants more. */
  receive(payload: Buffer): Promise<void> {
    if (this.destroyed || this.readableEnded || this.push(payload)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.once('close', resolve);
    });
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  override _write(
    chunk: Buffer,
    _encoding: string,
    callback: (error?: Error | null) => void,
  ): void {
    const rest = chunk.length > DATA_BYTES_MAX ? chunk.subarray(DATA_BYTES_MAX) : undefined;
    const payload = rest ? chunk.subarray(0, DATA_BYTES_MAX) : chunk;
    this.#send(dataFrame(this.id, 0, payload), (error) => {
      if (error || !rest) callback(error);
      else this._write(rest, _encoding, callback);
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#send(dataFrame(this.id, FLAG_FIN, EMPTY), callback);
  }
}

export interface SpdyConnection {
  /** Resolves when the connection has ended, in whatever way; all streams are closed then. */
  readonly ended: Promise<void>;
  /** Ends the connection when everything is sent. */
  close(): void;
}

class Connection {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #codec: HeaderCodec = createHeaderCodec();
  readonly #streams = new Map<number, SpdyStream>();

  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
  }

  async run(): Promise<void> {
    try {
      for await (const frame of readFrames(this.#transport)) await this.#handle(frame);
    } catch {
      // A client that breaks off, or that doesn't speak SPDY, ends the same way.
    } finally {
      this.#codec.close();
      for (const stream of this.#streams.values()) stream.destroy();
      this.#transport.destroy();
    }
  }

  async #handle(frame: SpdyFrame): Promise<void> {
    if (frame.kind === 'data') {
      const stream = this.#streams.get(frame.stream);
      if (!stream) return;
      if (frame.payload.length > 0) await stream.receive(Buffer.from(frame.payload));
      if (frame.flags & FLAG_FIN) stream.push(null);
    } else if (frame.type === SYN_STREAM) {
      await this.#open(frame);
    } else if (frame.type === RST_STREAM) {
      this.#streams.get(frame.payload.readUInt32BE(0) & 0x7fff_ffff)?.destroy();
    } else if (frame.type === PING) {
      this.#send(controlFrame(PING, 0, frame.payload), () => {});
    } else if (frame.type === GOAWAY) {
      this.#transport.end();
    }
  }

  async #open({ flags, payload }: SpdyFrame): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fff_ffff;
    const headers = await this.#codec.decode(payload.subarray(10));
    if (this.#streams.size >= STREAMS_MAX) throw new Error('too many SPDY streams');
    if (this.#streams.has(id)) throw new Error(`SPDY stream ${id} is open already`);
    const stream = new SpdyStream(id, headers, (frame, done) => this.#send(frame, done));
    this.#streams.set(id, stream);
    stream.once('close', () => this.#streams.delete(id));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(id);
    const block = await this.#codec.encode(NO_HEADERS);
    this.#send(controlFrame(SYN_REPLY, 0, Buffer.concat([head, block])), () => {});
    if (flags & FLAG_FIN) stream.push(null);
    this.#onStream(stream);
  }

  #send(frame: Buffer, done: (error?: Error | null) => void): void {
    if (this.#transport.writable) this.#transport.write(frame, done);
    else done(new Error('the connection is closed'));
  }
}

/** Speaks SPDY on `transport`; `onStream` gets every stream that the client opens, in order. */
export function openSpdyConnection(
  transport: Duplex,
  onStream: (stream: SpdyStream) => void,
): SpdyConnection {
  transport.on('error', () => {});
  const ended = new Connection(transport, onStream).run();
  return { ended, close: () => transport.end() };
}
