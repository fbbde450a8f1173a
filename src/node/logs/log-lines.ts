// From lines in CRI format (`<time> <stream> <F|P> <text>`) to what a reader of the log gets. PURE.
import { parseTime } from '../../base/time.ts';

export interface LineOptions {
  readonly timestamps: boolean;
  readonly sinceMs: number | undefined;
}

const SPACE = 0x20;
const NEWLINE = 0x0a;

/** Takes the log's bytes as they come and gives back the bytes of complete lines. */
export class LogLines {
  readonly #options: LineOptions;
  #rest: Buffer = Buffer.alloc(0);
  /** The last part was not the end of its line. */
  #within = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const out: Buffer[] = [];
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      out.push(...this.#line(bytes.subarray(start, end + 1)));
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    return Buffer.concat(out);
  }

  /** `line` includes its newline; a line that is not in CRI format is dropped. */
  #line(line: Buffer): Buffer[] {
    const first = line.indexOf(SPACE);
    const second = line.indexOf(SPACE, first + 1);
    const third = line.indexOf(SPACE, second + 1);
    if (first < 0 || second < 0 || third < 0) return [];
    const time = line.toString('latin1', 0, first);
    const { sinceMs, timestamps } = this.#options;
    if (sinceMs !== undefined && (parseTime(time) ?? 0) < sinceMs) return [];
    const partial = line.toString('latin1', second + 1, third) === 'P';
    const text = line.subarray(third + 1, partial ? line.length - 1 : line.length);
    const prefix = timestamps && !this.#within ? [Buffer.from(`${time} `)] : [];
    this.#within = partial;
    return [...prefix, text];
  }
}
