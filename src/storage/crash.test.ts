// kill -9 at random moments: what was acknowledged stays, and nothing is torn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sleep, systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { createLmdbStore } from './lmdb-store.ts';
import type { Store, StoreEvent } from './store.ts';
import { bundleChild } from './testing/bundle-child.ts';
import { CRASH_HISTORY_LIMIT, crashValue } from './testing/crash-protocol.ts';

const ROUNDS = 50;
const LOAD_MS_MAX = 120;

interface Acknowledgement {
  type: string;
  key: string;
  revision: number;
}

const directory = mkdtempSync(join(tmpdir(), 'ordinal-crash-'));
let program: string;

beforeAll(async () => {
  program = await bundleChild('crash-writer');
});

afterAll(() => rmSync(directory, { recursive: true }));

test(
  `an acknowledged write survives kill -9, in ${ROUNDS} rounds`,
  { timeout: 120_000 },
  async () => {
    const newest = new Map<string, Acknowledgement>();
    let revision = 0;
    let total = 0;
    for (let round = 0; round < ROUNDS; round++) {
      // Every fifth round the writer is killed while it starts.
      const acknowledged = await writeAndKill({ waitForLoad: round % 5 !== 4 });
      total += acknowledged.length;
      for (const write of acknowledged) newest.set(write.key, newer(newest.get(write.key), write));

      const store = createLmdbStore({ directory, historyLimit: CRASH_HISTORY_LIMIT });
      await store.start();
      store.check();
      const reached = Math.max(revision, ...acknowledged.map((write) => write.revision));
      expect(store.revision).toBeGreaterThanOrEqual(reached);
      revision = store.revision;
      expectWhole(store);
      expectKept(store, acknowledged, newest);
      for (const write of newest.values()) newest.set(write.key, asRead(store, write));
      await store.stop();
    }
    expect(total).toBeGreaterThan(ROUNDS * 20);
  },
);

/** Lets a writer run for a random time; returns what it acknowledged before it was killed. */
async function writeAndKill({ waitForLoad }: { waitForLoad: boolean }): Promise<Acknowledgement[]> {
  const child = spawn(process.execPath, [program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  if (waitForLoad) await Promise.race([once(child.stdout, 'data'), closed]);
  await sleep(systemClock, systemRandom.integer(LOAD_MS_MAX));
  child.kill('SIGKILL');
  expect(await closed).toEqual([null, 'SIGKILL']);
  // The text behind the last line break is a line that was cut off, or nothing.
  return output.split('\n').slice(0, -1).map(parseAcknowledgement);
}

function parseAcknowledgement(line: string): Acknowledgement {
  const [type = '', key = '', revision] = line.split(' ');
  return { type, key, revision: Number(revision) };
}

/** What was read must stay, as if it had been acknowledged. */
function asRead(store: Store, { key, revision }: Acknowledgement): Acknowledgement {
  const entry = store.get(key);
  return entry ? { type: 'put', key, revision: entry.revision } : { type: 'delete', key, revision };
}

function newer(a: Acknowledgement | undefined, b: Acknowledgement): Acknowledgement {
  return a && a.revision > b.revision ? a : b;
}

/** All that is there was written so, as a whole. */
function expectWhole(store: Store): void {
  const entries = [...store.list('').entries, ...eventsOf(store).map(({ entry }) => entry)];
  for (const { key, value, revision } of entries) {
    expect(value.equals(crashValue(key, revision)), `${key} at revision ${revision}`).toBe(true);
  }
}

function expectKept(
  store: Store,
  acknowledged: readonly Acknowledgement[],
  newest: ReadonlyMap<string, Acknowledgement>,
): void {
  const events = eventsOf(store);
  const found = new Set(events.map(({ type, entry }) => `${type} ${entry.key} ${entry.revision}`));
  for (const { type, key, revision } of acknowledged) {
    if (revision > store.compactedRevision) expect(found).toContain(`${type} ${key} ${revision}`);
  }
  for (const { type, key, revision } of newest.values()) {
    const entry = store.get(key);
    const isLater = events.some(
      (event) => event.entry.key === key && event.entry.revision > revision,
    );
    // What was not acknowledged may have happened: then the history shows it.
    if (isLater) continue;
    expect(entry?.revision, `${type} of ${key} at ${revision}`).toBe(
      type === 'put' ? revision : undefined,
    );
  }
}

function eventsOf(store: Store): StoreEvent[] {
  const all: StoreEvent[] = [];
  const sink = { events: (events: readonly StoreEvent[]) => void all.push(...events), end() {} };
  store.watch('', store.compactedRevision, sink).stop();
  return all;
}
