// The table of docs/reference/kubectl.md and the tests it names.
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { at } from './source-files.ts';

const DOCUMENT = 'docs/reference/kubectl.md';

/** Titles of tests, as they stand in the source. */
const TITLE = /^ *test\(\s*['"`](.*)['"`],/gm;

interface Proof {
  readonly title: string;
  readonly path: string;
}

function proofsOf(row: string): Proof[] {
  return Array.from(row.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g), ([, title = '', link = '']) => ({
    title,
    path: posix.join(posix.dirname(DOCUMENT), link),
  }));
}

const rows = readFileSync(at(DOCUMENT), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (command|-)/.test(line));

test('every command of kubectl has a proof', () => {
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter((row) => proofsOf(row).length === 0)).toEqual([]);
});

test('every proof is the end of the title of a test', () => {
  const isThere = ({ title, path }: Proof) =>
    existsSync(at(path)) &&
    Array.from(readFileSync(at(path), 'utf8').matchAll(TITLE), ([, text = '']) => text).some(
      (text) => text === title || text.endsWith(` ${title}`),
    );
  expect(rows.flatMap(proofsOf).filter((proof) => !isThere(proof))).toEqual([]);
});
