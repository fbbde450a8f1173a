// Request bodies as JSON values: JSON and YAML off the wire, or values of in-process callers
// (API-103).
import type { Json } from '../../api/meta/object.ts';
import { JsonSyntaxError, parseJson } from '../../api/meta/parse-json.ts';
import { statusError } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import type { ApiRequest } from '../api-request.ts';

export interface ParsedBody {
  readonly value: Json;
  /** JSON text that `value` was read from; absent for YAML and in-process callers. */
  readonly text: string | undefined;
  /** Complaints about keys that stand twice in YAML. */
  readonly duplicates: readonly string[];
}

/** The body is neither JSON nor YAML; the message says where it breaks. */
export class BodySyntaxError extends Error {
  override name = 'BodySyntaxError';
}

/** Reads a body in JSON or YAML. Throws BodySyntaxError, and 415 for other content types. */
export async function parseBody({ body, contentType }: ApiRequest): Promise<ParsedBody> {
  if (body !== undefined && !Buffer.isBuffer(body)) return plain(body as Json);
  const text = body?.toString() ?? '';
  if (contentType === '' || contentType === 'application/json') return parseText(text);
  if (contentType !== 'application/yaml') throw unsupportedBody(BODY_TYPES);
  const { parseYaml, YamlSyntaxError } = await import('../../api/meta/parse-yaml.ts');
  try {
    return { ...parseYaml(text), text: undefined };
  } catch (error) {
    if (error instanceof YamlSyntaxError) throw new BodySyntaxError(error.message);
    throw error;
  }
}

/** Reads a body in JSON, whatever its content type says. Throws BodySyntaxError. */
export function parseJsonBody({ body }: ApiRequest): ParsedBody {
  if (body !== undefined && !Buffer.isBuffer(body)) return plain(body as Json);
  return parseText(body?.toString() ?? '');
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

const BODY_TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** API-323. */
export function unsupportedBody(accepted: readonly string[]): StatusError {
  const types = accepted.join(', ');
  return statusError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  );
}
