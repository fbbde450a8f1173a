// Acting as somebody else by Impersonate-* headers (API-1107). Administrators may; others may not.
import type { IncomingHttpHeaders } from 'node:http';
import { badRequest, statusError } from '../api/meta/status-error.ts';
import { MASTERS_GROUP, type UserInfo } from './api-request.ts';
import { ANONYMOUS, serviceAccountGroups, withGroup } from './authentication.ts';
import { authorize } from './authorization.ts';
import type { RequestInfo } from './request-info.ts';

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):[^:]+$/;

const asList = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

function refuse(user: UserInfo, name: string, info: RequestInfo | undefined): never {
  // The reference's text for resources, which names a right of its own for each verb.
  if (info) authorize(user, { ...info, verb: `impersonate-on:user-info:${info.verb}` });
  const message = `users "${name}" is forbidden: User "${user.name}" cannot impersonate users`;
  throw statusError('Forbidden', message, { details: { name, kind: 'users' } });
}

/** The user to act as: `user`, or the one that its headers ask for. Throws 400 and 403. */
export function impersonated(
  user: UserInfo,
  headers: IncomingHttpHeaders,
  info: RequestInfo | undefined,
): UserInfo {
  const [name = ''] = asList(headers['impersonate-user']);
  const groups = asList(headers['impersonate-group']).flatMap((group) => group.split(/, */));
  if (name === '') {
    if (groups.length === 0) return user;
    throw badRequest('requested impersonation of groups without a user');
  }
  if (!user.groups.includes(MASTERS_GROUP)) refuse(user, name, info);
  if (name === ANONYMOUS.name) return { ...ANONYMOUS, groups: [...ANONYMOUS.groups, ...groups] };
  const [, namespace] = SERVICE_ACCOUNT.exec(name) ?? [];
  const [uid = ''] = asList(headers['impersonate-uid']);
  if (groups.length === 0 && namespace !== undefined) {
    groups.push(...serviceAccountGroups(namespace));
  }
  return withGroup({ name, uid, groups }, 'system:authenticated');
}
