// Who is asking: client certificate, bearer token or nobody (API-1101, API-1102); or whom a proxy
// in front of us, known by a certificate of an authority of its own, says it speaks for.
import { hash, X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { statusError } from '../api/meta/status-error.ts';
import type { Clock } from '../base/clock.ts';
import type { UserInfo } from './api-request.ts';

export const ANONYMOUS: UserInfo = {
  name: 'system:anonymous',
  uid: '',
  groups: ['system:unauthenticated'],
};

export const AUTHENTICATED_GROUP = 'system:authenticated';
/** The key under which a user's extra names the credential it came with. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** Where a connection remembers who its certificate says it is: reading one takes long. */
const PEER = Symbol('peer');

export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  /** The TLS connection; undefined on plain ones. */
  readonly socket:
    (Pick<TLSSocket, 'authorized' | 'getPeerCertificate'> & { [PEER]?: Peer }) | undefined;
}

/** What a client certificate makes of a connection. */
type Peer =
  | { readonly kind: 'none' }
  | { readonly kind: 'untrusted' | 'proxy'; readonly expiresMs: number }
  | { readonly kind: 'user'; readonly user: UserInfo; readonly expiresMs: number };

const NO_PEER: Peer = { kind: 'none' };
const UNTRUSTED: Peer = { kind: 'untrusted', expiresMs: 0 };

/** Proxies that may say in headers for whom they ask. */
export interface FrontProxy {
  /** PEM of the authority that signs their certificates, and nobody else's. */
  readonly ca: string;
  /** Common names of theirs. */
  readonly names: readonly string[];
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

export interface AuthenticatorOptions {
  readonly reviewToken: TokenReviewer;
  readonly clock: Pick<Clock, 'now'>;
  /** Absent: nobody speaks for others. */
  readonly frontProxy?: FrontProxy;
}

/**
 * An authenticator over certificates that our CA (or the proxies') signed and tokens. Requests
 * without credentials, or of schemes that aren't known, are anonymous.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { reviewToken, clock, frontProxy } = options;
  const readPeer = createPeerReader(frontProxy);
  // Async, so that a refusal is a rejection.
  return async ({ headers, socket }) => {
    const peer = socket ? (socket[PEER] ??= readPeer(socket)) : NO_PEER;
    // A connection may outlive the certificate it was opened with.
    const isGood = peer.kind !== 'none' && clock.now() < peer.expiresMs;
    if (isGood && peer.kind === 'user') return peer.user;
    const named = isGood && peer.kind === 'proxy' ? userOfHeaders(headers) : undefined;
    if (named) return named;
    const token = bearerToken(headers);
    if (token === undefined) {
      if (peer.kind !== 'none') throw unauthorized();
      return ANONYMOUS;
    }
    const result = reviewToken(token);
    if ('error' in result) throw unauthorized();
    return result.user;
  };
}

type ReadPeer = (socket: NonNullable<Credentials['socket']>) => Peer;

function createPeerReader(frontProxy: FrontProxy | undefined): ReadPeer {
  const proxyCa = frontProxy && new X509Certificate(frontProxy.ca);
  const isProxys = (raw: Buffer) => {
    const certificate = new X509Certificate(raw);
    return proxyCa && certificate.checkIssued(proxyCa) && certificate.verify(proxyCa.publicKey);
  };
  return (socket) => {
    const certificate = socket.getPeerCertificate?.();
    const subject = certificate?.subject as Record<string, string | string[]> | undefined;
    if (!subject) return NO_PEER;
    const [name] = headerValues(subject['CN']);
    if (!socket.authorized || name === undefined) return UNTRUSTED;
    const expiresMs = Date.parse(certificate.valid_to);
    if (proxyCa && isProxys(certificate.raw) === true) {
      return frontProxy?.names.includes(name) === true ? { kind: 'proxy', expiresMs } : UNTRUSTED;
    }
    return { kind: 'user', user: certificateUser(certificate, name), expiresMs };
  };
}

/** CN is the user, each O a group (API-1102). */
function certificateUser(
  { subject, fingerprint256 }: ReturnType<TLSSocket['getPeerCertificate']>,
  name: string,
): UserInfo {
  const groups = headerValues((subject as unknown as Record<string, string | string[]>)['O']);
  const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
  const extra = { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] };
  return withGroup({ name, uid: '', groups, extra }, AUTHENTICATED_GROUP);
}

/** Headers in which a proxy says for whom it asks; the last one is a prefix. */
export const REMOTE_HEADERS = {
  user: 'x-remote-user',
  uid: 'x-remote-uid',
  group: 'x-remote-group',
  extra: 'x-remote-extra-',
} as const;

function userOfHeaders(headers: IncomingHttpHeaders): UserInfo | undefined {
  const [name = ''] = headerValues(headers[REMOTE_HEADERS.user]);
  if (name === '') return undefined;
  const [uid = ''] = headerValues(headers[REMOTE_HEADERS.uid]);
  const groups = repeatedValues(headers[REMOTE_HEADERS.group]);
  const extra = extraOfHeaders(headers, REMOTE_HEADERS.extra);
  return withGroup({ name, uid, groups, extra }, AUTHENTICATED_GROUP);
}

/** The values of a header that may be repeated: such headers arrive joined. */
export function repeatedValues(value: string | string[] | undefined): string[] {
  return headerValues(value)
    .flatMap((text) => text.split(/, */))
    .filter((text) => text !== '');
}

/** The extra of a user: headers whose names have a prefix, then a percent-encoded key. */
export function extraOfHeaders(
  headers: IncomingHttpHeaders,
  prefix: string,
): Record<string, string[]> {
  const entries = Object.entries(headers).filter(([header]) => header.startsWith(prefix));
  return Object.fromEntries(
    entries.map(([header, value]) => [
      decodeKey(header.slice(prefix.length)),
      headerValues(value).flatMap((text) => text.split(/, */)),
    ]),
  );
}

function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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
