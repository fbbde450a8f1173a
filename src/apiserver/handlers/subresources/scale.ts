// The scale subresource of workloads (API-702, API-626): a small object over spec.replicas.
import { textAt, valueAt, withValueAt } from '../../../api/apiextensions/member-path.ts';
import type { LabelSelector, Scale } from '../../../api/generated/types.ts';
import { managedByUpdate } from '../../../api/meta/apply/field-manager.ts';
import type { FieldManagement } from '../../../api/meta/apply/field-manager.ts';
import { fieldElement } from '../../../api/meta/apply/path-element.ts';
import { ownersOfParent, ownersOfScale } from '../../../api/meta/apply/scale-mapping.ts';
import type { ScaledType } from '../../../api/meta/apply/scale-mapping.ts';
import { fieldPath, invalidValue } from '../../../api/meta/field-errors.ts';
import { formatSelector, selectorFromObject } from '../../../api/meta/labels.ts';
import type { JsonObject, KubernetesObject } from '../../../api/meta/object.ts';
import { internalError, invalid } from '../../../api/meta/status-error.ts';
import { groupVersion } from '../../../api/resources.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import { unstored } from '../../api-request.ts';
import type { ObjectResponse } from '../../api-request.ts';
import { APPLY_TYPE, readApply } from '../apply-patch.ts';
import { decodeBody, matchName, matchNamespace } from '../body.ts';
import { getCurrent, objectResponse } from '../get.ts';
import { managerOf, setManagedFields, typingOf, workingCopy } from '../field-tracking.ts';
import { ruleContextAt } from '../handler-context.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { readPatch, requirePatchType } from '../patch-body.ts';
import { mainStrategy, updateObject } from '../update-object.ts';
import { parseWriteOptions } from '../write-options.ts';

/** Scale as a resource of its own, for decoding and messages. */
const scaleResource: ResourceDefinition = {
  group: 'autoscaling',
  version: 'v1',
  resource: 'scales',
  singular: 'scale',
  kind: 'Scale',
  model: 'Scale',
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: [],
  subresources: [],
};

/** What the kinds with a scale have in common. */
interface Scalable extends KubernetesObject {
  spec?: { replicas?: number; selector?: LabelSelector };
  status?: { replicas?: number };
}

export function handleGetScale(context: HandlerContext, target: ResourceRequest): ObjectResponse {
  const { object } = getCurrent<Scalable>(context, target);
  requireReplicas(target, object);
  return objectResponse(target, unstored(scaleOf(target, object)));
}

export async function handleUpdateScale(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'UpdateOptions');
  const { object, warnings } = await decodeBody(target.request, scaleResource, fieldValidation);
  matchNamespace(object, target);
  matchName(object, target);
  return writeScale(context, target, {
    dryRun,
    warnings,
    scale: (current) => tracked(context, target, { current, wanted: workingCopy(object) }),
    uidIsPrecondition: true,
  });
}

export async function handlePatchScale(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  requirePatchType(target.request, target.resource);
  if (target.request.contentType === APPLY_TYPE) return applyScale(context, target);
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'PatchOptions');
  const patch = readPatch(target.request, scaleResource, fieldValidation);
  const warnings: string[] = [];
  return writeScale(context, target, {
    dryRun,
    warnings,
    scale: (current) => {
      const patched = patch.apply(scaleOf(target, current) as unknown as KubernetesObject);
      warnings.splice(0, warnings.length, ...patched.warnings);
      matchNamespace(patched.object, target);
      matchName(patched.object, target);
      return tracked(context, target, { current, wanted: patched.object });
    },
    uidIsPrecondition: false,
  });
}

async function applyScale(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const patch = await readApply(target.request, scaleResource);
  return writeScale(context, target, {
    dryRun: patch.dryRun,
    warnings: patch.warnings,
    scale: (current) => {
      const object = patch.apply(scaleManagement(context), ownedScale(target, current));
      matchNamespace(object, target);
      matchName(object, target);
      return object;
    },
    uidIsPrecondition: false,
  });
}

/** How fields of a Scale are owned. */
function scaleManagement(context: HandlerContext): FieldManagement {
  const { now } = ruleContextAt(context);
  return { ...typingOf(scaleResource), filter: (set) => set, subresource: 'scale', now };
}

/** The Scale of a workload with the owners of its replicas (API-649). */
function ownedScale(target: ResourceRequest, current: Scalable): KubernetesObject {
  const scale = scaleOf(target, current) as unknown as KubernetesObject;
  const owners = ownersOfScale(current.metadata.managedFields, scaledType(target));
  setManagedFields(scale, owners);
  return scale;
}

/** The wanted Scale with the owners that it gets. */
function tracked(
  context: HandlerContext,
  target: ResourceRequest,
  { current, wanted }: { current: Scalable; wanted: KubernetesObject },
): KubernetesObject {
  const live = ownedScale(target, current);
  const manager = managerOf(target.request);
  const request = { live, object: wanted, manager };
  setManagedFields(wanted, managedByUpdate(scaleManagement(context), request));
  return wanted;
}

interface ScaleWrite {
  readonly dryRun: boolean;
  readonly warnings: readonly string[];
  /** The wanted Scale, with the owners of its fields. */
  readonly scale: (current: Scalable) => KubernetesObject;
  readonly uidIsPrecondition: boolean;
}

async function writeScale(
  context: HandlerContext,
  target: ResourceRequest,
  { dryRun, warnings, scale, uidIsPrecondition }: ScaleWrite,
): Promise<ObjectResponse> {
  const { stored, warnings: others } = await updateObject(context, target, {
    dryRun,
    shownAs: faceOf(target),
    uidIsPrecondition,
    tracked: true,
    strategy: mainStrategy(target.rules),
    want: (current) => scaled(target, current as Scalable, scale(current as Scalable)),
  });
  const reply = scaleOf(target, stored.object as Scalable);
  return objectResponse(target, unstored(reply), { warnings: [...warnings, ...others] });
}

/** Admission is about the Scale, not about its workload. */
function faceOf(target: ResourceRequest) {
  return {
    kind: scaleResource,
    to: (object: KubernetesObject) =>
      scaleOf(target, object as Scalable) as unknown as KubernetesObject,
    from: (scale: KubernetesObject, object: KubernetesObject) =>
      withReplicas(target, object as Scalable, (scale as Scale).spec?.replicas ?? 0),
  };
}

function scaledType({ resource }: ResourceRequest): ScaledType {
  const apiVersion = groupVersion(resource);
  const path = resource.custom?.scale?.specReplicasPath;
  if (path === undefined) return { apiVersion };
  return { apiVersion, replicasPath: path.slice(1).split('.').map(fieldElement) };
}

/** The parent with the number that the Scale asks for; its uid and version are preconditions. */
function scaled(target: ResourceRequest, current: Scalable, scale: Scale): Scalable {
  const { metadata, spec } = scale;
  const replicas = spec?.replicas ?? 0;
  const { custom } = target.resource;
  // Those of custom resources are checked with the object itself.
  if (replicas < 0 && !custom) {
    const path = fieldPath('spec').child('replicas');
    const cause = invalidValue(path, replicas, 'must be greater than or equal to 0');
    throw invalid(scaleResource, current.metadata.name ?? '', [cause]);
  }
  const object = withReplicas(target, workingCopy(current), replicas);
  const { uid = '', resourceVersion = '' } = metadata ?? {};
  if (resourceVersion !== '') object.metadata.resourceVersion = resourceVersion;
  if (uid !== '') object.metadata.uid = uid;
  const before = current.metadata.managedFields;
  const owners = ownersOfParent(before, metadata?.managedFields, scaledType(target));
  setManagedFields(object, owners);
  return object;
}

function withReplicas({ resource }: ResourceRequest, object: Scalable, replicas: number): Scalable {
  const path = resource.custom?.scale?.specReplicasPath ?? '.spec.replicas';
  return withValueAt(object as unknown as JsonObject, path, replicas) as unknown as Scalable;
}

/** A custom resource without replicas has no scale (API-702). Throws 500. */
function requireReplicas({ resource }: ResourceRequest, object: Scalable): void {
  const path = resource.custom?.scale?.specReplicasPath;
  if (path === undefined || valueAt(object, path) !== undefined) return;
  throw internalError(`the spec replicas field ${JSON.stringify(path)} does not exist`);
}

function selectorOf({ resource }: ResourceRequest, object: Scalable): string {
  const { scale } = resource.custom ?? {};
  if (!scale) {
    const selector = object.spec?.selector;
    // Replication controllers have the labels themselves.
    const labels = resource.group === '' ? { matchLabels: selector } : selector;
    return formatSelector(selectorFromObject(labels as LabelSelector | undefined));
  }
  const path = scale.labelSelectorPath ?? '';
  return path === '' ? '' : textAt(object, path);
}

function scaleOf(target: ResourceRequest, object: Scalable): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { specReplicasPath, statusReplicasPath } = target.resource.custom?.scale ?? WORKLOAD;
  const selector = selectorOf(target, object);
  const replicas = numberAt(object, specReplicasPath);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as JsonObject,
    spec: replicas === 0 ? {} : { replicas },
    status: {
      replicas: numberAt(object, statusReplicasPath),
      ...(selector === '' ? {} : { selector }),
    },
  };
}

/** Where the built-in kinds have their numbers. */
const WORKLOAD = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };

function numberAt(object: Scalable, path: string): number {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : 0;
}
