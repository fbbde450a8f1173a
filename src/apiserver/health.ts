// /healthz, /livez and /readyz (API-220).
import { errorMessage } from '../base/errors.ts';

/** A check fails by throwing. */
export type HealthChecks = Readonly<Record<string, () => void | Promise<void>>>;

export interface HealthReply {
  readonly code: number;
  readonly text: string;
}

/** Not ready is not yet ill. */
const READY_ONLY = ['informer-sync', 'shutdown'];

async function failureOf(check: () => void | Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

export interface HealthRequest {
  readonly checks: HealthChecks;
  readonly verbose: boolean;
  /** Names of checks that are left out. */
  readonly excluded?: readonly string[];
}

/**
 * The reply to `/<endpoint>[/<check>]`; undefined when there is no such path.
 * With `verbose`, and always on failure, the text lists every check; why one fails, only its own
 * path tells.
 */
export async function healthReply(
  path: string,
  { checks, verbose, excluded = [] }: HealthRequest,
): Promise<HealthReply | undefined> {
  const [endpoint = '', only, ...rest] = path.slice(1).split('/');
  const all = checksOf(endpoint, checks);
  if (rest.length > 0) return undefined;
  if (only !== undefined && only !== '') {
    const check = Object.hasOwn(all, only) ? all[only] : undefined;
    if (check === undefined) return undefined;
    const failure = await failureOf(check);
    if (failure === undefined) return { code: 200, text: 'ok' };
    return { code: 500, text: `internal server error: ${failure}` };
  }
  const lines: string[] = [];
  let failed = false;
  for (const [name, check] of Object.entries(all)) {
    if (excluded.includes(name)) {
      lines.push(`[+]${name} excluded: ok`);
      continue;
    }
    const failure = await failureOf(check);
    failed ||= failure !== undefined;
    lines.push(failure === undefined ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
  }
  lines.push(...notExcluded(excluded, all));
  if (failed) return { code: 500, text: `${lines.join('\n')}\n${endpoint} check failed\n` };
  if (verbose) return { code: 200, text: `${lines.join('\n')}\n${endpoint} check passed\n` };
  return { code: 200, text: 'ok' };
}

function checksOf(endpoint: string, checks: HealthChecks): HealthChecks {
  const all: HealthChecks = { ping: () => {}, ...checks };
  if (endpoint === 'readyz') return all;
  return Object.fromEntries(Object.entries(all).filter(([name]) => !READY_ONLY.includes(name)));
}

function notExcluded(excluded: readonly string[], all: HealthChecks): string[] {
  const unknown = [...new Set(excluded)].filter((name) => !Object.hasOwn(all, name));
  if (unknown.length === 0) return [];
  const names = unknown.toSorted().map((name) => JSON.stringify(name));
  return [`warn: some health checks cannot be excluded: no matches for ${names.join(',')}`];
}
