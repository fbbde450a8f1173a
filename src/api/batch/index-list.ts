// The text form of indexes of an indexed Job: `1,3-5,7`.

export interface Indexes {
  /** How many there are. */
  readonly total: number;
  /** What is wrong with the text, in upstream's words. */
  readonly fault: string | undefined;
}

/** Reads a list of indexes of a job with that many completions. */
export function parseIndexes(text: string, completions: number): Indexes {
  if (text === '') return { total: 0, fault: undefined };
  let total = 0;
  let last = -1;
  for (const interval of text.split(',')) {
    const limits = interval.split('-');
    if (limits.length > 2) {
      const fault = `the fragment "${interval}" violates the requirement that an index interval can have at most two parts separated by '-'`;
      return { total: 0, fault };
    }
    const [first = '', end = first] = limits;
    for (const limit of limits) {
      const fault = faultOf(limit, { last, completions });
      if (fault !== undefined) return { total: 0, fault };
      last = Number(limit);
    }
    total += Number(end) - Number(first) + 1;
  }
  return { total, fault: undefined };
}

function faultOf(
  limit: string,
  { last, completions }: { last: number; completions: number },
): string | undefined {
  if (!/^[0-9]+$/.test(limit)) {
    return `cannot convert string to integer for index: "${limit}"`;
  }
  const index = Number(limit);
  if (index <= last) {
    return `non-increasing order, previous: ${last}, current: ${index}`;
  }
  return index < completions ? undefined : `too large index: "${limit}"`;
}
