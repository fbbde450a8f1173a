// AdmissionReview (admission.k8s.io/v1): what a webhook is asked, and whether what it answers is an
// answer.
import type { Status } from '../../../api/generated/types.ts';
import { goQuote } from '../../../api/meta/go-quote.ts';
import { isJsonObject } from '../../../api/meta/object.ts';
import type { JsonObject, KubernetesObject } from '../../../api/meta/object.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import type { Matched } from '../match-request.ts';

const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

export interface Answer {
  readonly allowed: boolean;
  /** Operations of a JSON patch; undefined when nothing is to change. */
  readonly patch: string | undefined;
  readonly result: Status | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** The question; `uid` marks its answer. */
export function reviewOf(request: AdmissionRequest, matched: Matched, uid: string): JsonObject {
  const { operation, object, old } = request;
  const isGone = operation === 'delete';
  const shown = (value: KubernetesObject | undefined) =>
    value === undefined ? null : (matched.form.to(value) as unknown as JsonObject);
  return {
    kind: KIND,
    apiVersion: API_VERSION,
    request: {
      uid,
      ...matchedRequest(request, matched),
      object: isGone ? null : shown(object),
      oldObject: shown(isGone ? object : old),
    },
  };
}

/** All of a review's request but the objects: what expressions know as `request`. */
export function matchedRequest(request: AdmissionRequest, { form, subject }: Matched): JsonObject {
  const { target, dryRun } = request;
  const { resource } = target;
  const { user } = target.request;
  const part = subject.subresource;
  return {
    kind: kindOf(request.kind ?? form.resource),
    resource: resourceOf(form.resource),
    ...(part === '' ? {} : { subResource: part }),
    requestKind: kindOf(request.kind ?? resource),
    requestResource: resourceOf(resource),
    ...(part === '' ? {} : { requestSubResource: part }),
    ...textMember('name', subject.name),
    ...textMember('namespace', subject.namespace),
    operation: subject.operation,
    userInfo: {
      username: user.name,
      ...textMember('uid', user.uid),
      groups: [...user.groups],
      ...(user.extra ? { extra: user.extra as JsonObject } : {}),
    },
    dryRun,
    options: optionsOf(request),
  };
}

function kindOf({ group, version, kind }: ResourceDefinition): JsonObject {
  return { group, version, kind };
}

function resourceOf({ group, version, resource }: ResourceDefinition): JsonObject {
  return { group, version, resource };
}

function textMember(name: string, text: string): JsonObject {
  return text === '' ? {} : { [name]: text };
}

const OPTIONS: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  delete: 'DeleteOptions',
};

function optionsOf({ operation, target, dryRun }: AdmissionRequest): JsonObject | null {
  const kind = OPTIONS[operation];
  if (kind === undefined) return null;
  const { query } = target.request;
  const names =
    operation === 'delete' ? ['propagationPolicy'] : ['fieldManager', 'fieldValidation'];
  const given = names.map((name) => textMember(name, query.get(name) ?? ''));
  return {
    kind,
    apiVersion: 'meta.k8s.io/v1',
    ...(dryRun ? { dryRun: ['All'] } : {}),
    ...Object.assign({}, ...given),
  };
}

/** Reads an answer. Throws Error for what is none. */
export function readAnswer(
  review: unknown,
  { uid, mutating }: { uid: string; mutating: boolean },
): Answer {
  if (!isJsonObject(review)) throw new Error('webhook response was absent');
  const { response, apiVersion, kind } = review;
  if (!isJsonObject(response)) throw new Error('webhook response was absent');
  if (response['uid'] !== uid) {
    const got = goQuote(textOf(response['uid']));
    throw new Error(`expected response.uid=${goQuote(uid)}, got ${got}`);
  }
  if (apiVersion !== API_VERSION || kind !== KIND) {
    const expected = `${API_VERSION}, Kind=${KIND}`;
    const version = textOf(apiVersion);
    const got = `${version.includes('/') ? '' : '/'}${version}, Kind=${textOf(kind)}`;
    throw new Error(`expected webhook response of ${expected}, got ${got}`);
  }
  const { status } = response;
  return {
    allowed: response['allowed'] === true,
    patch: patchOf(response, mutating),
    result: resultOf(status),
    warnings: listOf(response['warnings']),
    auditAnnotations: textsOf(response['auditAnnotations']),
  };
}

function patchOf({ patch, patchType }: JsonObject, mutating: boolean): string | undefined {
  const encoded = textOf(patch);
  const hasType = typeof patchType === 'string';
  if (!mutating) {
    if (encoded !== '') throw new Error('validating webhook may not return response.patch');
    if (hasType) throw new Error('validating webhook may not return response.patchType');
    return undefined;
  }
  if (encoded !== '' && !hasType) {
    throw new Error('webhook returned response.patch but not response.patchType');
  }
  if (encoded === '' && hasType) {
    throw new Error('webhook returned response.patchType but not response.patch');
  }
  if (encoded === '') return undefined;
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
  if (patchType !== 'JSONPatch')
    throw new Error(`unsupported patch type ${goQuote(textOf(patchType))}`);
  return Buffer.from(encoded, 'base64').toString();
}

function resultOf(value: unknown): Status | undefined {
  return isJsonObject(value) ? (value as unknown as Status) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function textsOf(value: unknown): Record<string, string> {
  if (!isJsonObject(value)) return {};
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
