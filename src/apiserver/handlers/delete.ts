// DELETE of an object and of a collection, and the form of their replies (API-905, API-910).
import type { ListResponse, ObjectResponse, StoredObject } from '../api-request.ts';
import { unstored } from '../api-request.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { forbidden, isNotFound } from '../../api/meta/status-error.ts';
import {
  csiDrivers,
  csiNodes,
  podTemplates,
  priorityClasses,
  resourceQuotas,
  volumeAttachments,
  volumeAttributesClasses,
} from '../../api/other-resources.ts';
import {
  namespaces,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  serviceAccounts,
  services,
  storageClasses,
} from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { systemPriorityClasses } from '../../api/scheduling/priority-class-rules.ts';
import { methodNotAllowed } from '../request-info.ts';
import { deleteObject, deletionWarnings } from './delete-object.ts';
import { readDeleteOptions } from './delete-options.ts';
import type { HandlerContext, ResourceRequest } from './handler-context.ts';
import { handleList } from './list.ts';

/** Kinds that answer the deletion itself with the object (API-905 with its correction). */
const RETURN_OBJECT: readonly ResourceDefinition[] = [
  namespaces,
  pods,
  podTemplates,
  services,
  persistentVolumeClaims,
  persistentVolumes,
  resourceQuotas,
  serviceAccounts,
  storageClasses,
  csiDrivers,
  csiNodes,
  volumeAttachments,
  volumeAttributesClasses,
];

/** Deletions of one collection request that run at the same time. */
const WORKERS = 16;

export async function handleDelete(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const options = await readDeleteOptions(target.request);
  refuseSystemPriority(target);
  const { stored, gone, warnings } = await deleteObject(context, target, options);
  const { resource } = target;
  const asObject = !gone || RETURN_OBJECT.includes(resource);
  const reply = asObject ? stored : unstored(successStatus(resource, stored.object));
  return {
    kind: 'object',
    // API-905: who asked in the old way not to orphan is told that it isn't done yet.
    code: !gone && options.orphanDependents === false ? 202 : 200,
    resource: asObject ? resource : undefined,
    subresource: '',
    stored: reply,
    warnings: [...deletionWarnings(target, options), ...warnings],
  };
}

function refuseSystemPriority({ resource, info }: ResourceRequest): void {
  if (resource !== priorityClasses || !systemPriorityClasses.has(info.name)) return;
  const why = 'this is a system priority class and cannot be deleted';
  throw forbidden(resource, info.name, why);
}

/** API-330: the Status that names what was deleted. */
function successStatus(resource: ResourceDefinition, object: KubernetesObject): KubernetesObject {
  const { name, uid } = object.metadata;
  const group = resource.group === '' ? {} : { group: resource.group };
  const details = { name, ...group, kind: resource.resource, uid };
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return status;
}

/** Deletes what the list shows; the reply is that list. */
export async function handleDeleteCollection(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ListResponse> {
  const { resource, info, request } = target;
  const isOffered =
    resource.verbs.includes('deletecollection') &&
    resource.resource !== 'namespaces' &&
    (!resource.namespaced || info.namespace !== '');
  if (!isOffered) throw methodNotAllowed();
  const options = await readDeleteOptions(request);
  const list = handleList(context, target);
  const queue = list.items.values();
  const worker = async () => {
    for (const item of queue) {
      const name = item.object.metadata.name ?? '';
      const one = { ...target, info: { ...info, verb: 'delete' as const, name } };
      await deleteObject(context, one, options).catch(ignoreNotFound);
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return { ...list, warnings: deletionWarnings(target, options) };
}

function ignoreNotFound(error: unknown): StoredObject | undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
