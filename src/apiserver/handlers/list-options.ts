// The query parameters of lists and watches, checked as upstream does (API-501 … API-504).
import { fieldPath, forbidden, notSupported } from '../../api/meta/field-errors.ts';
import { goQuote } from '../../api/meta/go-quote.ts';
import { badRequest, statusError } from '../../api/meta/status-error.ts';
import type { StatusCause, StatusError } from '../../api/meta/status-error.ts';
import { isTrue } from '../request-info.ts';
import { invalidOptions } from './write-options.ts';

export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** 0: no limit. */
  readonly limit: number;
  readonly continue: string;
  /** As sent; the empty string when absent. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
  readonly sendInitialEvents: boolean | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly timeoutSeconds: number | undefined;
}

const MATCH = fieldPath('resourceVersionMatch');
const MATCH_WITHOUT_VERSION =
  'resourceVersionMatch is forbidden unless resourceVersion is provided';

/** Reads and checks the options. Throws 400 and 422. */
export function parseListOptions(query: URLSearchParams, verb: 'list' | 'watch'): ListOptions {
  const sendInitialEvents = query.get('sendInitialEvents');
  const options = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit: Math.max(parseInteger(query.get('limit')) ?? 0, 0),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    sendInitialEvents: sendInitialEvents === null ? undefined : isTrue(sendInitialEvents),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    timeoutSeconds: parseInteger(query.get('timeoutSeconds')),
  };
  if (verb === 'watch' && isTrue(query.get('watch'))) startWithInitialEvents(options);
  const causes = verb === 'watch' ? watchCauses(options) : listCauses(options);
  if (causes.length > 0) throw invalidOptions('ListOptions', causes);
  return options as ListOptions;
}

/** A watch from no version in particular is a watch list, bookmark and all (API-510). */
function startWithInitialEvents(options: Mutable<RawOptions>): void {
  if (options.sendInitialEvents !== undefined || options.resourceVersionMatch !== '') return;
  if (!['', '0'].includes(options.resourceVersion)) return;
  options.sendInitialEvents = true;
  options.resourceVersionMatch = 'NotOlderThan';
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type RawOptions = Omit<ListOptions, 'resourceVersionMatch'> & { resourceVersionMatch: string };

function listCauses(options: RawOptions): StatusCause[] {
  const { resourceVersion, resourceVersionMatch: match } = options;
  const causes: StatusCause[] = [];
  if (match !== '') {
    if (resourceVersion === '') causes.push(forbidden(MATCH, MATCH_WITHOUT_VERSION));
    if (options.continue !== '') {
      causes.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    }
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      causes.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && resourceVersion === '0') {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      causes.push(forbidden(MATCH, why));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    causes.push(
      forbidden(fieldPath('sendInitialEvents'), 'sendInitialEvents is forbidden for list'),
    );
  }
  return causes;
}

function watchCauses(options: RawOptions): StatusCause[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const causes: StatusCause[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    const why = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    causes.push(forbidden(MATCH, why));
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      const why =
        'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
      causes.push(forbidden(MATCH, why));
    }
    if (match !== 'NotOlderThan') causes.push(notSupported(MATCH, match, ['NotOlderThan']));
    if (options.continue !== '') {
      causes.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    }
  }
  return causes;
}

/** A number of a query; undefined when absent. Throws 400. */
export function parseInteger(text: string | null): number | undefined {
  if (text === null) return undefined;
  const isNumber = /^[+-]?\d+$/.test(text);
  if (!isNumber || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    const why = isNumber ? 'value out of range' : 'invalid syntax';
    throw badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: ${why}`);
  }
  return Number(text);
}

/** A resourceVersion as a number; 0 for the empty string; undefined when it is none. */
export function parseResourceVersion(text: string): number | undefined {
  if (text === '') return 0;
  if (!/^\d+$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) || isUnsigned(text) ? number : undefined;
}

const isUnsigned = (text: string) => BigInt.asUintN(64, BigInt(text)) === BigInt(text);

/** What Go says about a text that is no unsigned number. */
export function notUnsigned(text: string): string {
  const why = /^\d+$/.test(text) ? 'value out of range' : 'invalid syntax';
  return `strconv.ParseUint: parsing ${goQuote(text)}: ${why}`;
}

/** What reads say about such a text as their resourceVersion. */
export function invalidVersion(text: string): string {
  return `resourceVersion: Invalid value: ${goQuote(text)}: ${notUnsigned(text)}`;
}

/** API-321: the client has seen a version that this store has not reached. */
export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  const message = `Timeout: Too large resource version: ${asked}, current: ${current}`;
  const cause = { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' };
  return statusError('Timeout', message, { details: { causes: [cause], retryAfterSeconds: 1 } });
}
