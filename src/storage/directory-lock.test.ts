// One owner at a time, whatever happened to the one before.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDirectory } from './directory-lock.ts';
import { bundleChild } from './testing/bundle-child.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ordinal-lock-'));
});

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const locked = expect.objectContaining({ code: 'ORD_STORE_LOCKED' });

function startContender(program: string) {
  const child = spawn(process.execPath, [program, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  child.stdout.setEncoding('utf8');
  const closed = once(child, 'close');
  const answer = Promise.race([once(child.stdout, 'data'), closed]).then(([line]) => {
    return String(line).trim();
  });
  return { child, closed, answer };
}

test('a lock is held until it is released', () => {
  const lock = lockDirectory(directory);
  expect(() => lockDirectory(directory)).toThrow(locked);
  expect(() => lockDirectory(directory)).toThrow(`in use by process ${process.pid}`);
  lock.release();
  lockDirectory(directory).release();
});

test('locks leave one small file behind', () => {
  for (let time = 0; time < 20; time++) lockDirectory(directory).release();
  expect(readdirSync(directory)).toEqual(['lock.20']);
});

test('the lock of a process that was killed is free', async () => {
  const { child, closed, answer } = startContender(await bundleChild('lock-contender'));
  child.stdin.write('go\n');
  expect(await answer).toBe('1');
  expect(() => lockDirectory(directory)).toThrow(`in use by process ${child.pid}`);
  child.kill('SIGKILL');
  await closed;
  lockDirectory(directory).release();
});

test('the lock of an earlier process with a living pid is free', () => {
  const lock = lockDirectory(directory);
  const path = join(directory, 'lock.1');
  const owner = JSON.parse(readFileSync(path, 'utf8')) as { pid: number; identity: string };
  expect(owner.pid).toBe(process.pid);
  writeFileSync(path, JSON.stringify({ ...owner, identity: 'another boot/1' }));
  lockDirectory(directory).release();
  lock.release();
});

test.each(['', 'null', '{"pid":"x"}', '\0\0\0\0'])(
  'a lock file %j, left by a crash of the machine, is free',
  (contents) => {
    writeFileSync(join(directory, 'lock.7'), contents);
    lockDirectory(directory).release();
    expect(readdirSync(directory)).toEqual(['lock.8']);
  },
);

test('claims that a killed process left are removed', () => {
  writeFileSync(join(directory, 'lock.claim.999999999.0'), '{}');
  lockDirectory(directory).release();
  expect(readdirSync(directory)).toEqual(['lock.1']);
});

test('release() of a directory that is gone is fine', () => {
  const lock = lockDirectory(directory);
  rmSync(directory, { recursive: true });
  lock.release();
});

test('of processes that start at once exactly one wins, on fresh and stale ground', async () => {
  const program = await bundleChild('lock-contender');
  for (let round = 0; round < 8; round++) {
    const contenders = Array.from({ length: 6 }, () => startContender(program));
    for (const { child } of contenders) child.stdin.write('go\n');
    const answers = await Promise.all(contenders.map(({ answer }) => answer));
    expect(answers.sort()).toEqual(['0', '0', '0', '0', '0', '1']);
    for (const { child } of contenders) child.kill('SIGKILL');
    await Promise.all(contenders.map(({ closed }) => closed));
  }
});

test('processes that take and release in turns never hold the lock together', async () => {
  const program = await bundleChild('lock-contender');
  const contenders = Array.from({ length: 4 }, () => startContender(program));
  for (const { child } of contenders) child.stdin.write('repeat\n');
  const answers = await Promise.all(contenders.map(({ answer }) => answer));
  for (const { closed } of contenders) expect(await closed).toEqual([0, null]);
  for (const count of answers) expect(Number(count)).toBeGreaterThan(0);
});
