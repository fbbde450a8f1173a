// Makes whole requests, each from a seed of its own, so that one can be repeated alone.
import type { Random } from '../../src/base/random.ts';
import type { ResourceDefinition } from '../../src/api/resources.ts';
import { chance, NAMES, NAMESPACES, ODD_TEXTS, pick, randomText } from './choice.ts';
import { mutateText } from './mutate.ts';
import { deleteBody, objectBody, patchBody, type Body, type BodyTarget } from './random-body.ts';
import { validObjects } from './valid-objects.ts';
import { encoded, randomAuthorization, randomHeaders, randomQuery } from './random-query.ts';

export interface FuzzRequest {
  readonly method: string;
  /** With the query; printable ASCII. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const METHODS = [
  'GET', 'GET', 'GET', 'POST', 'POST', 'POST', 'POST', 'POST', 'PUT', 'PUT', 'PATCH', 'PATCH', 'PATCH',
  'PATCH', 'PATCH', 'DELETE',
]; // prettier-ignore
const ODD_METHODS = ['HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'];

/** How many of 100 requests of a method name an object. */
const WITH_NAME: Readonly<Record<string, number>> = {
  GET: 50,
  POST: 8,
  PUT: 96,
  PATCH: 97,
  DELETE: 90,
};

const SYSTEM_PATHS = [
  '/', '/api', '/apis', '/apis/apps', '/apis/apps/v1', '/api/v1', '/api/v2', '/apis/nope', '/version',
  '/healthz', '/livez?verbose', '/readyz/ping', '/readyz?exclude=ping', '/metrics', '/openapi/v2',
  '/openapi/v3', '/openapi/v3/api/v1', '/openapi/v3/apis/apps/v1?hash=x', '/openapi/v3/nope',
  '/.well-known/openid-configuration', '/openid/v1/jwks', '/logs', '/debug/pprof', '/api/v1/watch',
  '/api/v1/watch/pods', '/api/v1/watch/namespaces/default/pods/a', '/apis/apps/v1/watch/namespaces/a',
  '/api/v1/namespaces/default/pods/web-0/proxy/a/b', '/api/v1/namespaces/default/services/a/proxy/',
  '/api/v1/nodes/node-0/proxy/pods', '/api/v1/nodes/node-0:10250/proxy/stats/summary',
  '/api/v1/nodes/node-0/proxy/metrics/resource', '/api/v1/nodes/node-0/proxy/containerLogs/a/b/c',
  '/api/v1/namespaces/default/pods/web-0/exec/', '/ui', '//', '/api//v1/pods', '/./api/v1',
]; // prettier-ignore

function namePart(random: Random): string {
  if (chance(random, 94)) return pick(random, NAMES);
  return chance(random, 80) ? encoded(pick(random, ODD_TEXTS)) : encoded(randomText(random));
}

function resourcePathOf(
  random: Random,
  { resource, namespace, name }: BodyTarget,
  withName: boolean,
): string {
  const { group, version, namespaced } = resource;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const inNamespace = namespaced !== chance(random, 2) ? `/namespaces/${namespace}` : '';
  const collection = `${root}${inNamespace}/${resource.resource}`;
  if (!withName) return collection;
  const subresource = subresourceOf(random, resource);
  return `${collection}/${name}${subresource === '' ? '' : `/${subresource}`}`;
}

function subresourceOf(random: Random, { subresources }: ResourceDefinition): string {
  if (subresources.length > 0 && chance(random, 30)) return pick(random, subresources);
  return chance(random, 3) ? pick(random, ['status', 'scale', 'x', 'a/b', 'proxy', '%00']) : '';
}

function bodyFor(random: Random, method: string, target: BodyTarget): Body | undefined {
  if (method === 'PATCH') return patchBody(random, target);
  if (method === 'DELETE') return deleteBody(random);
  if (method === 'POST' || method === 'PUT') return objectBody(random, target);
  return chance(random, 3) ? objectBody(random, target) : undefined;
}

function targetOf(random: Random, resources: readonly ResourceDefinition[]): BodyTarget {
  const usual = resources.filter(({ resource: name }) => Object.hasOwn(validObjects, name));
  const resource = pick(random, chance(random, 60) ? usual : resources);
  return { resource, name: namePart(random), namespace: pick(random, NAMESPACES) };
}

/** A request that a caller with the given Authorization header may send, or nobody. */
export function randomRequest(
  random: Random,
  { resources, authorization }: { resources: readonly ResourceDefinition[]; authorization: string },
): FuzzRequest {
  const method = pick(random, chance(random, 97) ? METHODS : ODD_METHODS);
  const target = targetOf(random, resources);
  const withName = chance(random, WITH_NAME[method] ?? 50);
  const usual = resourcePathOf(random, target, withName);
  const known = chance(random, 94) ? usual : pick(random, SYSTEM_PATHS);
  const damaged = `/${mutateText(random, known).replace(/[^!-~]/g, '')}`;
  const path = chance(random, 3) ? damaged : known;
  const body = bodyFor(random, method, target);
  const contentType = chance(random, 97) ? body?.contentType : pick(random, ODD_TYPES);
  const query = path.includes('?') ? '' : randomQuery(random);
  return {
    method,
    path: `${path}${query}`,
    headers: {
      ...randomHeaders(random),
      authorization: chance(random, 97) ? authorization : randomAuthorization(random),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
    body: body?.bytes,
  };
}

const ODD_TYPES = [
  '',
  'text/plain',
  'application/json; charset=x',
  'a',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
];

/** One line for people to find a request again. */
export function describeRequest({ method, path, headers, body }: FuzzRequest): string {
  const { authorization: _secret, ...shown } = headers;
  const text =
    body === undefined ? '' : ` ${JSON.stringify(body.toString('latin1').slice(0, 600))}`;
  return `${method} ${path.slice(0, 600)} ${JSON.stringify(shown).slice(0, 300)}${text}`;
}
