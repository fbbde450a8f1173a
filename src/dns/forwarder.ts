// Asks the host's resolvers about names that are not ours, over one UDP socket.
import type { Socket } from 'node:dgram';
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';

const TRY_MS = 2000;
/** Each resolver is asked so often before SERVFAIL. */
const ROUNDS = 2;
/** Queries waiting at once; more are refused at once instead of piling up. */
const PENDING_MAX = 1000;

export interface Resolver {
  readonly address: string;
  readonly port: number;
}

export interface ForwarderOptions {
  /** Not connected; opened in the host's network namespace, closed by stop(). */
  readonly socket: Socket;
  readonly resolvers: readonly Resolver[];
  readonly clock: Clock;
  readonly random: Random;
}

interface Pending {
  readonly query: Buffer;
  readonly settle: (answer: Buffer | undefined) => void;
  tries: number;
  timer: Timer | undefined;
}

export interface Forwarder {
  /** The raw answer with the query's own id, or undefined when nobody answered. */
  forward(query: Buffer): Promise<Buffer | undefined>;
  stop(): void;
}

export function createForwarder({ socket, resolvers, clock, random }: ForwarderOptions): Forwarder {
  const pending = new Map<number, Pending>();
  const known = new Set(resolvers.map(({ address, port }) => `${address}:${port}`));

  const finish = (id: number, answer: Buffer | undefined) => {
    const entry = pending.get(id);
    if (!entry) return;
    pending.delete(id);
    entry.timer?.cancel();
    if (answer) entry.query.copy(answer, 0, 0, 2);
    entry.settle(answer);
  };

  const attempt = (id: number, entry: Pending) => {
    const resolver = resolvers[entry.tries % resolvers.length];
    if (!resolver || entry.tries >= resolvers.length * ROUNDS) return finish(id, undefined);
    entry.tries += 1;
    const message = Buffer.from(entry.query);
    message.writeUInt16BE(id, 0);
    // A failed send shows as a time-out.
    socket.send(message, resolver.port, resolver.address, () => {});
    entry.timer = clock.schedule(TRY_MS, () => attempt(id, entry));
  };

  socket.on('message', (message, remote) => {
    if (message.length < 12 || !known.has(`${remote.address}:${remote.port}`)) return;
    const id = message.readUInt16BE(0);
    const entry = pending.get(id);
    if (entry && sameQuestion(entry.query, message)) finish(id, Buffer.from(message));
  });

  return {
    forward(query) {
      if (resolvers.length === 0 || pending.size >= PENDING_MAX) return Promise.resolve(undefined);
      let id = random.integer(0x10000);
      while (pending.has(id)) id = (id + 1) & 0xffff;
      return new Promise((settle) => {
        const entry: Pending = { query, settle, tries: 0, timer: undefined };
        pending.set(id, entry);
        attempt(id, entry);
      });
    },
    stop() {
      for (const id of pending.keys()) finish(id, undefined);
      socket.close();
    },
  };
}

/**
 * Both messages carry the same first question (its bytes, spelling included): a guard against
 * forged answers.
 */
function sameQuestion(query: Buffer, answer: Buffer): boolean {
  let end = 12;
  while (end < query.length && query[end] !== 0) end += (query[end] ?? 0) + 1;
  return query.subarray(12, end + 5).equals(answer.subarray(12, end + 5));
}
