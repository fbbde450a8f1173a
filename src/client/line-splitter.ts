// Cuts a stream of bytes into lines, however the bytes are chunked. Lines of megabytes cost linear
// time: their chunks are kept apart until the line is complete.

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #line: (text: string) => void;
  #pending: Buffer[] = [];

  /** `line` is called with each complete line, without its end. */
  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#emit(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start < chunk.length) this.#pending.push(chunk.subarray(start));
  }

  /** The stream has ended: what is left is a line. */
  flush(): void {
    if (this.#pending.length > 0) this.#emit(Buffer.alloc(0));
  }

  #emit(last: Buffer): void {
    const pending = this.#pending;
    this.#pending = [];
    const bytes = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    const end = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length;
    this.#line(bytes.toString('utf8', 0, end));
  }
}
