// Decides whether a service account's token is still good: its account, and the object it is bound
// to, must be there with the uid they had when it was issued (API-1102). Tokens that never expire
// must still be what their Secret holds.
import type { Secret } from '../api/generated/types.ts';
import type { KubernetesObject } from '../api/meta/object.ts';
import { notFound } from '../api/meta/status-error.ts';
import { nodes, pods, secrets, serviceAccounts } from '../api/resources.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import type { Clock } from '../base/clock.ts';
import type { Store } from '../storage/store.ts';
import type { TokenReviewer } from './authentication.ts';
import { getObject } from './registry/object-store.ts';
import {
  serviceAccountUser,
  type BoundObject,
  type ServiceAccountClaims,
  type ServiceAccountTokenIssuer,
} from './service-account-tokens.ts';

export interface ReviewerOptions {
  readonly issuer: Pick<ServiceAccountTokenIssuer, 'verify'>;
  readonly store: Store;
  readonly clock: Clock;
}

/** How long tokens outlive the deletion of what they are bound to, in milliseconds. */
const DELETION_LEEWAY_MS = 60_000;
/** A label of Secrets whose token nobody has used for long. */
const INVALID_SINCE = 'kubernetes.io/legacy-token-invalid-since';
const INVALIDATED = 'service account token has been invalidated';

/** A reviewer that looks the objects up in the store. */
export function createServiceAccountReviewer(options: ReviewerOptions): TokenReviewer {
  const { issuer, store, clock } = options;

  const findLive = (
    resource: ResourceDefinition,
    namespace: string,
    name: string,
  ): KubernetesObject | undefined => {
    const object = getObject(store, { resource, namespace, name })?.object;
    const deleted = object?.metadata.deletionTimestamp;
    const isOver = deleted !== undefined && Date.parse(deleted) < clock.now() - DELETION_LEEWAY_MS;
    return isOver ? undefined : object;
  };

  /** What is wrong with an object that a token names, or undefined. */
  const problemOf = (
    resource: ResourceDefinition,
    namespace: string,
    { name, uid }: BoundObject,
  ): string | undefined => {
    const object = findLive(resource, namespace, name);
    const isAccount = resource === serviceAccounts;
    if (!object) return isAccount ? notFound(resource, name).message : INVALIDATED;
    const actual = object.metadata.uid ?? '';
    if (actual === uid) return undefined;
    if (isAccount) return `service account UID (${actual}) does not match claim (${uid})`;
    const kind = resource.singular;
    return `${kind} UID (${actual}) does not match service account ${kind} ref claim (${uid})`;
  };

  const problemWith = (claims: ServiceAccountClaims): string | undefined => {
    const { namespace, serviceAccount, pod, secret, node } = claims;
    return (
      problemOf(serviceAccounts, namespace, serviceAccount) ??
      (secret && problemOf(secrets, namespace, secret)) ??
      (pod && problemOf(pods, namespace, pod)) ??
      // The node of a pod's token is only told, not checked.
      (node && !pod ? problemOf(nodes, '', node) : undefined)
    );
  };

  return (token, audiences) => {
    const verified = issuer.verify(token, audiences);
    if ('error' in verified) return verified;
    const { claims } = verified;
    const problem =
      (claims.holder === undefined ? undefined : holderProblem(store, claims, token)) ??
      problemWith(claims);
    if (problem !== undefined) return { error: problem };
    return { user: serviceAccountUser(claims), audiences: verified.audiences };
  };
}

/** What is wrong with the Secret that must hold a lasting token, or undefined. */
function holderProblem(
  store: Store,
  { namespace, serviceAccount, holder = '' }: ServiceAccountClaims,
  token: string,
): string | undefined {
  const target = { resource: secrets, namespace, name: holder };
  const secret = getObject<Secret>(store, target)?.object;
  if (!secret || secret.metadata.deletionTimestamp !== undefined) {
    return 'Token has been invalidated';
  }
  const held = Buffer.from(secret.data?.['token'] ?? '', 'base64').toString();
  if (held !== token) return "Token does not match server's copy";
  if (secret.metadata.labels?.[INVALID_SINCE] === undefined) return undefined;
  return (
    `the token in secret ${namespace}/${holder} for service account ` +
    `${namespace}/${serviceAccount.name} has been marked invalid. Use tokens from the ` +
    'TokenRequest API or manually created secret-based tokens, or remove the ' +
    `'${INVALID_SINCE}' label from the secret to temporarily allow use of this token`
  );
}
