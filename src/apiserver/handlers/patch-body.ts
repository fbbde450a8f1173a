// Patches: their three types, applied and decoded again (API-601 … API-607).
import { DecodeError } from '../../api/meta/decode-context.ts';
import { fieldPath, invalidValue } from '../../api/meta/field-errors.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, JsonObject, KubernetesObject } from '../../api/meta/object.ts';
import { applyJsonPatch } from '../../api/meta/patch/json-patch.ts';
import { applyMergePatch } from '../../api/meta/patch/merge-patch.ts';
import { goText, jsonKind, malformedPatch } from '../../api/meta/patch/patch-error.ts';
import { applyStrategicMerge } from '../../api/meta/patch/strategic-merge.ts';
import { badRequest, statusError } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import { builtinTypes } from '../../api/meta/type-model.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import type { ApiRequest } from '../api-request.ts';
import { present } from '../../base/assert.ts';
import { APPLY_TYPE } from './apply-patch.ts';
import { BodySyntaxError, parseJsonBody, unsupportedBody } from './body-text.ts';
import type { ParsedBody } from './body-text.ts';
import { decodeOwn, duplicateFields, headerOf } from './body.ts';
import type { DecodedBody } from './body.ts';
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
  /** Put before complaints about the syntax of the patch itself. */
  readonly syntaxPrefix: string;
}

/** Custom resources know no merge keys. */
const STRATEGIC = 'application/strategic-merge-patch+json';
const DECODING = 'error decoding patch: ';

const patchTypes: ReadonlyMap<string, PatchType> = new Map<string, PatchType>([
  ['application/json-patch+json', { apply: applyJsonPatch, style: 'json', syntaxPrefix: DECODING }],
  ['application/merge-patch+json', { apply: mergeObjects, style: 'json', syntaxPrefix: DECODING }],
  [
    STRATEGIC,
    {
      apply: (current, patch, { model }) =>
        applyStrategicMerge(current as JsonObject, patch, { type: model, model: builtinTypes }),
      style: 'converter',
      syntaxPrefix: '',
    },
  ],
]);

function mergeObjects(current: Json, patch: Json): Json {
  if (isJsonObject(patch)) return applyMergePatch(current, patch);
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
  const duplicates = fieldValidation === 'Ignore' ? [] : duplicateFields(parsed);
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
  const header = headerOf(json, resource);
  const decoded = decodeOwn(json, resource, { header, text: undefined, style: type.style });
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

/** API-606: a result that doesn't fit its type is 422 at field `patch`. */
function invalidPatch(json: Json, { style }: PatchType, why: string): StatusError {
  const shown = style === 'json' ? JSON.stringify(json) : goText(json);
  const cause = invalidValue(fieldPath('patch'), shown, why);
  const message = ` "" is invalid: patch: ${cause.message ?? ''}`;
  return statusError('Invalid', message, { details: { causes: [cause] } });
}
