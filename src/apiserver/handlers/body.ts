// Request bodies: from bytes to objects of the resource's type, and the checks against the path.
import { isCustom } from '../../api/apiextensions/custom-kind.ts';
import type { CustomResource } from '../../api/apiextensions/custom-kind.ts';
import { decodeCustom } from '../../api/apiextensions/decode-custom.ts';
import { DecodeError, pathText } from '../../api/meta/decode-context.ts';
import type { DecodeStyle } from '../../api/meta/decode-context.ts';
import { decodeObject } from '../../api/meta/decode.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, KubernetesObject } from '../../api/meta/object.ts';
import { membersIfDuplicate } from '../../api/meta/parse-json.ts';
import { jsonKind } from '../../api/meta/patch/patch-error.ts';
import { badRequest } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import { groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ApiRequest } from '../api-request.ts';
import { builtinTable } from '../registry/resource-table.ts';
import {
  BodyContentError,
  BodySyntaxError,
  notForCustom,
  parseBody,
  PROTOBUF,
} from './body-text.ts';
import type { KindName, ParsedBody } from './body-text.ts';
import { keepEmptyOwners } from './field-tracking.ts';
import type { ResourceRequest } from './handler-context.ts';
import type { FieldValidation } from './write-options.ts';

export interface DecodedBody {
  /** A private copy that the handler may change. */
  readonly object: KubernetesObject;
  /** Unknown and duplicate fields, for Warning headers (API-921). */
  readonly warnings: readonly string[];
}

export const SCHEME = 'k8s/pkg/api/legacyscheme/scheme.go:30';
/** Bytes of a body that an error message shows. */
const SUMMARY_MAX = 30;

/** The object of a request body (API-303, API-921, API-922). Throws 400 and 415. */
export async function decodeBody(
  request: ApiRequest,
  resource: ResourceDefinition,
  fieldValidation: FieldValidation,
): Promise<DecodedBody> {
  if (isCustom(resource) && request.contentType === PROTOBUF) throw notForCustom();
  const parsed = await parseOrExplain(request, resource);
  const { value } = parsed;
  if (value !== null && !isJsonObject(value)) {
    throw unrecognized(request, resource, notAnObject(value));
  }
  const header = headerOf(value, resource);
  if (isCustom(resource)) requireOwnHeader(value, request, resource);
  try {
    return decodeAs(parsed, { resource, header, fieldValidation });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw cannotHandle(header, resource, error.message);
  }
}

/** A custom resource says what it is, and in the version of the path (API-303). */
export function requireOwnHeader(
  value: Json,
  request: ApiRequest,
  resource: ResourceDefinition,
): void {
  const [apiVersion, kind] = [textOf(value, 'apiVersion'), textOf(value, 'kind')];
  if (kind === '') {
    const text = JSON.stringify(value ?? {});
    const why = `Object 'Kind' is missing in '${text}'`;
    throw unrecognized(request, resource, new BodySyntaxError(why, ''));
  }
  const expected = groupVersion(resource);
  if (apiVersion === expected) return;
  throw badRequest(
    `the API version in the data (${apiVersion}) ` +
      `does not match the expected API version (${expected})`,
  );
}

function textOf(value: Json, name: string): string {
  const member = isJsonObject(value) ? value[name] : undefined;
  return typeof member === 'string' ? member : '';
}

const TYPE_META =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string ' +
  '"json:\\"kind,omitempty\\"" }';

/** What is wrong with a body that is no object. */
export function notAnObject(value: Json): BodySyntaxError {
  const why = `json: cannot unmarshal ${jsonKind(value)} into Go value of type ${TYPE_META}`;
  return new BodySyntaxError(why);
}

/** The message about a value that is no object and so has no kind. */
export function notTyped(value: Json): string {
  const what = `cannot unmarshal ${jsonKind(value)} into Go value of type ${TYPE_META}`;
  return `couldn't get version/kind; json parse error: json: ${what}`;
}

/** What the body says it is; what it leaves out is taken from the resource. */
export function headerOf(value: Json, resource: ResourceDefinition): KindName {
  const { apiVersion, kind } = isJsonObject(value) ? value : {};
  const textOr = (own: Json | undefined, otherwise: string) =>
    typeof own === 'string' && own !== '' ? own : otherwise;
  return {
    apiVersion: textOr(apiVersion, groupVersion(resource)),
    kind: textOr(kind, resource.kind),
  };
}

interface DecodeAs {
  readonly resource: ResourceDefinition;
  readonly header: KindName;
  readonly fieldValidation: FieldValidation;
}

function decodeAs(
  { value, text, duplicates }: ParsedBody,
  { resource, header, fieldValidation }: DecodeAs,
): DecodedBody {
  const wantsText = fieldValidation !== 'Ignore';
  const own = { text: wantsText ? text : undefined, style: 'json' } as const;
  const decoded = decodeOwn(value, resource, { header, ...own });
  const { object } = decoded;
  keepEmptyOwners(object, value);
  if (fieldValidation === 'Ignore') return { object, warnings: [] };
  const problems = [...duplicates, ...decoded.problems];
  if (fieldValidation === 'Strict' && problems.length > 0) {
    throw new DecodeError(strictMessage(duplicates, decoded.problems));
  }
  return { object, warnings: problems };
}

export interface DecodedOwn {
  readonly object: KubernetesObject;
  readonly problems: readonly string[];
}

/** A value as an object of the resource. Throws DecodeError. */
export function decodeOwn(
  value: Json,
  resource: ResourceDefinition,
  { header, text, style }: { header: KindName; text: string | undefined; style: DecodeStyle },
): DecodedOwn {
  if (isCustom(resource)) return decodeCustomBody(value, resource, text);
  const decoded = decodeObject(value, { type: modelOf(header, resource), style, text });
  if (!isOwn(header, resource)) throw new DecodeError(unknownConversion(header, resource));
  const object = decoded.object as unknown as KubernetesObject;
  object.apiVersion = groupVersion(resource);
  object.kind = resource.kind;
  object.metadata ??= {};
  return { object, problems: decoded.problems };
}

/** Another kind than the resource's is left for validation to refuse. */
function decodeCustomBody(
  value: Json,
  { custom }: CustomResource,
  text: string | undefined,
): DecodedOwn {
  const { object, problems } = decodeCustom(isJsonObject(value) ? value : {}, custom.schema);
  return { object, problems: [...duplicateFields({ text, value }), ...problems] };
}

/** Complaints about members that stand twice in a JSON text. */
export function duplicateFields({ text, value }: Pick<ParsedBody, 'text' | 'value'>): string[] {
  if (text === undefined) return [];
  const twice = membersIfDuplicate(text, value).filter(({ duplicate }) => duplicate);
  return [...new Set(twice.map(({ path }) => `duplicate field "${pathText(path)}"`))];
}

/** The text of a strict failure; complaints of the YAML parser come in one lump. */
function strictMessage(duplicates: readonly string[], problems: readonly string[]): string {
  const lump = duplicates.length === 0 ? [] : [yamlErrors(duplicates)];
  return `strict decoding error: ${[...lump, ...problems].join(', ')}`;
}

function yamlErrors(lines: readonly string[]): string {
  return `yaml: unmarshal errors:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

/** True when the header is that of the resource. */
export function isOwn({ apiVersion, kind }: KindName, resource: ResourceDefinition): boolean {
  return kind === resource.kind && apiVersion === groupVersion(resource);
}

/** The type of what a body says it is (API-607). Throws DecodeError for unknown kinds. */
export function modelOf(header: KindName, resource: ResourceDefinition): string {
  if (isOwn(header, resource)) return resource.model;
  const { group, version } = splitVersion(header.apiVersion);
  const kind = header.kind.replace(/List$/, '');
  const other = builtinTable.findKind({ group, version, kind });
  if (!other) throw new DecodeError(notRegistered(header, SCHEME));
  return other.model;
}

/** The message about a kind that nobody knows. */
export function notRegistered({ apiVersion, kind }: KindName, scheme: string): string {
  const quoted = [kind, apiVersion, scheme].map((text) => JSON.stringify(text));
  return `no kind ${quoted[0]} is registered for version ${quoted[1]} in scheme ${quoted[2]}`;
}

/** The message about a kind that is not the resource's. */
export function unknownConversion(
  { apiVersion, kind }: KindName,
  resource: ResourceDefinition,
): string {
  const { version } = splitVersion(apiVersion);
  const internal = resource.group === '' ? 'core' : resource.group.split('.')[0];
  return `converting (${version}.${kind}) to (${internal}.${resource.kind}): unknown conversion`;
}

function splitVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return {
    group: slash < 0 ? '' : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
  };
}

function cannotHandle(header: KindName, resource: ResourceDefinition, why: string): StatusError {
  const { version } = splitVersion(header.apiVersion);
  return badRequest(
    `${header.kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`,
  );
}

async function parseOrExplain(
  request: ApiRequest,
  resource: ResourceDefinition,
): Promise<ParsedBody> {
  try {
    return await parseBody(request, headerOf(null, resource));
  } catch (error) {
    if (error instanceof BodySyntaxError) throw unrecognized(request, resource, error);
    if (error instanceof BodyContentError)
      throw cannotHandle(error.header, resource, error.message);
    throw error;
  }
}

function unrecognized(
  { body }: ApiRequest,
  resource: ResourceDefinition,
  { explanation }: BodySyntaxError,
): StatusError {
  return badRequest(
    `the object provided is unrecognized (must be of type ${resource.kind}): ` +
      `${explanation} (${summary(body)})`,
  );
}

function summary(body: ApiRequest['body']): string {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body ?? '') ?? '');
  if (body === undefined || bytes.length === 0) return '<empty>';
  const more = bytes.length > SUMMARY_MAX ? ' ...' : '';
  const start = bytes.subarray(0, SUMMARY_MAX);
  return start.toString(bytes[0] === '{'.charCodeAt(0) ? 'utf8' : 'hex') + more;
}

/** API-303: the namespace is the path's; a differing one in the body is 400. */
export function matchNamespace({ metadata }: KubernetesObject, target: ResourceRequest): void {
  const { namespace } = target.info;
  const own = metadata.namespace ?? '';
  if (namespace === '') delete metadata.namespace;
  else if (own !== '' && own !== namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  } else metadata.namespace = namespace;
}

/** API-303: throws 400 unless the name is the path's. */
export function matchName({ metadata }: KubernetesObject, { info }: ResourceRequest): void {
  const name = metadata.name ?? '';
  if (name === info.name) return;
  throw badRequest(
    name === ''
      ? `the name of the object (${info.name} based on URL) was undeterminable: ` +
          'name must be provided'
      : `the name of the object (${name}) does not match the name on the URL (${info.name})`,
  );
}
