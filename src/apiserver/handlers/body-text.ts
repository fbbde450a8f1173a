// Request bodies as JSON values: JSON, YAML and protobuf off the wire, or values of in-process
// callers (API-103).
import type { Json } from '../../api/meta/object.ts';
import { JsonSyntaxError, parseJson } from '../../api/meta/parse-json.ts';
import { statusError } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import type { ApiRequest } from '../api-request.ts';

/** apiVersion and kind. */
export interface KindName {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface ParsedBody {
  readonly value: Json;
  /** JSON text that `value` was read from; absent for everything else. */
  readonly text: string | undefined;
  /** Complaints about keys that stand twice in YAML. */
  readonly duplicates: readonly string[];
}

/** The body is not in the format it is said to be; the message says where it breaks. */
export class BodySyntaxError extends Error {
  override name = 'BodySyntaxError';
  /** The message as the reference has it in replies. */
  readonly explanation: string;

  constructor(message: string, prefix = "couldn't get version/kind; json parse error: ") {
    super(message);
    this.explanation = prefix + message;
  }
}

/** The body names its kind, but what follows is no object of that kind. */
export class BodyContentError extends Error {
  override name = 'BodyContentError';
  readonly header: KindName;

  constructor(message: string, header: KindName) {
    super(message);
    this.header = header;
  }
}

/** Content type of bodies in protobuf. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
/** Content types of custom resources, which no table of field numbers knows. */
const CUSTOM_TYPES = ['application/json', 'application/yaml'];

/**
 * Reads a body in JSON, YAML or protobuf; `expected` is the kind of protobuf bodies that name none.
 * Throws BodySyntaxError and BodyContentError, and 415 for other content types.
 */
export async function parseBody(
  { body, contentType }: ApiRequest,
  expected: KindName,
): Promise<ParsedBody> {
  if (body !== undefined && !Buffer.isBuffer(body)) return plain(body as Json);
  if (contentType === PROTOBUF) {
    const { parseProtobuf } = await import('./protobuf-body.ts');
    return plain(parseProtobuf(body ?? Buffer.alloc(0), expected));
  }
  const text = body?.toString() ?? '';
  if (contentType === '' || contentType === 'application/json') return parseText(text);
  if (contentType !== 'application/yaml') throw unsupportedBody(BODY_TYPES);
  const { parseYaml, YamlSyntaxError } = await import('../../api/meta/parse-yaml.ts');
  try {
    return { ...parseYaml(text), text: undefined };
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw new BodySyntaxError(error.message, '');
    throw error;
  }
}

/** Reads a body in JSON, whatever its content type says. Throws BodySyntaxError. */
export function parseJsonBody({ body }: ApiRequest): ParsedBody {
  if (body !== undefined && !Buffer.isBuffer(body)) return plain(body as Json);
  return parseText(body?.toString() ?? '');
}

/** What a body says, patches too; undefined when there is none, or none that can be read. */
export async function bodyValue(request: ApiRequest): Promise<Json | undefined> {
  const { body, contentType } = request;
  if (body === undefined) return undefined;
  const isYaml = contentType.endsWith('+yaml');
  const isPatch = isYaml || contentType.endsWith('+json');
  const type = isYaml ? 'application/yaml' : isPatch ? 'application/json' : contentType;
  try {
    const none = { apiVersion: '', kind: '' };
    return (await parseBody({ ...request, contentType: type }, none)).value;
  } catch {
    return undefined;
  }
}

function plain(value: Json): ParsedBody {
  return { value, text: undefined, duplicates: [] };
}

function parseText(text: string): ParsedBody {
  try {
    return { value: parseJson(text), text, duplicates: [] };
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new BodySyntaxError(error.message);
    throw error;
  }
}

const BODY_TYPES = ['application/json', 'application/yaml', PROTOBUF];

/** API-1202: the refusal of a custom resource in protobuf. */
export const notForCustom = (): StatusError => unsupportedBody(CUSTOM_TYPES);

/** API-323. */
export function unsupportedBody(accepted: readonly string[]): StatusError {
  const types = accepted.join(', ');
  return statusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  );
}
