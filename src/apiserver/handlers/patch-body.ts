// Patches: their three types, applied and decoded again (API-601 … API-607).
import { DecodeError } from '../../api/meta/decode-context.ts';
import type { DecodeStyle } from '../../api/meta/decode-context.ts';
import { fieldPath, invalidValue } from '../../api/meta/field-errors.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, JsonObject, KubernetesObject } from '../../api/meta/object.ts';
import { applyJsonPatch } from '../../api/meta/patch/json-patch.ts';
import { applyMergePatch } from '../../api/meta/patch/merge-patch.ts';
import { goText, jsonKind, malformedPatch } from '../../api/meta/patch/patch-error.ts';
import { applyStrategicMerge } from '../../api/meta/patch/strategic-merge.ts';
import { badRequest, internalError, statusError } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import { builtinTypes } from '../../api/meta/type-model.ts';
import { groupVersion } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ApiRequest } from '../api-request.ts';
import { present } from '../../base/assert.ts';
import { APPLY_TYPE } from './apply-patch.ts';
import { BodySyntaxError, parseJsonBody, unsupportedBody } from './body-text.ts';
import type { KindName, ParsedBody } from './body-text.ts';
import { decodeOwn, duplicateFields, headerOf, notTyped } from './body.ts';
import type { DecodedBody, DecodedOwn } from './body.ts';
import { keepEmptyOwners } from './field-tracking.ts';
import type { FieldValidation } from './write-options.ts';

export interface Patch {
  /** The patched object; `current` is not changed. Throws 400, 422 and 500. */
  apply(current: KubernetesObject): DecodedBody;
}

interface PatchType {
  apply(current: Json, patch: Json, resource: ResourceDefinition): Json;
  /** How the reference words type errors of the result, and shows the object. */
  readonly style: 'json' | 'converter';
  /** Complaints about members of the patch itself. */
  complaints(parsed: ParsedBody): string[];
  /** Put before complaints about the syntax of the patch itself. */
  readonly syntaxPrefix: string;
}

/** Custom resources know no merge keys. */
const STRATEGIC = 'application/strategic-merge-patch+json';
const DECODING = 'error decoding patch: ';
const OPERATION_FIELDS: ReadonlySet<string> = new Set(['op', 'path', 'from', 'value']);

const patchTypes: ReadonlyMap<string, PatchType> = new Map<string, PatchType>([
  [
    'application/json-patch+json',
    {
      apply: applyJsonPatch,
      style: 'json',
      complaints: complaintsOfOperations,
      syntaxPrefix: DECODING,
    },
  ],
  [
    'application/merge-patch+json',
    { apply: mergeObjects, style: 'json', complaints: duplicateFields, syntaxPrefix: DECODING },
  ],
  [
    STRATEGIC,
    {
      apply: (current, patch, { model }) =>
        applyStrategicMerge(current as JsonObject, patch, { type: model, model: builtinTypes }),
      style: 'converter',
      complaints: duplicateFields,
      syntaxPrefix: '',
    },
  ],
]);

/** What is doubtful in the operations of a JSON patch, and then in what they add. */
function complaintsOfOperations(parsed: ParsedBody): string[] {
  const steps = Array.isArray(parsed.value) ? parsed.value : [];
  const unknown = steps.flatMap((step, index) =>
    Object.keys(isJsonObject(step) ? step : {})
      .filter((name) => !OPERATION_FIELDS.has(name))
      .map((name) => `unknown field "[${index}].${name}"`),
  );
  const twice = duplicateFields(parsed);
  const ofSteps = [...twice, ...unknown].map((text) => `json patch ${text}`);
  return [...ofSteps, ...twice.flatMap((text) => duplicateInResult(text, steps))];
}

/** A member that stands twice in the value of an operation does so in the result too. */
function duplicateInResult(complaint: string, steps: readonly Json[]): string[] {
  const [, index, inside] = /^duplicate field "\[(\d+)\]\.value\.(.+)"$/.exec(complaint) ?? [];
  const step = steps[Number(index)] ?? null;
  const path = isJsonObject(step) ? step['path'] : undefined;
  if (inside === undefined || typeof path !== 'string') return [];
  return [`duplicate field "${path.slice(1).replaceAll('/', '.')}.${inside}"`];
}

function mergeObjects(current: Json, patch: Json): Json {
  if (isJsonObject(patch)) return applyMergePatch(current, patch);
  if (patch === null) throw badRequest('Invalid JSON Patch');
  const kind = jsonKind(patch);
  throw malformedPatch(
    `${DECODING}json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
  );
}

/** Throws 415 for types that are no patch; the routes of built-in resources say so in short. */
export function requirePatchType({ contentType }: ApiRequest, resource: ResourceDefinition): void {
  const offered = [...patchTypes.keys()].filter((name) => !resource.custom || name !== STRATEGIC);
  if (contentType === APPLY_TYPE || offered.includes(contentType)) return;
  if (resource.custom) throw unsupportedBody([...offered, APPLY_TYPE]);
  const message = '415: Unsupported Media Type';
  throw statusError('UnsupportedMediaType', message, { details: {} });
}

/** Reads a patch of a type that was checked. Throws 400 for a body that is no JSON. */
export function readPatch(
  request: ApiRequest,
  resource: ResourceDefinition,
  fieldValidation: FieldValidation,
): Patch {
  const type = present(patchTypes.get(request.contentType), 'the type of the patch');
  const parsed = parsePatch(request, type);
  const duplicates = fieldValidation === 'Ignore' ? [] : type.complaints(parsed);
  return {
    apply(current) {
      const json = type.apply(current as unknown as Json, parsed.value, resource);
      try {
        return decodePatched(json, { resource, type, fieldValidation, duplicates });
      } catch (error) {
        if (error instanceof DecodeError) throw invalidPatch(json, type, error.message);
        throw error;
      }
    },
  };
}

interface PatchedAs {
  readonly resource: ResourceDefinition;
  readonly type: PatchType;
  readonly fieldValidation: FieldValidation;
  readonly duplicates: readonly string[];
}

function decodePatched(
  json: Json,
  { resource, type, fieldValidation, duplicates }: PatchedAs,
): DecodedBody {
  const decoded = decodeResult(json, resource, type.style);
  const { object } = decoded;
  keepEmptyOwners(object, json);
  if (fieldValidation === 'Ignore') return { object, warnings: [] };
  const problems = [...duplicates, ...decoded.problems];
  if (fieldValidation === 'Strict' && problems.length > 0) {
    throw new DecodeError(`strict decoding error: ${problems.join(', ')}`);
  }
  return { object, warnings: problems };
}

function parsePatch(request: ApiRequest, { syntaxPrefix }: PatchType): ParsedBody {
  try {
    return parseJsonBody(request);
  } catch (error) {
    if (error instanceof BodySyntaxError) throw badRequest(syntaxPrefix + error.message);
    throw error;
  }
}

function decodeResult(json: Json, resource: ResourceDefinition, style: DecodeStyle): DecodedOwn {
  const own = { apiVersion: groupVersion(resource), kind: resource.kind };
  // The converter goes by Go's types: what the patch says of the kind counts for nothing.
  if (style === 'converter')
    return decodeOwn(json, resource, { header: own, text: undefined, style });
  if (resource.custom) {
    requireHeader(json);
    const header = headerOf(json, resource);
    return decodeOwn(json, resource, { header, text: undefined, style });
  }
  if (!isJsonObject(json)) throw new DecodeError(notTyped(json));
  const { apiVersion = '' } = json;
  if (apiVersion === '') return decodeUnversioned(json, own);
  if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2) {
    throw new DecodeError(`unexpected GroupVersion string: ${apiVersion}`);
  }
  const header = headerOf(json, resource);
  const { object, problems } = decodeOwn(json, resource, { header, text: undefined, style });
  return { object, problems: problems.toSorted() };
}

/** Custom resources must say what they are. */
function requireHeader(json: Json): void {
  const { kind, apiVersion } = isJsonObject(json) ? json : {};
  if ((kind ?? '') === '') {
    throw new DecodeError(`Object 'Kind' is missing in '${JSON.stringify(sorted(json))}'`);
  }
  if ((apiVersion ?? '') === '') {
    throw internalError("Object 'apiVersion' is missing in 'object has no apiVersion field'");
  }
}

/** Without a version the reference reads its internal form, which shares no field with ours. */
function decodeUnversioned(json: JsonObject, own: KindName): DecodedOwn {
  const unknown = Object.keys(json).filter((name) => !Object.hasOwn(own, name));
  const problems = unknown.toSorted().map((name) => `unknown field "${name}"`);
  return { object: { ...own, metadata: {} }, problems };
}

/** API-606: a result that doesn't fit its type is 422 at field `patch`. */
function invalidPatch(json: Json, { style }: PatchType, why: string): StatusError {
  const shown = style === 'json' ? JSON.stringify(sorted(json)) : goText(json);
  const cause = invalidValue(fieldPath('patch'), shown, why);
  const message = ` "" is invalid: patch: ${cause.message ?? ''}`;
  return statusError('Invalid', message, { details: { causes: [cause] } });
}

/** The reference keeps the members of a patched document by name. */
function sorted(json: Json): Json {
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(Object.entries(json).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
