// Where a list in pages goes on: opaque to clients (API-515).
import { badRequest, statusError, StatusError } from '../../api/meta/status-error.ts';

export interface ContinuePoint {
  /** The revision of the first page; undefined: go on in the newest state. */
  readonly revision: number | undefined;
  /** Last key given, without the prefix of the list. */
  readonly after: string;
}

const VERSION = 'meta.k8s.io/v1';
const INCONSISTENT = -1;

export function encodeContinue({ revision, after }: ContinuePoint): string {
  const token = { v: VERSION, rv: revision ?? INCONSISTENT, start: after };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** Throws 400. */
export function decodeContinue(text: string): ContinuePoint {
  const { v, rv, start } = parseToken(text);
  if (v !== VERSION) throw invalidToken('unrecognized encoded version');
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw invalidToken('incorrect encoded start resourceVersion');
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken('encoded start key not present');
  }
  return { revision: rv === INCONSISTENT ? undefined : rv, after: start };
}

function parseToken(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const bytes = Buffer.from(text, 'base64url');
  try {
    return JSON.parse(bytes.toString()) as object;
  } catch {
    const first = bytes[0];
    throw invalidToken(
      first === undefined
        ? 'unexpected end of JSON input'
        : `invalid character '${String.fromCharCode(first)}' looking for beginning of value`,
    );
  }
}

function invalidToken(why: string): StatusError {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

/** API-315: the first page's revision is forgotten; the reply has a token to go on without it. */
export function expiredContinue(after: string): StatusError {
  const { status } = statusError(
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can ' +
      'start a new list without the continue parameter, or use the continue token in this ' +
      'response to retrieve the remainder of the results. Continuing with the provided token ' +
      'results in an inconsistent list - objects that were created, modified, or deleted between ' +
      'the time the first chunk was returned and now may show up in the list.',
  );
  const metadata = { continue: encodeContinue({ revision: undefined, after }) };
  return new StatusError({ ...status, metadata });
}
