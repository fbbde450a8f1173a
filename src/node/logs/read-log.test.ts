// Reading container logs: format, tail, since, limit, rotation, following.
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import type { LogOptions } from '../node-connection.ts';
import { readLog } from './read-log.ts';

const LINES = [
  '2026-01-01T00:00:01.000000001Z stdout F one',
  '2026-01-01T00:00:02.000000002Z stderr F two',
  '2026-01-01T00:00:03.000000003Z stdout P thr',
  '2026-01-01T00:00:03.000000004Z stdout F ee',
];

let directory: string;
let path: string;
let ended: boolean;
let listeners: Set<() => void>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ordinal-log-'));
  path = join(directory, '0.log');
  ended = false;
  listeners = new Set();
  writeFileSync(path, LINES.map((line) => `${line}\n`).join(''));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(options: Partial<LogOptions> = {}) {
  const source = {
    path,
    isEnded: () => ended,
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const none = { sinceMs: undefined, tailLines: undefined, limitBytes: undefined };
  const defaults = { follow: false, previous: false, timestamps: false, ...none };
  return readLog(source, { ...defaults, ...options }, systemClock);
}

async function read(options: Partial<LogOptions> = {}): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of open(options)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function end(): void {
  ended = true;
  for (const listener of listeners) listener();
}

test('partial lines are joined', async () => {
  await expect(read()).resolves.toBe('one\ntwo\nthree\n');
});

test.each<[string, Partial<LogOptions>, string]>([
  ['tailLines', { tailLines: 3 }, 'two\nthree\n'],
  ['tailLines 0', { tailLines: 0 }, ''],
  ['tailLines beyond the start', { tailLines: 99 }, 'one\ntwo\nthree\n'],
  ['limitBytes', { limitBytes: 5 }, 'one\nt'],
  ['since', { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 2) }, 'two\nthree\n'],
])('API-720: %s', async (_what, options, expected) => {
  await expect(read(options)).resolves.toBe(expected);
});

test('API-722: timestamps once a line', async () => {
  await expect(read({ timestamps: true, tailLines: 3 })).resolves.toBe(
    '2026-01-01T00:00:02.000000002Z two\n2026-01-01T00:00:03.000000003Z three\n',
  );
});

test('rotated files come first, oldest first, and count for the tail', async () => {
  renameSync(path, `${path}.1`);
  writeFileSync(path, '2026-01-01T00:00:04Z stdout F four\n');
  await expect(read()).resolves.toBe('one\ntwo\nthree\nfour\n');
  await expect(read({ tailLines: 4 })).resolves.toBe('two\nthree\nfour\n');
});

test('a log that does not exist yet is empty', async () => {
  rmSync(path);
  await expect(read()).resolves.toBe('');
});

test('follow goes on across rotation until the container has ended', async () => {
  const stream = open({ follow: true, tailLines: 1 });
  const chunks: string[] = [];
  const seen = async (text: string) => {
    while (!chunks.join('').includes(text)) {
      const next = await iterator.next();
      if (next.done === true) return;
      chunks.push((next.value as Buffer).toString());
    }
  };
  const iterator = stream[Symbol.asyncIterator]();
  await seen('ee\n');
  appendFileSync(path, '2026-01-01T00:00:04Z stdout F four\n');
  await seen('four\n');
  appendFileSync(path, '2026-01-01T00:00:05Z stdout F five\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, '2026-01-01T00:00:06Z stdout F six\n');
  await seen('six\n');
  appendFileSync(path, '2026-01-01T00:00:07Z stdout F seven\n');
  end();
  await seen('never');
  expect(chunks.join('')).toBe('ee\nfour\nfive\nsix\nseven\n');
});

test('destroying the stream ends a follower', async () => {
  const stream = open({ follow: true });
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.resume();
  await new Promise((resolve) => stream.once('data', resolve));
  stream.destroy();
  await closed;
  end();
});
