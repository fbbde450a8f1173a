// A disk under the store: one file that is written in steps, synced, torn by crashes and sometimes
// full. It keeps what the real engine keeps, in the real encoding, so that the store above it can
// be killed between any two steps.
import type { Random } from '../../src/base/random.ts';
import {
  decodeHead,
  decodeRecord,
  encodeHead,
  encodeRecord,
} from '../../src/storage/record-codec.ts';
import {
  EMPTY_HEAD,
  type CommitGroup,
  type StoreContents,
  type StoreEngine,
  type StoreHead,
  type StoreRecord,
} from '../../src/storage/store-engine.ts';
import type { World } from './world.ts';

/** Frame: kind 1 | length 4 | revision 6 | bytes. A head ends a group. */
const FRAME_HEADER_BYTES = 11;
const KINDS = { record: 1, forget: 2, head: 3 } as const;

export interface DiskOptions {
  readonly world: World;
  readonly random: Random;
  /** Called before every write point; true: the machine dies here. */
  readonly crashesAt: (point: 'write' | 'sync' | 'synced') => boolean;
  readonly onCrash: () => void;
  /** A disk that lies: what it says is synced is not. For a planted bug. */
  readonly forgetsSyncs: boolean;
}

export class SimulatedDisk {
  readonly #options: DiskOptions;
  /** What survives. */
  #durable: Buffer[] = [];
  #written: Buffer[] = [];
  /** Milliseconds that a sync takes at most. */
  syncMs = 3;
  full = false;
  /** Counts power cuts: what was under way before one never ends. */
  #life = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** Power is gone: a random part of what was not synced survives, torn anywhere. */
  cut(): void {
    const { random, world } = this.#options;
    const unsynced = Buffer.concat(this.#written);
    const kept = random.integer(unsynced.length + 1);
    this.#durable.push(unsynced.subarray(0, kept));
    this.#written = [];
    this.#life++;
    world.log('disk', `cut, ${kept} of ${unsynced.length} unsynced bytes survive`);
  }

  /** The engine of the next start of the store. */
  createEngine(): StoreEngine {
    return {
      open: async () => {
        const file = Buffer.concat(this.#durable);
        const { contents, length } = parse(file);
        this.#durable = [file.subarray(0, length)];
        return contents;
      },
      commit: (group) => this.#commit(group),
      read: () => parse(Buffer.concat([...this.#durable, ...this.#written])).contents,
      close: async () => {},
    };
  }

  async #commit(group: CommitGroup): Promise<void> {
    const { random, crashesAt } = this.#options;
    for (const frame of framesOf(group)) {
      if (crashesAt('write')) return this.#die();
      await this.#wait(random.integer(2));
      if (this.full) {
        this.#written = [];
        throw new Error('ENOSPC: no space left on device, write');
      }
      this.#written.push(frame);
    }
    if (crashesAt('sync')) return this.#die();
    await this.#wait(random.integer(this.syncMs));
    if (crashesAt('synced') && random.integer(2) === 0) return this.#die();
    if (this.#options.forgetsSyncs) return;
    this.#durable.push(...this.#written);
    this.#written = [];
    // Durable, but nobody has been told.
    if (crashesAt('synced')) return this.#die();
  }

  #die(): Promise<never> {
    this.#options.onCrash();
    return new Promise(() => {});
  }

  /** Never resolves if the power goes meanwhile. */
  #wait(delayMs: number): Promise<void> {
    const life = this.#life;
    return new Promise((resolve) => {
      this.#options.world.schedule(delayMs, () => {
        if (this.#life === life) resolve();
      });
    });
  }
}

function framesOf({ appended, forgotten, after }: CommitGroup): Buffer[] {
  const frames = appended.map((record) =>
    frame(KINDS.record, record.entry.revision, encodeRecord(record)),
  );
  for (const revision of forgotten) frames.push(frame(KINDS.forget, revision, Buffer.alloc(0)));
  frames.push(frame(KINDS.head, after.revision, encodeHead(after)));
  return frames;
}

function frame(kind: number, revision: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt8(kind, 0);
  header.writeUInt32BE(bytes.length, 1);
  header.writeUIntBE(revision, 5, 6);
  return Buffer.concat([header, bytes]);
}

/** Whole groups only; what comes after the last of them is a torn tail. */
function parse(file: Buffer): { contents: StoreContents; length: number } {
  let head: StoreHead = EMPTY_HEAD;
  let length = 0;
  const records = new Map<number, StoreRecord>();
  let group: { puts: StoreRecord[]; forgets: number[] } = { puts: [], forgets: [] };
  for (let offset = 0; offset + FRAME_HEADER_BYTES <= file.length;) {
    const kind = file.readUInt8(offset);
    const end = offset + FRAME_HEADER_BYTES + file.readUInt32BE(offset + 1);
    if (end > file.length) break;
    const revision = file.readUIntBE(offset + 5, 6);
    const bytes = file.subarray(offset + FRAME_HEADER_BYTES, end);
    offset = end;
    if (kind === KINDS.record) group.puts.push(decodeRecord(revision, bytes));
    else if (kind === KINDS.forget) group.forgets.push(revision);
    else {
      head = decodeHead('the simulated disk', bytes);
      for (const record of group.puts) records.set(record.entry.revision, record);
      for (const forgotten of group.forgets) records.delete(forgotten);
      group = { puts: [], forgets: [] };
      length = end;
    }
  }
  return { contents: { head, records: [...records.values()] }, length };
}
