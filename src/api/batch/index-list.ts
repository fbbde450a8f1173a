// The text form of indexes of an indexed Job: `1,3-5,7`.

export interface Indexes {
  /** How many there are. */
  readonly total: number;
  /** What is wrong with the text, in upstream's words. */
  readonly fault: string | undefined;
}

/** From the first to the last index, or what is wrong with its text. */
type Interval = { readonly first: number; readonly last: number } | { readonly fault: string };

/** Reads a list of indexes of a job with that many completions. */
export function parseIndexes(text: string, completions: number): Indexes {
  let total = 0;
  let previous: number | undefined;
  for (const interval of intervalsOf(text, completions)) {
    if ('fault' in interval) return { total: 0, fault: interval.fault };
    const { first, last } = interval;
    if (previous !== undefined && previous >= first) {
      return { total: 0, fault: wrongOrder(previous, first) };
    }
    total += last - first + 1;
    previous = last;
  }
  return { total, fault: undefined };
}

/** The first index that stands in both lists. Intervals that cannot be read are passed over. */
export function commonIndex(one: string, other: string, completions: number): number | undefined {
  const readable = (text: string) =>
    intervalsOf(text, completions).flatMap((interval) => ('fault' in interval ? [] : [interval]));
  const left = readable(one);
  const right = readable(other);
  for (let i = 0, j = 0; ;) {
    const a = left[i];
    const b = right[j];
    if (!a || !b) return undefined;
    if (a.first <= b.last && b.first <= a.last) return Math.max(a.first, b.first);
    if (a.first <= b.first) i++;
    else j++;
  }
}

function intervalsOf(text: string, completions: number): Interval[] {
  return text === '' ? [] : text.split(',').map((part) => parseInterval(part, completions));
}

function parseInterval(text: string, completions: number): Interval {
  const limits = text.split('-');
  if (limits.length > 2) {
    const rule = `an index interval can have at most two parts separated by '-'`;
    return { fault: `the fragment "${text}" violates the requirement that ${rule}` };
  }
  for (const limit of limits) {
    if (!/^\+?[0-9]+$/.test(limit)) {
      return { fault: `cannot convert string to integer for index: "${limit}"` };
    }
    if (Number(limit) >= completions) return { fault: `too large index: "${limit}"` };
  }
  const [first = 0, last = first] = limits.map(Number);
  if (limits.length > 1 && first >= last) return { fault: wrongOrder(first, last) };
  return { first, last };
}

function wrongOrder(previous: number, current: number): string {
  return `non-increasing order, previous: ${previous}, current: ${current}`;
}
