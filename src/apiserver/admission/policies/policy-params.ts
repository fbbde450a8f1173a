// The parameters of a policy: objects that its binding names or selects.
import type { ParamKind, ParamRef } from '../../../api/generated/types.ts';
import { matches, selectorFromObject } from '../../../api/meta/labels.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import { isCustom } from '../../../api/apiextensions/custom-kind.ts';
import { getObject, listObjects } from '../../registry/object-store.ts';
import { builtinTable } from '../../registry/resource-table.ts';
import type { Store } from '../../../storage/store.ts';
import type { AdmissionRequest } from '../admission-request.ts';

/** A policy or a binding can't be used as it is; the message is upstream's. */
export class PolicyConfigurationError extends Error {
  override name = 'PolicyConfigurationError';
}

/**
 * The parameters to evaluate a policy with, one after the other; undefined stands for none. Empty
 * when there are none and that is fine. Throws PolicyConfigurationError.
 */
export function paramsOf(
  request: AdmissionRequest,
  kind: ParamKind | undefined,
  reference: ParamRef | undefined,
): (KubernetesObject | undefined)[] {
  if (!kind || !reference) return [undefined];
  const resource = resourceOfKind(request, kind);
  const found = find(request, resource, reference);
  if (found.length === 0 && reference.parameterNotFoundAction === 'Deny') {
    const what = 'no params found for policy binding with `Deny` parameterNotFoundAction';
    throw new PolicyConfigurationError(what);
  }
  return found;
}

/** The resource of the parameters. Throws PolicyConfigurationError when it is not served. */
export function resourceOfKind(
  { context }: AdmissionRequest,
  { apiVersion = '', kind = '' }: ParamKind,
): ResourceDefinition {
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const custom = context.customResources
    .resources()
    .find((own) => own.group === group && own.version === version && own.kind === kind);
  const resource = custom ?? builtinTable.findKind({ group, version, kind });
  if (resource) return resource;
  const name = `${apiVersion}, Kind=${kind}`;
  throw new PolicyConfigurationError(`failed to find resource referenced by paramKind: '${name}'`);
}

function find(
  { context, target }: AdmissionRequest,
  resource: ResourceDefinition,
  { name = '', namespace = '', selector }: ParamRef,
): KubernetesObject[] {
  if (!resource.namespaced && namespace !== '') {
    const what = 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`';
    throw new PolicyConfigurationError(what);
  }
  const place = resource.namespaced ? namespace || target.info.namespace : '';
  if (resource.namespaced && place === '') {
    throw new PolicyConfigurationError(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  }
  const store: Store = isCustom(resource)
    ? context.customResources.storeOf(resource)
    : context.store;
  if (name !== '') {
    const found = getObject(store, { resource, namespace: place, name });
    return found ? [found.object] : [];
  }
  const wanted = selectorFromObject(selector ?? {});
  const all = listObjects(store, resource, place);
  return all.filter(({ metadata }) => matches(wanted, metadata.labels));
}
