// What a schema finds wrong with a value, worded and collected as upstream's validator does: each
// text once, and with a count of what was right, by which the best of several schemas is chosen.
import type { StatusCause } from '../generated/types.ts';
import {
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from '../meta/field-errors.ts';

/** Upstream's text for the path of nothing. */
export const NO_PATH = '<nil>';

export class Findings {
  readonly #causes = new Map<string, StatusCause>();
  /** How many checks were made and passed. */
  matches = 0;

  get causes(): StatusCause[] {
    return [...this.#causes.values()];
  }

  get isValid(): boolean {
    return this.#causes.size === 0;
  }

  add(text: string, cause: StatusCause): void {
    if (!this.#causes.has(text)) this.#causes.set(text, cause);
  }

  merge(other: Findings): void {
    for (const [text, cause] of other.#causes) this.add(text, cause);
    this.matches += other.matches;
  }
}

/** Where a value stands: for upstream's texts, and below which field the causes are reported. */
export interface Where {
  /** Path within what is validated: `spec.l[0]`; the empty string for the whole. */
  readonly path: string;
  /** Put before the path in causes: `status`. */
  readonly base: string;
}

/** The field of a cause. */
export function fieldOf({ path, base }: Where): string {
  const own = path.startsWith('.') ? path.slice(1) : path;
  if (own === '') return base === '' ? NO_PATH : base;
  return base === '' ? own : `${base}.${own}`;
}

export function wrongType(
  findings: Findings,
  where: Where,
  { expected, value }: { expected: string; value: string },
): void {
  const text = `${where.path} in body must be of type ${expected}: ${JSON.stringify(value)}`;
  findings.add(text, typeInvalid(fieldOf(where), value, text));
}

/** `… in body should …`. */
export function shouldBe(
  findings: Findings,
  where: Where,
  { value, what }: { value: unknown; what: string },
): void {
  const text = `${where.path} in body ${what}`;
  findings.add(text, invalidValue(fieldOf(where), value, text));
}

/** A complaint that upstream does not attach to a field. */
export function unplaced(findings: Findings, { base }: Where, text: string): void {
  findings.add(text, invalidValue(base === '' ? NO_PATH : base, '', text));
}

export function missing(findings: Findings, where: Where): void {
  findings.add(`${where.path} in body is required`, required(fieldOf(where)));
}

export function tooLongText(findings: Findings, where: Where, limit: number): void {
  const text = `${where.path} in body should be at most ${limit} chars long`;
  findings.add(text, tooLong(fieldOf(where), limit));
}

export function tooManyOf(
  findings: Findings,
  where: Where,
  { actual, limit, what }: { actual: number; limit: number; what: 'items' | 'properties' },
): void {
  const text = `${where.path} in body should have at most ${limit} ${what}`;
  findings.add(text, tooMany(fieldOf(where), actual, limit));
}

export function notInEnum(
  findings: Findings,
  where: Where,
  { value, values }: { value: unknown; values: readonly unknown[] },
): void {
  const texts = values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
  const text = `${where.path} in body should be one of [${texts.join(' ')}]`;
  findings.add(text, notSupported(fieldOf(where), value, texts));
}
