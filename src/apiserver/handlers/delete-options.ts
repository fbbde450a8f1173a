// DeleteOptions from the body or the query (API-901), checked.
import { fieldPath, invalidValue, notSupported } from '../../api/meta/field-errors.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, JsonObject } from '../../api/meta/object.ts';
import { DecodeError } from '../../api/meta/decode-context.ts';
import { decodeObject } from '../../api/meta/decode.ts';
import { customResourceDefinitions } from '../../api/other-resources.ts';
import { groupVersion, namespaces } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { badRequest, conflict } from '../../api/meta/status-error.ts';
import type { StatusCause } from '../../api/meta/status-error.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../api-request.ts';
import { BodyContentError, BodySyntaxError, parseBody } from './body-text.ts';
import { notAnObject, notRegistered } from './body.ts';
import { parseInteger } from './list-options.ts';
import { isTrue } from '../request-info.ts';
import { checkDryRun, invalidOptions } from './write-options.ts';

export type PropagationPolicy = 'Foreground' | 'Background' | 'Orphan';

export interface DeleteOptions {
  readonly dryRun: boolean;
  /** Negative ones count as 1 (API-903). */
  readonly gracePeriodSeconds: number | undefined;
  readonly preconditions: Preconditions;
  readonly propagationPolicy: PropagationPolicy | undefined;
  readonly orphanDependents: boolean | undefined;
}

export interface Preconditions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

const POLICIES: readonly string[] = ['Foreground', 'Background', 'Orphan'];
const SCHEME = 'k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27';

/**
 * Reads the options of a DELETE: the body's, or those of the query without one. Throws 400 and 422.
 */
export async function readDeleteOptions(request: ApiRequest): Promise<DeleteOptions> {
  const { body, query } = request;
  const isEmpty = body === undefined || (Buffer.isBuffer(body) && body.length === 0);
  return parseDeleteOptions(isEmpty ? queryOptions(query) : checkBody(await readOptions(request)));
}

async function readOptions(request: ApiRequest): Promise<Json> {
  try {
    return (await parseBody(request, { apiVersion: 'v1', kind: 'DeleteOptions' })).value;
  } catch (error) {
    if (error instanceof BodySyntaxError) throw badRequest(error.explanation);
    if (error instanceof BodyContentError) throw badRequest(error.message);
    throw error;
  }
}

const asText = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value));

/** Reads options that are a JSON value already. Throws 422. */
export function parseDeleteOptions(raw: JsonObject): DeleteOptions {
  const dryRun = Array.isArray(raw.dryRun) ? raw.dryRun.map(asText) : [];
  const { orphanDependents, propagationPolicy } = raw;
  const causes: StatusCause[] = [...checkDryRun(dryRun)];
  const path = fieldPath('propagationPolicy');
  if (typeof orphanDependents === 'boolean' && typeof propagationPolicy === 'string') {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    causes.unshift(invalidValue(path, propagationPolicy, why));
  }
  if (typeof propagationPolicy === 'string' && !POLICIES.includes(propagationPolicy)) {
    causes.unshift(notSupported(path, propagationPolicy, [...POLICIES, 'nil']));
  }
  if (causes.length > 0) throw invalidOptions('DeleteOptions', causes);
  const grace = raw.gracePeriodSeconds;
  const preconditions = isJsonObject(raw.preconditions) ? raw.preconditions : {};
  return {
    dryRun: dryRun.length > 0,
    gracePeriodSeconds: typeof grace === 'number' ? (grace < 0 ? 1 : grace) : undefined,
    preconditions: {
      uid: textOf(preconditions.uid),
      resourceVersion: textOf(preconditions.resourceVersion),
    },
    propagationPolicy: propagationPolicy as PropagationPolicy | undefined,
    orphanDependents: typeof orphanDependents === 'boolean' ? orphanDependents : undefined,
  };
}

/** Kinds that look at the preconditions themselves, before their first mark of deletion. */
const SELF_CHECKED: readonly ResourceDefinition[] = [namespaces, customResourceDefinitions];

/** API-903: throws 409 when the object is not the one that was meant. */
export function checkDeletePreconditions(
  preconditions: Preconditions,
  object: KubernetesObject,
): void {
  const { uid, resourceVersion } = preconditions;
  const { apiVersion, kind, metadata } = object;
  const own = SELF_CHECKED.find((one) => one.kind === kind && groupVersion(one) === apiVersion);
  if (own) return checkOwn(preconditions, own, object);
  const slash = apiVersion.indexOf('/');
  const resource = { group: slash < 0 ? '' : apiVersion.slice(0, slash), resource: kind };
  const name = metadata.name ?? '';
  if (uid !== undefined && uid !== metadata.uid) {
    const why =
      `the UID in the precondition (${uid}) does not match the UID in record ` +
      `(${metadata.uid ?? ''}). The object might have been deleted and then recreated`;
    throw conflict(resource, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why =
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ` +
      `ResourceVersion in record (${metadata.resourceVersion ?? ''}). ` +
      'The object might have been modified';
    throw conflict(resource, name, why);
  }
}

function checkOwn(
  { uid, resourceVersion }: Preconditions,
  resource: ResourceDefinition,
  { metadata }: KubernetesObject,
): void {
  const conflictOf = (name: string, wanted: string, own = '') => {
    const why = `${name} in precondition: ${wanted}, ${name} in object meta: ${own}`;
    return conflict(resource, metadata.name ?? '', `Precondition failed: ${why}`);
  };
  if (uid !== undefined && uid !== metadata.uid) throw conflictOf('UID', uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw conflictOf('ResourceVersion', resourceVersion, metadata.resourceVersion);
  }
}

function checkBody(value: Json): JsonObject {
  const json = value ?? {};
  if (!isJsonObject(json)) throw badRequest(notAnObject(json).explanation);
  checkKind(json);
  try {
    decodeObject(json, { type: 'DeleteOptions' });
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(error.message) : error;
  }
  return json;
}

function checkKind({ kind, apiVersion }: JsonObject): void {
  if (typeof kind === 'string' && kind !== '' && kind !== 'DeleteOptions') {
    const version = typeof apiVersion === 'string' && apiVersion !== '' ? apiVersion : 'v1';
    throw badRequest(notRegistered({ apiVersion: version, kind }, SCHEME));
  }
}

function queryOptions(query: URLSearchParams): JsonObject {
  const options: JsonObject = {};
  const grace = parseInteger(query.get('gracePeriodSeconds'));
  if (grace !== undefined) options.gracePeriodSeconds = grace;
  const policy = query.get('propagationPolicy');
  if (policy !== null) options.propagationPolicy = policy;
  const orphan = query.get('orphanDependents');
  if (orphan !== null) options.orphanDependents = isTrue(orphan);
  if (query.has('dryRun')) options.dryRun = query.getAll('dryRun');
  const uid = query.get('uid');
  const resourceVersion = query.get('resourceVersion');
  options.preconditions = {
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
  return options;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
