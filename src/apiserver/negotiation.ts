// Content negotiation: which form of a reply the caller accepts (API-105) and which request bodies
// the server reads (API-103).
import { statusError } from '../api/meta/status-error.ts';

export type TransformKind = 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

/** The form a reply takes. */
export interface Representation {
  readonly format: 'json' | 'yaml';
  /** Set when the caller wants the objects in another shape than their own. */
  readonly transform: { readonly kind: TransformKind; readonly version: string } | undefined;
}

export interface AcceptClause {
  /** `application/json`, lower case. */
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const FORMATS: ReadonlyMap<string, Representation['format']> = new Map([
  ['application/json', 'json'],
  ['*/*', 'json'],
  ['application/*', 'json'],
  ['application/yaml', 'yaml'],
  // Clients decode by the reply's own content type, so JSON serves them too (API-104).
  ['application/vnd.kubernetes.protobuf', 'json'],
]);

const MEDIA_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const TRANSFORMS = ['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'];
const PLAIN: Representation = { format: 'json', transform: undefined };

function parseClause(text: string): AcceptClause & { quality: number } {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals > 0) parameters.set(parameter.slice(0, equals), parameter.slice(equals + 1));
  }
  const quality = Number(parameters.get('q') ?? 1);
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

/** The clauses of an Accept header, most wanted first; an absent header accepts everything. */
export function parseAccept(header: string | undefined): AcceptClause[] {
  const clauses = (header === undefined || header.trim() === '' ? '*/*' : header)
    .split(',')
    .map(parseClause);
  return clauses.sort((a, b) => b.quality - a.quality);
}

/**
 * Refuses callers that accept none of our media types at all (API-324), before anything is done.
 * A wildcard subtype doesn't count, as in the reference. Throws 406.
 */
function requireMediaType(clauses: readonly AcceptClause[]): void {
  const known = (type: string) => type === '*/*' || MEDIA_TYPES.includes(type);
  if (clauses.some((clause) => known(clause.type))) return;
  const offered = MEDIA_TYPES.join(', ');
  throw statusError(
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${offered}`,
    { details: {} },
  );
}

function representation(clause: AcceptClause, stream: boolean): Representation | undefined {
  const format = FORMATS.get(clause.type);
  if (format === undefined || (stream && format === 'yaml')) return undefined;
  const kind = clause.parameters.get('as');
  if (kind === undefined) return format === 'json' ? PLAIN : { format, transform: undefined };
  const version = clause.parameters.get('v') ?? '';
  if (clause.parameters.get('g') !== 'meta.k8s.io' || !['v1', 'v1beta1'].includes(version)) {
    return undefined;
  }
  if (!TRANSFORMS.includes(kind)) return undefined;
  return { format, transform: { kind: kind as TransformKind, version } };
}

/**
 * The first form in the caller's order that can be served (API-105).
 * `stream`: the reply is a watch, for which there is no YAML. Throws 406 (API-324).
 */
export function negotiate(accept: string | undefined, { stream = false } = {}): Representation {
  if (accept === undefined || accept === 'application/json') return PLAIN;
  const clauses = parseAccept(accept);
  requireMediaType(clauses);
  for (const clause of clauses) {
    const found = representation(clause, stream);
    if (found) return found;
  }
  const offered = MEDIA_TYPES.join(', ');
  throw statusError('NotAcceptable', `only the following media types are accepted: ${offered}`);
}

const BODY_TYPES = ['', ...MEDIA_TYPES];

/** The media type of a Content-Type header: lower case, without parameters; '' when absent. */
export function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]!.trim().toLowerCase();
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
