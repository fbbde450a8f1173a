// Objects are created only in namespaces that exist and stay (API-909, SS-612).
import { namespaces } from '../../api/resources.ts';
import type { Namespace } from '../../api/generated/types.ts';
import { notFound, StatusError } from '../../api/meta/status-error.ts';
import { getObject } from '../registry/object-store.ts';
import { refuse } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const IMMORTAL: readonly string[] = ['default', 'kube-system', 'kube-public'];

/**
 * Refuses creates in a missing (404) or terminating namespace (403 with cause
 * NamespaceTerminating).
 */
export function namespaceLifecycle(request: AdmissionRequest): void {
  const { namespace } = request.target.info;
  if (request.operation !== 'create' || namespace === '') return;
  const target = { resource: namespaces, namespace: '', name: namespace };
  const stored = getObject<Namespace>(request.context.store, target);
  if (!stored) throw notFound(namespaces, namespace);
  if (stored.object.status?.phase !== 'Terminating') return;
  const what = `unable to create new content in namespace ${namespace}`;
  const { status } = refuse(request, `${what} because it is being terminated`);
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  throw new StatusError({ ...status, details: { ...status.details, causes: [cause] } });
}

/** Refuses the deletion of the namespaces that the system needs. */
export function immortalNamespaces(request: AdmissionRequest): void {
  const { resource, info } = request.target;
  if (request.operation !== 'delete' || resource !== namespaces) return;
  if (IMMORTAL.includes(info.name)) throw refuse(request, 'this namespace may not be deleted');
}
