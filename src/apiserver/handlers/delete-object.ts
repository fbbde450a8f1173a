// Deletes one object: runs the deletion plan against the store until it waits or is gone.
import { beginEnd } from '../../api/apiextensions/definition-status.ts';
import type { CustomResourceDefinition, Namespace } from '../../api/generated/types.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { customResourceDefinitions } from '../../api/other-resources.ts';
import { namespaces } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { formatTime } from '../../base/time.ts';
import { admit, mutate } from '../admission/admission.ts';
import { admissionRequest } from '../admission/admission-request.ts';
import { whenDone } from '../admission/when-done.ts';
import type { StoredObject } from '../api-request.ts';
import { changeObject } from '../registry/object-store.ts';
import type { Change, ChangeResult, Target } from '../registry/object-store.ts';
import { checkDeletePreconditions } from './delete-options.ts';
import type { DeleteOptions, Preconditions } from './delete-options.ts';
import { garbageFinalizers, planDeletion, podGraceSeconds } from './deletion.ts';
import type { DeletionTraits } from './deletion.ts';
import { targetOf } from './get.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';

const JOBS_ORPHAN =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background ' +
  'to remove them or set propagationPolicy=Orphan to suppress this warning';

export interface Deletion {
  /** The last state, or the state that waits for its end. */
  readonly stored: StoredObject;
  readonly gone: boolean;
  /** Of admission. */
  readonly warnings: readonly string[];
}

/** Throws 403, 404 and 409. */
export async function deleteObject(
  context: HandlerContext,
  target: ResourceRequest,
  options: DeleteOptions,
): Promise<Deletion> {
  const { store } = context;
  const { dryRun, preconditions } = options;
  let thenRemove = false;
  let warnings: string[] = [];
  const decide = (current: KubernetesObject): Change | Promise<Change> => {
    checkDeletePreconditions(preconditions, current);
    const deletion = { operation: 'delete', object: current, old: undefined, dryRun } as const;
    const request = admissionRequest(context, target, deletion);
    ({ warnings } = request);
    const admitted = whenDone(mutate(request), () => admit(request));
    return whenDone(admitted, () => next(current));
  };
  const next = (current: KubernetesObject): Change => {
    const marked = terminatingNamespace(context, target, { current, options });
    if (marked) return marked;
    const ending = endingDefinition(context, target, current);
    if (ending) return ending;
    const nowMs = context.clock.now();
    const step = planDeletion(current, { options, nowMs, traits: traitsOf(target) });
    thenRemove = step.next === 'mark' && step.thenRemove;
    if (step.next === 'mark') return { action: 'put', object: step.object };
    return { action: step.next === 'remove' ? 'delete' : 'keep' };
  };
  const result = await changeObject(store, targetOf(target), { decide, dryRun });
  if (!thenRemove) return { stored: result.stored, gone: result.deleted, warnings };
  if (!dryRun) await remove(context, targetOf(target), uidOnly(result.stored, preconditions));
  return { stored: result.stored, gone: true, warnings };
}

/** The second half of a deletion in two steps; somebody else may have done it (API-907). */
async function remove(
  { store }: HandlerContext,
  target: Target,
  preconditions: Preconditions,
): Promise<ChangeResult | undefined> {
  const decide = (current: KubernetesObject): Change => {
    checkDeletePreconditions(preconditions, current);
    return { action: (current.metadata.finalizers ?? []).length > 0 ? 'keep' : 'delete' };
  };
  try {
    return await changeObject(store, target, { decide, dryRun: false });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The mark has moved the resourceVersion on; the uid stays. */
function uidOnly({ object }: StoredObject, { uid }: Preconditions): Preconditions {
  return { uid: uid ?? object.metadata.uid, resourceVersion: undefined };
}

function traitsOf({ resource }: ResourceRequest): DeletionTraits {
  const isCore = resource.group === '';
  return {
    grace: isCore && resource.resource === 'pods' ? podGraceSeconds : undefined,
    collectsGarbage: resource.resource !== 'events',
    orphansByDefault: isJob(resource) || (isCore && resource.resource === 'replicationcontrollers'),
  };
}

function isJob({ group, resource }: ResourceDefinition): boolean {
  return group === 'batch' && resource === 'jobs';
}

/** API-904: Jobs leave their pods behind, which surprises people. */
export function deletionWarnings(
  { resource }: ResourceRequest,
  { propagationPolicy, orphanDependents }: DeleteOptions,
): string[] {
  const isSaid = propagationPolicy !== undefined || orphanDependents !== undefined;
  return isJob(resource) && !isSaid ? [JOBS_ORPHAN] : [];
}

/** API-909: a namespace first turns Terminating; it goes when its spec.finalizers are empty. */
function terminatingNamespace(
  { clock }: HandlerContext,
  { resource }: ResourceRequest,
  { current, options }: { current: KubernetesObject; options: DeleteOptions },
): Change | undefined {
  if (resource !== namespaces) return undefined;
  const { metadata, spec, status } = current as Namespace;
  if (metadata.deletionTimestamp !== undefined) {
    return (spec?.finalizers ?? []).length > 0 ? { action: 'keep' } : undefined;
  }
  const finalizers = garbageFinalizers(current, options);
  const object = {
    ...current,
    metadata: {
      ...metadata,
      deletionTimestamp: formatTime(clock.now()),
      ...(finalizers.length > 0 ? { finalizers } : {}),
    },
    status: { ...status, phase: 'Terminating' },
  };
  return { action: 'put', object };
}

/** API-1007: a definition waits for the end of its objects. */
function endingDefinition(
  { clock }: HandlerContext,
  { resource }: ResourceRequest,
  current: KubernetesObject,
): Change | undefined {
  if (resource !== customResourceDefinitions) return undefined;
  if (current.metadata.deletionTimestamp !== undefined) return undefined;
  const definition = current as CustomResourceDefinition;
  return { action: 'put', object: beginEnd(definition, formatTime(clock.now())) };
}
