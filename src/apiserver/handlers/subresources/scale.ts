// The scale subresource of workloads (API-702, API-626): a small object over spec.replicas.
import type { LabelSelector, Scale } from '../../../api/generated/types.ts';
import { fieldPath, invalidValue } from '../../../api/meta/field-errors.ts';
import { formatSelector, selectorFromObject } from '../../../api/meta/labels.ts';
import type { JsonObject, KubernetesObject } from '../../../api/meta/object.ts';
import { invalid } from '../../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import { unstored } from '../../api-request.ts';
import type { ObjectResponse } from '../../api-request.ts';
import { decodeBody, matchName, matchNamespace } from '../body.ts';
import { getCurrent, objectResponse } from '../get.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { readPatch } from '../patch-body.ts';
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
  return objectResponse(target, unstored(scaleOf(object)));
}

export async function handleUpdateScale(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'UpdateOptions');
  const { object, warnings } = await decodeBody(target.request, scaleResource, fieldValidation);
  matchNamespace(object, target);
  matchName(object, target);
  const wanted = object as Scale & KubernetesObject;
  return writeScale(context, target, {
    dryRun,
    warnings,
    scale: () => wanted,
    uidIsPrecondition: true,
  });
}

export async function handlePatchScale(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'PatchOptions');
  const patch = readPatch(target.request, scaleResource, fieldValidation);
  const warnings: string[] = [];
  return writeScale(context, target, {
    dryRun,
    warnings,
    scale: (current) => {
      const patched = patch.apply(scaleOf(current) as unknown as KubernetesObject);
      warnings.splice(0, warnings.length, ...patched.warnings);
      matchNamespace(patched.object, target);
      matchName(patched.object, target);
      return patched.object as Scale & KubernetesObject;
    },
    uidIsPrecondition: false,
  });
}

interface ScaleWrite {
  readonly dryRun: boolean;
  readonly warnings: readonly string[];
  readonly scale: (current: Scalable) => Scale;
  readonly uidIsPrecondition: boolean;
}

async function writeScale(
  context: HandlerContext,
  target: ResourceRequest,
  { dryRun, warnings, scale, uidIsPrecondition }: ScaleWrite,
): Promise<ObjectResponse> {
  const { stored } = await updateObject(context, target, {
    dryRun,
    uidIsPrecondition,
    strategy: mainStrategy(target.rules),
    want: (current) => scaled(current as Scalable, scale(current as Scalable)),
  });
  const reply = scaleOf(stored.object as Scalable);
  return objectResponse(target, unstored(reply), { warnings });
}

/** The parent with the number that the Scale asks for; its uid and version are preconditions. */
function scaled(current: Scalable, { metadata, spec }: Scale): Scalable {
  const replicas = spec?.replicas ?? 0;
  if (replicas < 0) {
    const path = fieldPath('spec').child('replicas');
    const cause = invalidValue(path, replicas, 'must be greater than or equal to 0');
    throw invalid(scaleResource, current.metadata.name ?? '', [cause]);
  }
  const object = structuredClone(current);
  const { uid = '', resourceVersion = '' } = metadata ?? {};
  object.metadata.resourceVersion = resourceVersion;
  if (uid !== '') object.metadata.uid = uid;
  object.spec = { ...object.spec, replicas };
  return object;
}

function scaleOf({ metadata, spec, status }: Scalable): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const selector = formatSelector(selectorFromObject(spec?.selector));
  const replicas = spec?.replicas ?? 0;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp } as JsonObject,
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: status?.replicas ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}
