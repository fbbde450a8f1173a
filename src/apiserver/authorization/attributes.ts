// What a request asks to be allowed, and how a refusal of it reads (API-317).
import { parseFieldSelector, requiredFieldValue } from '../../api/meta/field-selector.ts';
import { validatePathSegmentName } from '../../api/meta/names.ts';
import { forbidden, statusError, type StatusError } from '../../api/meta/status-error.ts';
import type { ResourceAction } from '../../api/rbac/policy-rule.ts';
import type { UserInfo } from '../api-request.ts';
import type { RequestInfo } from '../request-info.ts';

/** Something done to a resource. Verbs that no request has are possible too: `bind`. */
export interface ResourceAttributes extends ResourceAction {
  /** The empty string for cluster-scoped objects and for all namespaces. */
  readonly namespace: string;
  /** What a list or watch is narrowed to; only nodes' agents have rights that depend on it. */
  readonly fieldSelector?: string;
}

/** Something done to a path that is no resource's; the verb is the method in lower case. */
export interface PathAttributes {
  readonly verb: string;
  readonly path: string;
}

export type Attributes = ResourceAttributes | PathAttributes;

const SELECTING_VERBS: readonly string[] = ['list', 'watch', 'deletecollection'];

/**
 * What a request on a resource path needs. A namespace counts as being in itself, and a collection
 * narrowed to one name as that object, so that roles in namespaces and resourceNames apply to them.
 */
export function requestAttributes(info: RequestInfo, query: URLSearchParams): ResourceAttributes {
  const { verb, group, resource } = info;
  const isNamespace = group === '' && resource === 'namespaces' && info.name !== '';
  const fieldSelector = query.get('fieldSelector');
  return {
    ...(fieldSelector === null ? {} : { fieldSelector }),
    verb,
    group,
    resource,
    subresource: info.subresource.split('/', 1)[0] ?? '',
    namespace: isNamespace ? info.name : info.namespace,
    name: info.name === '' ? selectedName(verb, fieldSelector) : info.name,
  };
}

function selectedName(verb: string, fieldSelector: string | null): string {
  if (fieldSelector === null || !SELECTING_VERBS.includes(verb)) return '';
  try {
    const name = requiredFieldValue(parseFieldSelector(fieldSelector), 'metadata.name') ?? '';
    return validatePathSegmentName(name).length === 0 ? name : '';
  } catch {
    return ''; // a bad selector is refused later, to those who may ask
  }
}

/** The 403 for what `user` may not do; `reason`: what the authorizer has to say about it. */
export function refusal(user: UserInfo, attributes: Attributes, reason = ''): StatusError {
  const because = reason === '' ? '' : `: ${reason}`;
  const who = `User "${user.name}" cannot ${attributes.verb}`;
  if ('path' in attributes) {
    const message = `forbidden: ${who} path "${attributes.path}"${because}`;
    return statusError('Forbidden', message, { details: {} });
  }
  const { group, resource, subresource, namespace, name } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const why = `${who} resource "${what}" in API group "${group}" ${where}${because}`;
  return forbidden({ group, resource }, name, why);
}
