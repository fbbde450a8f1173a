// Which of several versions clients prefer (API-209): stable before beta before alpha, the newest
// first, and names of another form last.

interface Parts {
  /** 2 stable, 1 beta, 0 alpha, -1 for another form. */
  readonly maturity: number;
  readonly major: number;
  readonly minor: number;
}

function partsOf(version: string): Parts {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (!match) return { maturity: -1, major: 0, minor: 0 };
  const [, major, level, minor] = match;
  const maturity = level === undefined ? 2 : level === 'beta' ? 1 : 0;
  return { maturity, major: Number(major), minor: Number(minor ?? 0) };
}

/** Order for `sort`: the preferred one first. */
export function byVersionPriority(left: string, right: string): number {
  const [a, b] = [partsOf(left), partsOf(right)];
  if (a.maturity !== b.maturity) return b.maturity - a.maturity;
  if (a.maturity < 0) return left < right ? -1 : Number(left > right);
  return b.major - a.major || b.minor - a.minor;
}
