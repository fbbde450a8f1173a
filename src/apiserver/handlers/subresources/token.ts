// Tokens of service accounts (API-707).
import type {
  BoundObjectReference,
  Node,
  ObjectMeta,
  Pod,
  ServiceAccount,
  TokenRequest,
} from '../../../api/generated/types.ts';
import { fieldPath, invalidValue } from '../../../api/meta/field-errors.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import { badRequest, conflict, invalid, statusError } from '../../../api/meta/status-error.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';
import { nodes, pods, secrets } from '../../../api/resources.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import { formatTime } from '../../../base/time.ts';
import { admitPart } from '../../admission/admit-part.ts';
import { unstored } from '../../api-request.ts';
import type { ObjectResponse } from '../../api-request.ts';
import { getObject, requireObject } from '../../registry/object-store.ts';
import { decodeBody, matchNamespace } from '../body.ts';
import { objectResponse, targetOf } from '../get.ts';
import type { BoundObject, TokenRequestOptions } from '../../service-account-tokens.ts';
import type { HandlerContext, ResourceRequest } from '../handler-context.ts';
import { parseWriteOptions } from '../write-options.ts';

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

type Bound = Pick<TokenRequestOptions, 'pod' | 'secret' | 'node'>;

/** Throws 400, 404, 409 and 422. */
export async function handleToken(
  context: HandlerContext,
  target: ResourceRequest,
): Promise<ObjectResponse> {
  const issuer = context.tokenIssuer;
  if (!issuer) throw statusError('ServiceUnavailable', 'this server issues no tokens');
  const { dryRun, fieldValidation } = parseWriteOptions(target.request.query, 'CreateOptions');
  const { object, warnings } = await decodeBody(target.request, tokenResource, fieldValidation);
  const wanted = object as TokenRequest & KubernetesObject;
  matchNamespace(wanted, target);
  checkName(wanted.metadata, target);
  const account = requireObject<ServiceAccount>(context.store, targetOf(target)).object;
  const { name = '', uid = '', namespace = '' } = account.metadata;
  checkUid(wanted.metadata.uid, { name, uid });
  const part = { operation: 'create', kind: tokenResource, object: wanted, dryRun } as const;
  const admitted = admitPart(context, target, part);
  if (admitted) await admitted;
  const { audiences = [], expirationSeconds = DEFAULT_SECONDS, boundObjectRef } = wanted.spec ?? {};
  checkSeconds(expirationSeconds);
  const audiencesGiven = audiences.length === 0 ? issuer.audiences : audiences;
  const { token, expiresMs } = issuer.issue({
    namespace,
    serviceAccount: { name, uid },
    audiences: audiencesGiven,
    expirationSeconds,
    ...(boundObjectRef === undefined ? {} : findBound(context, target, boundObjectRef)),
  });
  const creationTimestamp = formatTime(context.clock.now());
  const reply = {
    ...wanted,
    metadata: { ...wanted.metadata, name, namespace, uid, creationTimestamp },
    spec: {
      ...wanted.spec,
      audiences: [...audiencesGiven],
      expirationSeconds,
      boundObjectRef: boundObjectRef ?? null,
    },
    status: { token, expirationTimestamp: formatTime(expiresMs) },
  };
  return objectResponse(target, unstored(reply), { code: 201, warnings });
}

function checkName({ name = '' }: ObjectMeta, { info }: ResourceRequest): void {
  if (name === '' || name === info.name) return;
  const why = 'must match the service account name if specified';
  const cause = invalidValue(fieldPath('metadata').child('name'), name, why);
  throw invalid(tokenResource, info.name, [cause]);
}

function checkUid(wanted: string | undefined, { name, uid }: BoundObject): void {
  if (wanted === undefined || wanted === '' || wanted === uid) return;
  const why =
    `the UID in the token request (${wanted}) does not match ` +
    `the UID of the service account (${uid})`;
  throw conflict({ ...tokenResource, resource: tokenResource.kind }, name, why);
}

function checkSeconds(seconds: number): void {
  const path = fieldPath('spec').child('expirationSeconds');
  const causes: StatusCause[] = [];
  if (seconds < SECONDS_MIN) {
    causes.push(invalidValue(path, seconds, 'may not specify a duration less than 10 minutes'));
  }
  if (seconds > SECONDS_MAX) {
    const why = 'may not specify a duration larger than 2^32 seconds';
    causes.push(invalidValue(path, seconds, why));
  }
  if (causes.length > 0) throw invalid(tokenResource, '', causes);
}

function findBound(
  context: HandlerContext,
  target: ResourceRequest,
  reference: BoundObjectReference,
): Bound {
  const { kind = '', apiVersion = '', name = '', uid: wanted = '' } = reference;
  const isCore = !apiVersion.includes('/');
  const resource = isCore ? BINDABLE.find((candidate) => candidate.kind === kind) : undefined;
  if (!resource) {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  const namespace = resource.namespaced ? target.info.namespace : '';
  const bound = requireObject<KubernetesObject>(context.store, {
    resource,
    namespace,
    name,
  }).object;
  if (resource === pods) requireAccountOf(bound as Pod, target.info.name);
  const uid = bound.metadata.uid ?? '';
  if (wanted !== '' && wanted !== uid) {
    const why =
      `the UID in the bound object reference (${wanted}) does not match the UID in record. ` +
      'The object might have been deleted and then recreated';
    throw conflict({ group: '', resource: kind }, name, why);
  }
  if (resource === secrets) return { secret: { name, uid } };
  if (resource === nodes) return { node: { name, uid } };
  const node = nodeOf(context, bound as Pod);
  return { pod: { name, uid }, ...(node ? { node } : {}) };
}

const BINDABLE: readonly ResourceDefinition[] = [pods, secrets, nodes];

function requireAccountOf({ spec }: Pod, account: string): void {
  if (spec?.serviceAccountName === account) return;
  throw badRequest(
    `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with ` +
      'different serviceaccount name.',
  );
}

/** Where a pod is; a node that is gone is still named. */
function nodeOf({ store }: HandlerContext, { spec }: Pod): BoundObject | undefined {
  const { nodeName: name = '' } = spec ?? {};
  if (name === '') return undefined;
  const node = getObject<Node>(store, { resource: nodes, namespace: '', name })?.object;
  return { name, uid: node?.metadata.uid ?? '' };
}
