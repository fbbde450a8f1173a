// How long an ordinary request may take (API-113): a minute, or less if the request says so.
import { goQuote } from '../api/meta/go-quote.ts';
import { badRequest } from '../api/meta/status-error.ts';

/** Time for ordinary requests in milliseconds. */
const REQUEST_MS_MAX = 60_000;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Longer ones don't fit into 64 bits of nanoseconds. */
const DURATION_MS_MAX = 2 ** 63 / 1e6;

/** The limit in milliseconds by the parameter `timeout`: `1m30s`. Throws 400. */
export function requestLimit(query: URLSearchParams): number {
  const text = query.get('timeout');
  if (text === null || text === '') return REQUEST_MS_MAX;
  const wanted = parseDuration(text);
  return wanted > 0 && wanted < REQUEST_MS_MAX ? wanted : REQUEST_MS_MAX;
}

function refusal(why: string) {
  return badRequest(`invalid timeout specified in the request URL - time: ${why}`);
}

/** A duration as Go writes it, in milliseconds. Throws 400. */
function parseDuration(text: string): number {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0;
  const invalid = () => refusal(`invalid duration ${goQuote(text)}`);
  let ms = 0;
  let left = rest;
  do {
    const part = /^(\d+\.?\d*|\.\d+)([^.\d]*)/.exec(left);
    if (!part) throw invalid();
    const [whole, number = '', unit = ''] = part;
    if (unit === '') throw refusal(`missing unit in duration ${goQuote(text)}`);
    const factor = UNIT_MS.get(unit);
    if (factor === undefined) {
      throw refusal(`unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
    }
    ms += Number(number) * factor;
    if (ms > DURATION_MS_MAX) throw invalid();
    left = left.slice(whole.length);
  } while (left !== '');
  return sign === '-' ? -ms : ms;
}
