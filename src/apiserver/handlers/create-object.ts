// The way of a new object from decoded to stored; used by POST, and by PUT of the few kinds that it
// creates.
import type { KubernetesObject } from '../../api/meta/object.ts';
import { invalid, statusError } from '../../api/meta/status-error.ts';
import type { StatusCause, StatusError } from '../../api/meta/status-error.ts';
import { nameSuffix } from '../../base/random.ts';
import { requestAttributes } from '../authorization/attributes.ts';
import { requireAllowed } from '../authorization/authorizer.ts';
import { groupVersion, type ResourceDefinition } from '../../api/resources.ts';
import { admit, mutate } from '../admission/admission.ts';
import { admissionRequest } from '../admission/admission-request.ts';
import type { StoredObject } from '../api-request.ts';
import { objectKey } from '../registry/object-keys.ts';
import { createObject } from '../registry/object-store.ts';
import { trackFields } from './field-tracking.ts';
import { ruleContextAt } from './handler-context.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';

/** API-405: base and suffix together are at most 63 characters. */
const GENERATED_BASE_MAX = 58;
const GENERATE_TRIES = 8;

export interface CreateRequest {
  /** A private copy with its defaults. */
  readonly object: KubernetesObject;
  readonly dryRun: boolean;
  /** True when the object has its managedFields already. */
  readonly tracked?: boolean;
}

export interface CreateResult {
  readonly stored: StoredObject;
  readonly warnings: readonly string[];
}

/**
 * Completes, checks and stores a new object (API-401 … API-405,
 * API-930). Throws 403, 404, 409, 422.
 */
export async function createDecoded(
  context: HandlerContext,
  target: ResourceRequest,
  { object, dryRun, tracked = false }: CreateRequest,
): Promise<CreateResult> {
  const { resource, rules } = target;
  const { resourceVersion } = object.metadata;
  delete object.metadata.resourceVersion;
  delete object.metadata.uid;
  delete object.metadata.creationTimestamp;
  if (!tracked) trackFields(context, target, { object, old: undefined });
  const created = { operation: 'create', object, old: undefined, dryRun } as const;
  const request = admissionRequest(context, target, created);
  const mutated = mutate(request);
  if (mutated) await mutated;
  const ruleContext = { ...ruleContextAt(context), requestor: target.request.user };
  object.metadata.uid = context.random.uuid();
  object.metadata.creationTimestamp = ruleContext.now;
  generateName(context, target, object);
  rules.prepareForCreate(object, ruleContext);
  // Addresses that cannot be had are said before all else, as upstream does.
  const allocation = context.serviceAllocator.allocate(target, object, undefined);
  try {
    throwCauses(target, object, rules.validate(object, ruleContext));
    authorizeCreate(context, target);
    const admitted = admit(request);
    if (admitted) await admitted;
    // Noticed by the reference's storage only: after all other checks, and never in a dry run.
    if (!dryRun && isRevision(resourceVersion)) {
      throw statusError('', 'resourceVersion should not be set on objects to be created');
    }
    const name = { resource, namespace: target.info.namespace, name: object.metadata.name ?? '' };
    const stored = await createObject(context.store, name, { object, dryRun });
    return { stored, warnings: [...rules.warnings(object, undefined), ...request.warnings] };
  } finally {
    allocation.settle();
  }
}

/** Zero is none, and what is no number is overlooked. */
function isRevision(resourceVersion = ''): boolean {
  return /^\d+$/.test(resourceVersion) && Number(resourceVersion) > 0;
}

/** What a PUT or an apply creates needs the right to create, too (API-301). Throws 403. */
function authorizeCreate({ authorizer }: HandlerContext, { info, request }: ResourceRequest): void {
  if (info.verb === 'create') return;
  const attributes = { ...requestAttributes(info, request.query), verb: 'create' };
  requireAllowed(authorizer, request.user, attributes);
}

/** Throws 422 when there are causes (API-314). */
export function throwCauses(
  { resource }: ResourceRequest,
  object: KubernetesObject,
  causes: readonly StatusCause[],
): void {
  // A custom resource may say to be of another kind, which is one of the causes then.
  const { apiVersion, kind: name } = object;
  const isOwn = resource.custom === undefined || apiVersion === groupVersion(resource);
  const group = isOwn ? groupOfKind(resource) : apiVersion.split('/').slice(0, -1).join('/');
  const kind = { group, kind: name };
  if (causes.length > 0) throw invalid(kind, object.metadata.name ?? '', causes);
}

/** The group that faults name: events are of the core group, wherever they are served. */
function groupOfKind({ group, kind }: ResourceDefinition): string {
  return group === 'events.k8s.io' && kind === 'Event' ? '' : group;
}

/** Fills the name from generateName. No other write can come between this look and our own. */
function generateName(
  { store, random }: HandlerContext,
  { resource, info }: ResourceRequest,
  { metadata }: KubernetesObject,
): void {
  const { generateName: given = '' } = metadata;
  if ((metadata.name ?? '') !== '' || given === '') return;
  const base = given.slice(0, GENERATED_BASE_MAX);
  for (let tries = 0; tries < GENERATE_TRIES; tries++) {
    const name = base + nameSuffix(random);
    if (store.getLatest(objectKey(resource, { namespace: info.namespace, name }))) continue;
    metadata.name = name;
    return;
  }
  throw generateNameConflict(resource, given);
}

function generateNameConflict(
  { group, resource }: { group: string; resource: string },
  base: string,
): StatusError {
  const what = group === '' ? resource : `${resource}.${group}`;
  return statusError(
    'AlreadyExists',
    `${what} ${JSON.stringify(base)} already exists, ` +
      'the server was not able to generate a unique name for the object',
    { details: { name: base, group, kind: resource, retryAfterSeconds: 1 } },
  );
}
