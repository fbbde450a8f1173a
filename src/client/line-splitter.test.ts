import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

test('API-508: any chunking gives the same lines', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r\n]/g, '')),
        {
          minLength: 1,
        },
      ),
      fc.array(fc.nat({ max: 7 })),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const seen: string[] = [];
        const splitter = new LineSplitter((line) => seen.push(line));
        let start = 0;
        for (const cut of cuts) {
          splitter.push(bytes.subarray(start, start + cut));
          start = Math.min(start + cut, bytes.length);
        }
        splitter.push(bytes.subarray(start));
        splitter.flush();
        expect(seen).toEqual(lines.map((text) => Buffer.from(text).toString()));
      },
    ),
  );
});

test('CRLF, and a last line without an end', () => {
  const seen: string[] = [];
  const splitter = new LineSplitter((line) => seen.push(line));
  for (const part of ['a\r', '\nb\r\n', 'c']) splitter.push(Buffer.from(part));
  splitter.flush();
  splitter.flush();
  expect(seen).toEqual(['a', 'b', 'c']);
});
