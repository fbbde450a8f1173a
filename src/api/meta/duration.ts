// Durations for people, as in the AGE column of tables.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

function pair(value: number, [large, small]: readonly [number, number], units: string): string {
  const rest = Math.floor((value % large) / small);
  const text = `${Math.floor(value / large)}${units[0]}`;
  return rest === 0 ? text : `${text}${rest}${units[1]}`;
}

/** A duration in milliseconds with two or three significant figures: `3d4h`, `25m` (API-808). */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (ms < 2 * MINUTE) return `${seconds}s`;
  if (ms < 10 * MINUTE) return pair(ms, [MINUTE, SECOND], 'ms');
  if (ms < 3 * HOUR) return `${Math.floor(ms / MINUTE)}m`;
  if (ms < 8 * HOUR) return pair(ms, [HOUR, MINUTE], 'hm');
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)}h`;
  if (ms < 8 * DAY) return pair(ms, [DAY, HOUR], 'dh');
  if (ms < 2 * YEAR) return `${Math.floor(ms / DAY)}d`;
  if (ms < 8 * YEAR) return pair(ms, [YEAR, DAY], 'yd');
  return `${Math.floor(ms / YEAR)}y`;
}

/** The age at `nowMs` of what happened at `timestamp` (RFC 3339); `<unknown>` without one. */
export function age(timestamp: string | null | undefined, nowMs: number): string {
  if (timestamp === undefined || timestamp === null || timestamp === '') return '<unknown>';
  return humanDuration(nowMs - Date.parse(timestamp));
}
