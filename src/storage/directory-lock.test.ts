// One owner at a time, whatever happened to the one before.
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

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const locked = expect.objectContaining({ code: 'ORD_STORE_LOCKED' });

function startContender(program: string) {
  const child = spawn(process.execPath, [program, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  return { child, closed: once(child, 'close') };
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
  const { child, closed } = startContender(await bundleChild('lock-contender'));
  child.stdin.write('go\n');
  expect(await once(child.stdout, 'data')).toEqual(['1\n']);
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

test('of many processes that start at once exactly one wins, on fresh and on stale ground', async () => {
  const program = await bundleChild('lock-contender');
  for (let round = 0; round < 8; round++) {
    const contenders = Array.from({ length: 6 }, () => startContender(program));
    const answers = contenders.map(({ child }) => once(child.stdout, 'data'));
    for (const { child } of contenders) child.stdin.write('go\n');
    const won = (await Promise.all(answers)).map(([line]) => String(line).trim());
    expect(won.sort()).toEqual(['0', '0', '0', '0', '0', '1']);
    for (const { child } of contenders) child.kill('SIGKILL');
    await Promise.all(contenders.map(({ closed }) => closed));
  }
});

test('processes that take and release in turns never hold the lock together', async () => {
  const program = await bundleChild('lock-contender');
  const contenders = Array.from({ length: 4 }, () => startContender(program));
  for (const { child } of contenders) child.stdin.write('repeat\n');
  const counts = await Promise.all(
    contenders.map(async ({ child, closed }) => {
      const [line] = (await once(child.stdout, 'data')) as [string];
      expect(await closed).toEqual([0, null]);
      return Number(line);
    }),
  );
  for (const count of counts) expect(count).toBeGreaterThan(0);
});
