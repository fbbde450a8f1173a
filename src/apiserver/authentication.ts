// Who is asking: client certificate, bearer token or nobody (API-1101, API-1102).
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { statusError } from '../api/meta/status-error.ts';
import { MASTERS_GROUP, type UserInfo } from './api-request.ts';

export const ANONYMOUS: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
};

export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** The TLS connection; undefined on plain ones. */
  readonly socket: Pick<TLSSocket, 'authorized' | 'getPeerCertificate'> | undefined;
}

/** Resolves with the user of a request. Throws 401 for bad credentials. */
export type Authenticator = (credentials: Credentials) => Promise<UserInfo>;

/** The user of a token, or undefined when the token isn't known or no longer good. */
export type TokenReviewer = (token: string) => UserInfo | undefined | Promise<UserInfo | undefined>;

export interface AuthenticatorOptions {
  /** Fixed tokens and their users. */
  readonly tokens: ReadonlyMap<string, UserInfo>;
  /** Asked for tokens that aren't fixed: service accounts. */
  readonly reviewToken?: TokenReviewer;
}

export const unauthorized = () => statusError('Unauthorized', 'Unauthorized');

const hash = (token: string) => createHash('sha256').update(token).digest('hex');

/** `user` as a member of `group`. */
export function withGroup(user: UserInfo, group: string): UserInfo {
  return user.groups.includes(group) ? user : { ...user, groups: [...user.groups, group] };
}

const asList = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** CN is the user, each O a group (API-1102). */
function certificateUser(socket: Credentials['socket']): UserInfo | undefined {
  const certificate = socket?.getPeerCertificate?.();
  const subject = certificate?.subject as Record<string, string | string[]> | undefined;
  if (!socket || !subject) return undefined;
  if (!socket.authorized) throw unauthorized();
  const [name] = asList(subject['CN']);
  if (name === undefined) throw unauthorized();
  return { name, uid: '', groups: asList(subject['O']) };
}

function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  return /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

/** The groups that a service account of `namespace` is in. */
export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/**
 * An authenticator over certificates that our CA signed and tokens. Requests without credentials,
 * or of schemes that aren't known, are anonymous.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  // Looked up by hash, so that the time a look-up takes says nothing about the token.
  const fixed = new Map([...options.tokens].map(([token, user]) => [hash(token), user]));
  const tokenUser = async (token: string) => {
    const user = fixed.get(hash(token)) ?? (await options.reviewToken?.(token));
    if (!user) throw unauthorized();
    return user;
  };
  return async ({ headers, socket }) => {
    const token = bearerToken(headers);
    const own =
      certificateUser(socket) ?? (token === undefined ? undefined : await tokenUser(token));
    return own ? withGroup(own, 'system:authenticated') : ANONYMOUS;
  };
}

const PUBLIC_PATHS = /^\/(healthz|livez|readyz|version)(\/|$)/;
const DISCOVERY_PATHS = /^\/(api|apis|openapi)(\/|$)/;

/**
 * Refuses non-resource paths to users who may not read them: health and version are for everybody,
 * discovery for all who are known, the rest for administrators. Throws 403.
 */
export function authorizePath(user: UserInfo, method: string, path: string): void {
  const verb = method.toLowerCase();
  if (user.groups.includes(MASTERS_GROUP)) return;
  if (verb === 'get' && PUBLIC_PATHS.test(path)) return;
  const known = user.groups.includes('system:authenticated');
  if (verb === 'get' && known && DISCOVERY_PATHS.test(path)) return;
  const message = `forbidden: User "${user.name}" cannot ${verb} path "${path}"`;
  throw statusError('Forbidden', message, { details: {} });
}
