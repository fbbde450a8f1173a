// Who is asking: client certificate, bearer token or nobody (API-1101, API-1102).
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { statusError } from '../api/meta/status-error.ts';
import type { UserInfo } from './api-request.ts';

export const ANONYMOUS: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
};

export const AUTHENTICATED_GROUP = 'system:authenticated';
/** The key under which a user's extra names the credential it came with. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** The TLS connection; undefined on plain ones. */
  readonly socket: Pick<TLSSocket, 'authorized' | 'getPeerCertificate'> | undefined;
}

/** Resolves with the user of a request. Throws 401 for bad credentials. */
export type Authenticator = (credentials: Credentials) => Promise<UserInfo>;

/** What a token says; an empty error: it is none of this reviewer's. */
export type TokenReviewResult =
  { readonly user: UserInfo; readonly audiences: readonly string[] } | { readonly error: string };

/** Judges a token that is meant for one of `audiences`; absent: for the API server. */
export type TokenReviewer = (token: string, audiences?: readonly string[]) => TokenReviewResult;

export interface TokenReviewerOptions {
  /** Fixed tokens and their users. */
  readonly tokens: ReadonlyMap<string, UserInfo>;
  /** Whom fixed tokens are meant for: the API server. */
  readonly audiences: readonly string[];
  /** Asked for tokens that aren't fixed: service accounts. */
  readonly reviewToken?: TokenReviewer;
}

const INVALID_TOKEN = 'invalid bearer token';
/** Browsers can't send headers with a WebSocket: the token comes as a protocol. */
const TOKEN_PROTOCOL = /^base64url\.bearer\.authorization\.k8s\.io\.([\w-]+)$/;

const unauthorized = () => statusError('Unauthorized', 'Unauthorized');

const digest = (token: string) => hash('sha256', token);

/** `user` as a member of `group`. */
export function withGroup(user: UserInfo, group: string): UserInfo {
  return user.groups.includes(group) ? user : { ...user, groups: [...user.groups, group] };
}

/** All values of a header. */
export function headerValues(value: string | string[] | undefined): string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** The groups that a service account of `namespace` is in. */
export function serviceAccountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}

/** A reviewer of fixed tokens and those of service accounts. */
export function createTokenReviewer(options: TokenReviewerOptions): TokenReviewer {
  // Looked up by hash, so that the time a look-up takes says nothing about the token.
  const fixed = new Map([...options.tokens].map(([token, user]) => [digest(token), user]));
  return (token, audiences = options.audiences) => {
    const user = fixed.get(digest(token));
    const common = options.audiences.filter((audience) => audiences.includes(audience));
    if (user && common.length > 0) {
      return { user: withGroup(user, AUTHENTICATED_GROUP), audiences: common };
    }
    const result = options.reviewToken?.(token, audiences) ?? { error: '' };
    if (!('error' in result)) {
      return { ...result, user: withGroup(result.user, AUTHENTICATED_GROUP) };
    }
    const { error } = result;
    return { error: error === '' ? INVALID_TOKEN : `[${INVALID_TOKEN}, ${error}]` };
  };
}

/**
 * An authenticator over certificates that our CA signed and tokens. Requests without credentials,
 * or of schemes that aren't known, are anonymous.
 */
export function createAuthenticator(reviewToken: TokenReviewer): Authenticator {
  // A connection keeps its certificate, and to ask for it is dear.
  const certificateUsers = new WeakMap<object, ReturnType<typeof certificateUser>>();
  const byConnection = (socket: Credentials['socket']) => {
    if (!socket) return undefined;
    if (!certificateUsers.has(socket)) certificateUsers.set(socket, certificateUser(socket));
    return certificateUsers.get(socket);
  };
  // Async, so that a refusal is a rejection.
  return async ({ headers, socket }) => {
    const byCertificate = byConnection(socket);
    if (byCertificate !== undefined && byCertificate !== 'untrusted') {
      return withGroup(byCertificate, AUTHENTICATED_GROUP);
    }
    const token = bearerToken(headers);
    if (token === undefined) {
      if (byCertificate === 'untrusted') throw unauthorized();
      return ANONYMOUS;
    }
    const result = reviewToken(token);
    if ('error' in result) throw unauthorized();
    return result.user;
  };
}

/** CN is the user, each O a group (API-1102). */
function certificateUser(socket: Credentials['socket']): UserInfo | 'untrusted' | undefined {
  const certificate = socket?.getPeerCertificate?.();
  const subject = certificate?.subject as Record<string, string | string[]> | undefined;
  if (!socket || !subject) return undefined;
  const [name] = headerValues(subject['CN']);
  if (!socket.authorized || name === undefined) return 'untrusted';
  const fingerprint = certificate?.fingerprint256?.replaceAll(':', '').toLowerCase() ?? '';
  return {
    name,
    uid: '',
    groups: headerValues(subject['O']),
    extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] },
  };
}

function bearerToken(headers: IncomingHttpHeaders): string | undefined {
  const token = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (token !== undefined) return token;
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',');
  for (const protocol of protocols) {
    const encoded = TOKEN_PROTOCOL.exec(protocol.trim())?.[1];
    if (encoded !== undefined) return Buffer.from(encoded, 'base64url').toString();
  }
  return undefined;
}
