// Judges replies: whatever is sent, an answer is a well-formed object, and an error is a Status
// that says what is wrong (API-310 ff.).
import { parse as parseYaml } from 'yaml';
import { isJsonObject, type Json } from '../../src/api/meta/object.ts';

export interface Received {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: Buffer;
  /** False when we stopped reading. */
  readonly complete: boolean;
}

const REASONS = new Set([
  '', 'Unauthorized', 'Forbidden', 'NotFound', 'AlreadyExists', 'Conflict', 'Gone', 'Invalid',
  'ServerTimeout', 'StoreReadError', 'Timeout', 'TooManyRequests', 'BadRequest', 'MethodNotAllowed',
  'NotAcceptable', 'RequestEntityTooLarge', 'UnsupportedMediaType', 'InternalError', 'Expired',
  'ServiceUnavailable',
]); // prettier-ignore

/** Texts that stand in place of a Status (API-116, health). */
const PLAIN_ERRORS = /^(404 page not found\n|.*(check|failed|ok|excluded).*)/s;

function parse({ headers, body }: Received): Json | undefined {
  const isYaml = String(headers['content-type'] ?? '').startsWith('application/yaml');
  try {
    const text = body.toString();
    return (isYaml ? parseYaml(text, { version: '1.1' }) : JSON.parse(text)) as Json;
  } catch {
    return undefined;
  }
}

function problemOfStatus(code: number, value: Json | undefined): string | undefined {
  if (!isJsonObject(value)) return 'an error is no object';
  const { kind, apiVersion, status, reason = '', message, metadata } = value;
  if (kind !== 'Status' || apiVersion !== 'v1') return 'an error is no Status';
  if (status !== 'Failure') return 'the status of an error is not Failure';
  if (value['code'] !== code) return `the Status says code ${JSON.stringify(value['code'])}`;
  if (typeof reason !== 'string' || !REASONS.has(reason)) return `reason ${JSON.stringify(reason)}`;
  if (typeof message !== 'string' || message === '') return 'an error without a message';
  if (!isJsonObject(metadata)) return 'a Status without metadata';
  return undefined;
}

function problemOfError(received: Received, method: string): string | undefined {
  const { code, headers, body } = received;
  // A 500 without this reason is what the reference answers to some faults of its callers, too.
  if (code === 500 && /reason"?: ?"?InternalError/.test(body.toString()))
    return 'a fault of the server';
  if (method === 'HEAD') return undefined;
  const type = String(headers['content-type'] ?? '');
  if (type.startsWith('text/plain')) {
    return PLAIN_ERRORS.test(body.toString()) ? undefined : 'an error in plain text';
  }
  return problemOfStatus(code, parse(received));
}

function problemOfSuccess(received: Received): string | undefined {
  const type = String(received.headers['content-type'] ?? '');
  if (!/^application\/(json|yaml)/.test(type)) return undefined;
  const value = parse(received);
  if (value === undefined) return 'a reply that is not what it says it is';
  return value === null ? 'a reply of null' : undefined;
}

/** What is wrong with a reply, undefined when nothing is. */
export function problemOf(received: Received, method: string): string | undefined {
  const { code, complete } = received;
  if (code < 100 || code > 599) return `code ${code}`;
  if (code >= 400) return problemOfError(received, method);
  return complete && method !== 'HEAD' && code === 200 ? problemOfSuccess(received) : undefined;
}
