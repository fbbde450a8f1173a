// Where a list in pages goes on: opaque to clients (API-515).
import { posix } from 'node:path';
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, JsonObject } from '../../api/meta/object.ts';
import { JsonSyntaxError, parseJson } from '../../api/meta/parse-json.ts';
import { jsonKind } from '../../api/meta/patch/patch-error.ts';
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
  const token = parseToken(decodeBase64(text));
  const v = textOf(token, 'v');
  const rv = integerOf(token, 'rv');
  const start = textOf(token, 'start');
  if (v !== VERSION) throw invalidToken(`server does not recognize this encoded version ${v}`);
  if (rv === 0) throw invalidToken(`incorrect encoded start resourceVersion (version ${VERSION})`);
  if (start === '') throw invalidToken(`encoded start key empty (version ${VERSION})`);
  const path = start.startsWith('/') ? start : `/${start}`;
  if (posix.resolve(path) !== path) throw invalidToken(start);
  return { revision: rv < 0 ? undefined : rv, after: path.slice(1) };
}

/** Base64 without padding, in the alphabet of URLs. */
function decodeBase64(text: string): Buffer {
  const good = /^[A-Za-z0-9_-]*/.exec(text)?.[0].length ?? 0;
  if (good < text.length) throw invalidToken(`illegal base64 data at input byte ${good}`);
  if (good % 4 === 1) throw invalidToken(`illegal base64 data at input byte ${good - 1}`);
  return Buffer.from(text, 'base64url');
}

function parseToken(bytes: Buffer): JsonObject {
  const [first = 0] = bytes;
  if (first > 0x7f) {
    const shown = String.fromCharCode(first);
    throw invalidToken(`invalid character '${shown}' looking for beginning of value`);
  }
  const value = readJson(bytes.toString());
  if (value === null) return {};
  if (isJsonObject(value)) return value;
  throw mismatch(value, 'value of type storage.continueToken');
}

function readJson(text: string): Json {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw invalidToken(error.message);
    throw error;
  }
}

function textOf(token: JsonObject, name: string): string {
  const value = token[name] ?? '';
  if (typeof value === 'string') return value;
  throw mismatch(value, `struct field continueToken.${name} of type string`);
}

function integerOf(token: JsonObject, name: string): number {
  const value = token[name] ?? 0;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw mismatch(value, `struct field continueToken.${name} of type int64`);
}

function mismatch(value: Json, what: string): StatusError {
  return invalidToken(`json: cannot unmarshal ${jsonKind(value)} into Go ${what}`);
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
