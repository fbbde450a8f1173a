// Tokens of service accounts (API-707).
import type { ServiceAccount, TokenRequest } from '../../../api/generated/types.ts';
import { fieldPath, invalidValue } from '../../../api/meta/field-errors.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import {
  badRequest,
  conflict,
  invalid,
  notFound,
  statusError,
} from '../../../api/meta/status-error.ts';
import { pods, secrets } from '../../../api/resources.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import { formatTime } from '../../../base/time.ts';
import { unstored } from '../../api-request.ts';
import type { ObjectResponse } from '../../api-request.ts';
import { getObject, requireObject } from '../../registry/object-store.ts';
import { decodeBody, matchNamespace } from '../body.ts';
import { objectResponse, targetOf } from '../get.ts';
import type { TokenRequestOptions } from '../../service-account-tokens.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';

const tokenResource: ResourceDefinition = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'tokenrequests',
  singular: 'tokenrequest',
  kind: 'TokenRequest',
  model: 'TokenRequest',
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: [],
  subresources: [],
};

const DEFAULT_SECONDS = 3600;
const SECONDS_MIN = 600;
const SECONDS_MAX = 2 ** 32;

/** Throws 400, 404, 409 and 422. */
export async function handleToken(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const issuer = context.tokenIssuer;
  if (!issuer) throw statusError('ServiceUnavailable', 'this server issues no tokens');
  const account = requireObject<ServiceAccount>(context.store, targetOf(target)).object;
  const { object } = await decodeBody(target.request, tokenResource, 'Warn');
  const wanted = object as TokenRequest & KubernetesObject;
  matchNamespace(wanted, target);
  const { audiences = [], expirationSeconds = DEFAULT_SECONDS, boundObjectRef } = wanted.spec ?? {};
  checkSeconds(expirationSeconds);
  const { name = '', uid = '', namespace = '' } = account.metadata;
  const audiencesGiven = audiences.length === 0 ? issuer.audiences : audiences;
  const { token, expiresMs } = issuer.issue({
    namespace,
    serviceAccount: { name, uid },
    audiences: audiencesGiven,
    expirationSeconds,
    ...(boundObjectRef === undefined ? {} : findBound(context, target, boundObjectRef)),
  });
  const reply = {
    ...wanted,
    metadata: { name, namespace, creationTimestamp: formatTime(context.clock.now()) },
    spec: { ...wanted.spec, audiences: [...audiencesGiven], expirationSeconds },
    status: { token, expirationTimestamp: formatTime(expiresMs) },
  };
  return objectResponse(target, unstored(reply), { code: 201 });
}

function checkSeconds(seconds: number): void {
  const path = fieldPath('spec').child('expirationSeconds');
  const why =
    seconds < SECONDS_MIN
      ? 'may not specify a duration less than 10 minutes'
      : 'may not specify a duration larger than 2^32 seconds';
  if (seconds >= SECONDS_MIN && seconds <= SECONDS_MAX) return;
  throw invalid(tokenResource, '', [invalidValue(path, seconds, why)]);
}

function findBound(
  { store }: HandlerContext,
  { info }: ResourceRequest,
  reference: { kind?: string | undefined; name?: string | undefined; uid?: string | undefined },
): Pick<TokenRequestOptions, 'pod' | 'secret'> {
  const { kind = '', name = '', uid = '' } = reference;
  const resource = kind === 'Pod' ? pods : kind === 'Secret' ? secrets : undefined;
  if (!resource) {
    throw badRequest(`cannot bind token for serviceaccount to a type of ${kind}`);
  }
  const bound = getObject(store, { resource, namespace: info.namespace, name })?.object;
  if (!bound) throw notFound(resource, name);
  const actual = bound.metadata.uid ?? '';
  if (uid !== '' && uid !== actual) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record`;
    throw conflict(resource, name, why);
  }
  const object = { name, uid: actual };
  return kind === 'Pod' ? { pod: object } : { secret: object };
}
