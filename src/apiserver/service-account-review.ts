// Decides whether a service account's token is still good: its account, and the pod it is bound to,
// must be there with the uid they had when it was issued (API-1102).
import { isNotFound } from '../api/meta/status-error.ts';
import { pods, resourcePath, secrets, serviceAccounts } from '../api/resources.ts';
import type { ResourceDefinition } from '../api/resources.ts';
import { MASTERS_GROUP, type ApiHandler, type UserInfo } from './api-request.ts';
import type { TokenReviewer } from './authentication.ts';
import {
  serviceAccountUser,
  type BoundObject,
  type ServiceAccountTokenIssuer,
} from './service-account-tokens.ts';

const reviewer: UserInfo = { name: 'system:apiserver', uid: '', groups: [MASTERS_GROUP] };

export interface ReviewerOptions {
  readonly issuer: Pick<ServiceAccountTokenIssuer, 'verify'>;
  readonly handler: ApiHandler;
}

/** A reviewer that looks the objects up through the API. */
export function createServiceAccountReviewer({ issuer, handler }: ReviewerOptions): TokenReviewer {
  const exists = async (
    resource: ResourceDefinition,
    namespace: string,
    { name, uid }: BoundObject,
  ): Promise<boolean> => {
    try {
      const response = await handler({
        method: 'GET',
        path: resourcePath(resource, { namespace, name }),
        query: new URLSearchParams(),
        user: reviewer,
        body: undefined,
        contentType: '',
        userAgent: reviewer.name,
        signal: new AbortController().signal,
      });
      return response.kind === 'object' && response.stored.object.metadata.uid === uid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  };
  return async (token) => {
    const claims = issuer.verify(token);
    if (!claims) return undefined;
    const { namespace, serviceAccount, pod, secret } = claims;
    const alive =
      (await exists(serviceAccounts, namespace, serviceAccount)) &&
      (!pod || (await exists(pods, namespace, pod))) &&
      (!secret || (await exists(secrets, namespace, secret)));
    return alive ? serviceAccountUser(claims) : undefined;
  };
}
