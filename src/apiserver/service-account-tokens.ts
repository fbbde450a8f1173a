// Signs and verifies the tokens of service accounts: JWTs with the kubernetes.io claims (API-1102).
import { createHash, createPrivateKey, createPublicKey, hash, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { quotedList } from '../api/rbac/policy-rule.ts';
import type { UserInfo } from './api-request.ts';
import { CREDENTIAL_ID, serviceAccountGroups } from './authentication.ts';

export interface BoundObject {
  readonly name: string;
  readonly uid: string;
}

export interface TokenRequestOptions {
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  /** Whom the token is for; empty: the API server. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** The token dies with this pod. */
  readonly pod?: BoundObject;
  readonly secret?: BoundObject;
  /** The token dies with this node, or says where its pod is. */
  readonly node?: BoundObject;
}

export interface LastingTokenOptions {
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly secretName: string;
}

export interface ServiceAccountClaims {
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly pod: BoundObject | undefined;
  readonly secret: BoundObject | undefined;
  readonly node: BoundObject | undefined;
  /** Of this token and no other; absent in tokens of old. */
  readonly tokenId: string | undefined;
  /** The Secret that holds the token, for tokens of the kind that never expires. */
  readonly holder?: string;
}

/** What a token says, and which of the wanted audiences it is for; an empty error: not ours. */
export type Verified =
  | { readonly claims: ServiceAccountClaims; readonly audiences: readonly string[] }
  | { readonly error: string };

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

export interface ServiceAccountTokenIssuer {
  /** The `iss` claim. */
  readonly issuer: string;
  /** Audiences of tokens for the API server itself. */
  readonly audiences: readonly string[];
  issue(options: TokenRequestOptions): IssuedToken;
  /** A token that is good as long as the named Secret holds it. */
  issueLasting(options: LastingTokenOptions): string;
  /**
   * The claims of a token that we signed, that is in its time and that is meant for one of
   * `audiences` (absent: the API server). Whether the account still exists is the caller's
   * question.
   */
  verify(token: string, audiences?: readonly string[]): Verified;
  /** The public keys as a JSON Web Key Set. */
  keys(): { readonly keys: ReadonlyArray<{ readonly alg: string }> };
}

interface Payload {
  iss: string;
  sub: string;
  aud: string[];
  exp: number;
  iat: number;
  nbf: number;
  jti?: string;
  'kubernetes.io': {
    namespace: string;
    node?: BoundObject;
    pod?: BoundObject;
    secret?: BoundObject;
    serviceaccount: BoundObject;
    warnafter?: number;
  };
}

/** Of tokens in Secrets, as they were before there were others. */
const LASTING_ISSUER = 'kubernetes/serviceaccount';
const LASTING_CLAIMS = {
  namespace: 'kubernetes.io/serviceaccount/namespace',
  secret: 'kubernetes.io/serviceaccount/secret.name',
  name: 'kubernetes.io/serviceaccount/service-account.name',
  uid: 'kubernetes.io/serviceaccount/service-account.uid',
} as const;

type LastingPayload = Record<(typeof LASTING_CLAIMS)[keyof typeof LASTING_CLAIMS], string> &
  Pick<Payload, 'iss' | 'sub'>;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode<T>(part: string): T | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as T;
  } catch {
    return undefined;
  }
}

interface Signer {
  readonly algorithm: 'ES256' | 'RS256';
  readonly keyId: string;
  readonly publicKey: KeyObject;
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
}

function createSigner(pem: string): Signer {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const dsaEncoding = 'ieee-p1363';
  return {
    algorithm: privateKey.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256',
    keyId: createHash('sha256').update(spki).digest('base64url'),
    publicKey,
    sign: (text) =>
      sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding }).toString('base64url'),
    verify: (text, signature) =>
      verify(
        'sha256',
        Buffer.from(text),
        { key: publicKey, dsaEncoding },
        Buffer.from(signature, 'base64url'),
      ),
  };
}

type Checked = Payload | LastingPayload;

/** Tokens whose signature is known to be right; checking one costs more than most requests. */
const CHECKED_MAX = 4096;

function createPayloadReader(signer: Signer): (token: string) => Checked | undefined {
  const known = new Map<string, Checked>();
  return (token) => {
    const key = hash('sha256', token);
    const payload = known.get(key) ?? checkedPayload(token, signer);
    if (!payload || known.has(key)) return payload;
    const [oldest] = known.keys();
    if (known.size >= CHECKED_MAX && oldest !== undefined) known.delete(oldest);
    known.set(key, payload);
    return payload;
  };
}

function checkedPayload(token: string, signer: Signer): Checked | undefined {
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  const header = decode<{ alg?: string }>(head);
  if (rest.length > 0 || header?.alg !== signer.algorithm) return undefined;
  return signer.verify(`${head}.${body}`, signature) ? decode(body) : undefined;
}

function claimsOf(payload: Payload): ServiceAccountClaims | undefined {
  const claims = payload['kubernetes.io'];
  const name = claims?.serviceaccount?.name;
  if (!name || payload.sub !== `system:serviceaccount:${claims.namespace}:${name}`) {
    return undefined;
  }
  return {
    namespace: claims.namespace,
    serviceAccount: claims.serviceaccount,
    pod: claims.pod,
    secret: claims.secret,
    node: claims.node,
    tokenId: payload.jti,
  };
}

function lastingClaimsOf(payload: LastingPayload): ServiceAccountClaims | undefined {
  const { [LASTING_CLAIMS.namespace]: namespace, [LASTING_CLAIMS.secret]: holder } = payload;
  const { [LASTING_CLAIMS.name]: name, [LASTING_CLAIMS.uid]: uid } = payload;
  if (!namespace || !holder || !name || !uid) return undefined;
  if (payload.sub !== `system:serviceaccount:${namespace}:${name}`) return undefined;
  const bound = { pod: undefined, secret: undefined, node: undefined, tokenId: undefined };
  return { namespace, serviceAccount: { name, uid }, ...bound, holder };
}

/** Tokens without audiences are for the API server. */
function verifyLasting(
  payload: LastingPayload,
  { own, audiences }: { own: readonly string[]; audiences: readonly string[] },
): Verified {
  const claims = lastingClaimsOf(payload);
  if (!claims) return { error: '' };
  const common = own.filter((audience) => audiences.includes(audience));
  return common.length === 0
    ? { error: wrongAudience(own, audiences) }
    : { claims, audiences: common };
}

export interface TokenIssuerOptions {
  /** PEM of an RSA or P-256 private key. */
  readonly key: string;
  /** The `iss` claim, also the default audience. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** What kubelets ask for pods: such tokens live on for clients that read theirs once only. */
const PROJECTED_SECONDS = 3607;
const EXTENDED_SECONDS = 365 * 24 * 3600;

/** An issuer and verifier with one key. */
export function createServiceAccountTokenIssuer(
  options: TokenIssuerOptions,
): ServiceAccountTokenIssuer {
  const { issuer, clock, random } = options;
  const signer = createSigner(options.key);
  const payloadOfToken = createPayloadReader(signer);
  const header = encode({ alg: signer.algorithm, kid: signer.keyId });
  const own = [issuer];
  return {
    issuer,
    audiences: own,
    issue(request) {
      const iat = Math.floor(clock.now() / 1000);
      const payload = newPayload(request, { iat, issuer, jti: random.uuid() });
      const text = `${header}.${encode(payload)}`;
      const expiresMs = (iat + request.expirationSeconds) * 1000;
      return { token: `${text}.${signer.sign(text)}`, expiresMs };
    },
    issueLasting({ namespace, serviceAccount: { name, uid }, secretName }) {
      const payload: LastingPayload = {
        iss: LASTING_ISSUER,
        [LASTING_CLAIMS.namespace]: namespace,
        [LASTING_CLAIMS.secret]: secretName,
        [LASTING_CLAIMS.name]: name,
        [LASTING_CLAIMS.uid]: uid,
        sub: `system:serviceaccount:${namespace}:${name}`,
      };
      const text = `${header}.${encode(payload)}`;
      return `${text}.${signer.sign(text)}`;
    },
    verify(token, audiences = own) {
      const known = payloadOfToken(token);
      if (known?.iss === LASTING_ISSUER) {
        return verifyLasting(known as LastingPayload, { own, audiences });
      }
      const payload = known?.iss === issuer ? (known as Payload) : undefined;
      const claims = payload && claimsOf(payload);
      if (!payload || !claims || !Array.isArray(payload.aud)) return { error: '' };
      const common = payload.aud.filter((audience) => audiences.includes(audience));
      if (common.length === 0) return { error: wrongAudience(payload.aud, audiences) };
      const seconds = clock.now() / 1000;
      if (!(seconds < payload.exp)) return { error: 'service account token has expired' };
      if (!(payload.nbf <= seconds)) return { error: 'service account token is not valid yet' };
      return { claims, audiences: common };
    },
    keys() {
      const key = signer.publicKey.export({ format: 'jwk' });
      return { keys: [{ use: 'sig', alg: signer.algorithm, kid: signer.keyId, ...key }] };
    },
  };
}

function newPayload(
  request: TokenRequestOptions,
  { iat, issuer, jti }: { iat: number; issuer: string; jti: string },
): Payload {
  const { namespace, serviceAccount, expirationSeconds, pod, secret, node } = request;
  const audiences = request.audiences.length > 0 ? request.audiences : [issuer];
  const isExtended =
    pod !== undefined &&
    expirationSeconds === PROJECTED_SECONDS &&
    audiences.every((audience) => audience === issuer);
  return {
    aud: [...audiences],
    exp: iat + (isExtended ? EXTENDED_SECONDS : expirationSeconds),
    iat,
    iss: issuer,
    jti,
    'kubernetes.io': {
      namespace,
      ...(node ? { node } : {}),
      ...(pod ? { pod } : {}),
      ...(secret ? { secret } : {}),
      serviceaccount: serviceAccount,
      ...(isExtended ? { warnafter: iat + expirationSeconds } : {}),
    },
    nbf: iat,
    sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
  };
}

function wrongAudience(actual: readonly string[], wanted: readonly string[]): string {
  const lists = [quotedList(actual), quotedList(wanted)];
  return `token audiences ${lists[0]} is invalid for the target audiences ${lists[1]}`;
}

/** The user behind a verified token. */
export function serviceAccountUser(claims: ServiceAccountClaims): UserInfo {
  const { namespace, serviceAccount, pod, node, tokenId } = claims;
  const prefix = 'authentication.kubernetes.io';
  const about = (kind: string, bound: BoundObject | undefined) =>
    bound
      ? { [`${prefix}/${kind}-name`]: [bound.name], [`${prefix}/${kind}-uid`]: [bound.uid] }
      : {};
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    uid: serviceAccount.uid,
    groups: serviceAccountGroups(namespace),
    extra: {
      ...(tokenId === undefined ? {} : { [CREDENTIAL_ID]: [`JTI=${tokenId}`] }),
      ...about('node', node),
      ...about('pod', pod),
    },
  };
}
