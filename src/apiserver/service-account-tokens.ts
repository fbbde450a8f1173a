// Signs and verifies the tokens of service accounts: JWTs with the kubernetes.io claims (API-1102).
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { UserInfo } from './api-request.ts';
import { serviceAccountGroups } from './authentication.ts';

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
}

export interface ServiceAccountClaims {
  readonly namespace: string;
  readonly serviceAccount: BoundObject;
  readonly pod: BoundObject | undefined;
  readonly secret: BoundObject | undefined;
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresMs: number;
}

export interface ServiceAccountTokenIssuer {
  /** Audiences of tokens for the API server itself. */
  readonly audiences: readonly string[];
  issue(options: TokenRequestOptions): IssuedToken;
  /**
   * The claims of a token that we signed, that is in its time and that is meant for one of
   * `audiences` (absent: the API server); undefined otherwise. Whether the account still exists is
   * the caller's question.
   */
  verify(token: string, audiences?: readonly string[]): ServiceAccountClaims | undefined;
  /** The public keys as a JSON Web Key Set. */
  keys(): object;
}

interface Payload {
  iss: string;
  sub: string;
  aud: string[];
  exp: number;
  iat: number;
  nbf: number;
  'kubernetes.io': {
    namespace: string;
    serviceaccount: BoundObject;
    pod?: BoundObject;
    secret?: BoundObject;
  };
}

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

function checkedPayload(token: string, signer: Signer): Payload | undefined {
  const [head = '', body = '', signature = '', ...rest] = token.split('.');
  const header = decode<{ alg?: string }>(head);
  if (rest.length > 0 || header?.alg !== signer.algorithm) return undefined;
  return signer.verify(`${head}.${body}`, signature) ? decode<Payload>(body) : undefined;
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
    audiences: payload.aud,
    expiresMs: payload.exp * 1000,
  };
}

/**
 * `key`: PEM of an RSA or P-256 private key; `issuer`: the `iss` claim, also the default audience.
 */
export function createServiceAccountTokenIssuer(options: {
  key: string;
  issuer: string;
  clock: Clock;
}): ServiceAccountTokenIssuer {
  const { issuer, clock } = options;
  const signer = createSigner(options.key);
  const header = encode({ alg: signer.algorithm, kid: signer.keyId });
  const own = [issuer];
  return {
    audiences: own,
    issue({ namespace, serviceAccount, audiences, expirationSeconds, pod, secret }) {
      const iat = Math.floor(clock.now() / 1000);
      const exp = iat + expirationSeconds;
      const payload: Payload = {
        aud: [...(audiences.length > 0 ? audiences : own)],
        exp,
        iat,
        iss: issuer,
        'kubernetes.io': {
          namespace,
          ...(pod ? { pod } : {}),
          ...(secret ? { secret } : {}),
          serviceaccount: serviceAccount,
        },
        nbf: iat,
        sub: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
      };
      const text = `${header}.${encode(payload)}`;
      return { token: `${text}.${signer.sign(text)}`, expiresMs: exp * 1000 };
    },
    verify(token, audiences = own) {
      const payload = checkedPayload(token, signer);
      const seconds = clock.now() / 1000;
      if (!payload || payload.iss !== issuer) return undefined;
      if (!(payload.nbf <= seconds && seconds < payload.exp)) return undefined;
      if (!Array.isArray(payload.aud)) return undefined;
      return payload.aud.some((audience) => audiences.includes(audience))
        ? claimsOf(payload)
        : undefined;
    },
    keys() {
      const key = signer.publicKey.export({ format: 'jwk' });
      return { keys: [{ use: 'sig', alg: signer.algorithm, kid: signer.keyId, ...key }] };
    },
  };
}

/** The user behind a verified token. */
export function serviceAccountUser({ namespace, serviceAccount }: ServiceAccountClaims): UserInfo {
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    uid: serviceAccount.uid,
    groups: serviceAccountGroups(namespace),
  };
}
