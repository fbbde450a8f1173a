// Who may do what. Members of system:masters may do everything; rules for others come with RBAC.
import { forbidden } from '../api/meta/status-error.ts';
import { MASTERS_GROUP } from './api-request.ts';
import type { UserInfo } from './api-request.ts';
import type { RequestInfo } from './request-info.ts';

/** What is asked for; verbs that are no requests' own are possible too. */
export type Attributes = Omit<RequestInfo, 'verb'> & { readonly verb: string };

/** Throws 403 with the text of API-317 unless `user` may send the request. */
export function authorize(user: UserInfo, info: Attributes): void {
  if (user.groups.includes(MASTERS_GROUP)) return;
  const { group, resource, subresource, namespace, name, verb } = info;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  throw forbidden(
    { group, resource },
    name,
    `User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`,
  );
}
