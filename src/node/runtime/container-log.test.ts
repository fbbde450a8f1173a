import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../base/manual-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { commandRunner } from './command-runner.ts';
import { ContainerLog } from './container-log.ts';
import { temporaryDirectory, waitFor } from './runtime-test-kit.ts';

describe('ContainerLog', () => {
  let dir = '';
  let clock = new ManualClock();
  beforeEach(() => {
    dir = temporaryDirectory();
    clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const open = (logBytesMax?: number) => {
    const log = new ContainerLog({
      dir,
      logPath: join(dir, 'logs/0.log'),
      clock,
      logger: silentLogger,
      runner: commandRunner(),
      ...(logBytesMax === undefined ? {} : { logBytesMax }),
    });
    log.open();
    return log;
  };
  const write = (file: 'out' | 'err', text: string) => appendFileSync(join(dir, file), text);
  const text = (suffix = '') => readFileSync(join(dir, `logs/0.log${suffix}`), 'utf8');
  const stamp = '2026-01-02T03:04:05.678000000Z';

  test('whole lines in CRI format; an unfinished line waits for its end', () => {
    const log = open();
    write('out', 'one\ntw');
    write('err', 'bad\n');
    log.pump();
    expect(text()).toBe(`${stamp} stdout F one\n${stamp} stderr F bad\n`);
    write('out', 'o\n\n');
    log.pump();
    expect(text()).toMatch(/F two\n.* stdout F \n$/);
    log.close();
  });

  test('at the end the unfinished line is a part, and the raw files go', async () => {
    const log = open();
    write('out', 'tail');
    await log.finish();
    expect(text()).toBe(`${stamp} stdout P tail\n`);
    expect(readdirSync(dir).sort()).toEqual(['log.json', 'logs']);
    open().close();
    expect(text()).toBe(`${stamp} stdout P tail\n`);
  });

  test('a line of more than 16 KiB comes in parts', () => {
    const log = open();
    write('out', `${'x'.repeat(16_384)}y\n`);
    log.pump();
    expect(text()).toBe(`${stamp} stdout P ${'x'.repeat(16_384)}\n${stamp} stdout F y\n`);
    log.close();
  });

  test('an agent that was killed before the checkpoint loses and doubles no line', () => {
    const killed = open();
    write('out', 'one\n');
    killed.pump();
    clock.advance(300);
    write('out', 'two\n');
    killed.pump();
    // No close(): as after kill -9. Its log has a line that its checkpoint does not cover.
    write('out', 'three\n');
    open().close();
    const words = [...text().matchAll(/F (\w+)\n/g)].map((match) => match[1]);
    expect(words).toEqual(['one', 'two', 'three']);
  });

  test('rotates at its size into five files', async () => {
    const log = open(2000);
    for (let number = 0; number < 200; number++) {
      write('out', `line ${number}\n`);
      log.pump();
    }
    await log.finish();
    const names = readdirSync(join(dir, 'logs')).sort();
    expect(names).toEqual(['0.log', '0.log.1', '0.log.2', '0.log.3', '0.log.4']);
    const kept = ['.4', '.3', '.2', '.1', ''].flatMap((suffix) =>
      [...text(suffix).matchAll(/line (\d+)\n/g)].map((match) => Number(match[1])),
    );
    expect(kept).toEqual(kept.map((_, index) => 200 - kept.length + index));
    expect(kept.length).toBeGreaterThan(100);
  });

  test('a kill between rotation and checkpoint does not cut the rotated file', () => {
    const log = open(100);
    write('out', 'one\ntwo\nthree\n');
    log.pump();
    expect(existsSync(join(dir, 'logs/0.log.1'))).toBe(true);
    const again = open(100);
    write('out', 'four\n');
    again.pump();
    expect(text('.1')).toMatch(/one\n.*two\n.*three\n$/s);
    expect(text()).toMatch(/^\S+ stdout F four\n$/);
    again.close();
  });

  test('gives disk space of consumed output back', async () => {
    const log = open();
    const file = join(dir, 'out');
    write('out', `${'x'.repeat(1023)}\n`.repeat(10 * 1024));
    log.pump();
    await waitFor('trimming', () => statSync(file).blocks * 512 < 4 * 1024 * 1024);
    expect(statSync(file).size).toBe(10 * 1024 * 1024);
    log.close();
  });

  test('listeners get output from now on, unfinished lines at once and nothing twice', () => {
    const log = open();
    write('out', 'before\n');
    log.pump();
    let seen = '';
    let all = '';
    const unsubscribe = log.subscribe(
      (stream, bytes) => (seen += `${stream}:${bytes.toString()};`),
      { fromStart: false },
    );
    write('out', 'prompt> ');
    log.pump();
    log.pump();
    write('out', 'answer\n');
    log.pump();
    expect(seen).toBe('stdout:prompt> ;stdout:answer\n;');
    log.subscribe((stream, bytes) => (all += `${stream}:${bytes.toString()};`), {
      fromStart: true,
    });
    expect(all).toBe('stdout:before\nprompt> answer\n;');
    unsubscribe();
    log.close();
  });
});
