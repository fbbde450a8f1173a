// The difference between two values as messages about immutable specs show it.

const CONTEXT = 3;

/**
 * A unified diff of one hunk between the two values as indented JSON, beginning and ending with
 * a line break.
 */
export function specDiff(before: unknown, after: unknown): string {
  const old = lines(before);
  const now = lines(after);
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++;
  let tail = 0;
  while (
    tail < Math.min(old.length, now.length) - start &&
    old[old.length - 1 - tail] === now[now.length - 1 - tail]
  ) {
    tail++;
  }
  const from = Math.max(0, start - CONTEXT);
  const oldEnd = old.length - tail;
  const nowEnd = now.length - tail;
  const after3 = Math.min(CONTEXT, tail);
  const size = (end: number) => end + after3 - from;
  return [
    `\n@@ -${from + 1},${size(oldEnd)} +${from + 1},${size(nowEnd)} @@`,
    ...old.slice(from, start).map((line) => ` ${line}`),
    ...old.slice(start, oldEnd).map((line) => `-${line}`),
    ...now.slice(start, nowEnd).map((line) => `+${line}`),
    ...now.slice(nowEnd, nowEnd + after3).map((line) => ` ${line}`),
    '',
  ].join('\n');
}

function lines(value: unknown): string[] {
  return JSON.stringify(sorted(value) ?? null, null, 1).split('\n');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, sorted(member)]),
  );
}
