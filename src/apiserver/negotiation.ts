// Content negotiation: which form of a reply the caller accepts (API-105) and which request bodies
// the server reads (API-103).
import { statusError } from '../api/meta/status-error.ts';
import type { StatusError } from '../api/meta/status-error.ts';

export type TransformKind = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** The form a reply takes. */
export interface Representation {
  readonly format: 'json' | 'yaml';
  /** Set when the caller wants the objects in another shape than their own. */
  readonly transform: { readonly kind: TransformKind; readonly version: string } | undefined;
}

export interface AcceptClause {
  /** `application/json`. */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const FORMATS: ReadonlyMap<string, Representation['format']> = new Map([
  ['application/json', 'json'],
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['application/yaml', 'yaml'],
  // Clients decode by the reply's own content type, so JSON serves them too (API-104).
  [PROTOBUF, 'json'],
]);

/** What replies can be in. */
export const MEDIA_TYPES = ['application/json', 'application/yaml', PROTOBUF];
const TRANSFORMS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'];
const PLAIN: Representation = { format: 'json', transform: undefined };

function parseClause(text: string): (AcceptClause & { quality: number }) | undefined {
  const [name = '', ...rest] = text.split(';').map(trimSpaces);
  const type = name === '*' ? '*/*' : name;
  if (type.split('/').length !== 2) return undefined;
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const [key = '', value, more] = parameter.split('=').map(trimSpaces);
    if (value !== undefined && value !== '' && more === undefined) parameters.set(key, value);
  }
  const quality = Number(parameters.get('q') ?? 1);
  parameters.delete('q');
  return { type, parameters, quality: Number.isNaN(quality) ? 0 : quality };
}

const trimSpaces = (text: string) => text.replace(/^ +| +$/g, '');

/** The clauses of an Accept header, most wanted first; an absent header accepts everything. */
export function parseAccept(header: string | undefined): AcceptClause[] {
  const sorted: (AcceptClause & { quality: number })[] = [];
  for (const text of (header || '*/*').split(',')) {
    const clause = parseClause(text);
    if (!clause) continue;
    // As in the reference: a type goes before a wildcard whatever its quality.
    const before = ({ type, quality }: typeof clause) =>
      clause.quality > quality || (!clause.type.endsWith('*') && type.endsWith('*'));
    let at = sorted.length;
    while (at > 0 && before(sorted[at - 1]!)) at -= 1;
    sorted.splice(at, 0, clause);
  }
  return sorted;
}

/** What the route that a request takes can answer with; there are no tables of `answer`s. */
export type Route = 'object' | 'collection' | 'custom' | 'answer';

/** The form of the elements of a watch; YAML has none. */
const STREAMED_TYPES = ['application/json', 'application/vnd.kubernetes.protobuf'].map(
  (type) => `${type};stream=watch`,
);

/**
 * Refuses callers that accept none of our media types at all (API-324), before anything is done.
 * A wildcard subtype doesn't count, as in the reference. Throws 406.
 */
function requireMediaType(accept: string, route: Route): void {
  const offered = route === 'collection' ? [...MEDIA_TYPES, ...STREAMED_TYPES] : MEDIA_TYPES;
  const types = accept.split(',').map((text) => trimSpaces(text.split(';', 1)[0]!));
  if (types.some((type) => type === '*/*' || MEDIA_TYPES.includes(type))) return;
  const message = `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`;
  throw statusError('NotAcceptable', message, { details: {} });
}

const FORM_PARAMETERS = ['as', 'g', 'v'];

function representation(
  { type, parameters }: AcceptClause,
  route: Route,
): Representation | undefined {
  const format = FORMATS.get(type);
  if (format === undefined || !canStream(format, parameters)) return undefined;
  if (!['', 'v1'].includes(parameters.get('sv') ?? '')) return undefined;
  if (!FORM_PARAMETERS.some((name) => parameters.has(name))) {
    if (route === 'custom' && type === PROTOBUF) return undefined;
    return format === 'json' ? PLAIN : { format, transform: undefined };
  }
  const kind = parameters.get('as') ?? '';
  const version = parameters.get('v') ?? '';
  if (parameters.get('g') !== 'meta.k8s.io' || !['v1', 'v1beta1'].includes(version)) {
    return undefined;
  }
  const hasTable = type !== PROTOBUF && route !== 'answer';
  if (!TRANSFORMS.includes(kind) || (kind === 'Table' && !hasTable)) return undefined;
  return { format, transform: { kind: kind as TransformKind, version } };
}

function canStream(
  format: Representation['format'],
  parameters: AcceptClause['parameters'],
): boolean {
  const stream = parameters.get('stream') ?? '';
  return stream === '' || (stream === 'watch' && format === 'json');
}

export interface Negotiated {
  /** Default: `object`. */
  readonly route?: Route;
  /** The reply is a watch. */
  readonly stream?: boolean;
}

/** The first form in the caller's order that can be served (API-105). Throws 406 (API-324). */
export function negotiate(
  accept: string | undefined,
  { route = 'object', stream = false }: Negotiated = {},
): Representation {
  if (!accept || accept === 'application/json') return PLAIN;
  if (route !== 'custom') requireMediaType(accept, route);
  for (const clause of parseAccept(accept)) {
    const found = representation(clause, route);
    if (found && stream && found.format === 'yaml') throw notAcceptable(STREAMED_TYPES);
    if (found) return found;
  }
  throw notAcceptable(MEDIA_TYPES);
}

/** The 406 of API-324. */
export function notAcceptable(offered: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${offered.join(', ')}`;
  return statusError('NotAcceptable', message);
}

/** The format of an error: YAML for who asks for it, JSON for all others. */
export function errorFormat(accept: string | undefined): Representation['format'] {
  if (!accept || accept === 'application/json') return 'json';
  const plain = ({ parameters }: AcceptClause) => !FORM_PARAMETERS.some((p) => parameters.has(p));
  const first = parseAccept(accept).find((clause) => plain(clause) && FORMATS.has(clause.type));
  return (first && FORMATS.get(first.type)) ?? 'json';
}

const BODY_TYPES = ['', ...MEDIA_TYPES];

const MALFORMED = 'malformed';
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^${TOKEN}(/${TOKEN})?$`);
const PARAMETER = new RegExp(`^${TOKEN}=(${TOKEN}|"[^"]*")$`);

/**
 * The media type of a Content-Type header: lower case, without parameters; '' when absent, and no
 * type that exists when it is malformed.
 */
export function mediaType(header: string | undefined): string {
  if (!header || header === 'application/json') return header ?? '';
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim());
  if (parameters.at(-1) === '') parameters.pop();
  const isGood = TYPE.test(type) && parameters.every((parameter) => PARAMETER.test(parameter));
  return isGood ? type.toLowerCase() : MALFORMED;
}

/**
 * Refuses request bodies that are neither JSON, YAML nor protobuf (API-103, API-323).
 * The media types of patches are the patch handler's matter. Throws 415.
 */
export function requireBodyType(method: string, contentType: string): void {
  if (method === 'PATCH' || BODY_TYPES.includes(contentType)) return;
  const what = 'the body of the request was in an unknown format';
  const message = `${what} - accepted media types include: ${MEDIA_TYPES.join(', ')}`;
  throw statusError('UnsupportedMediaType', message);
}
