// What a request path means: verb, group, version, resource, namespace, name and subresource.
// Only paths of resources; discovery, health and the like belong to the edge.
import { badRequest, statusError } from '../api/meta/status-error.ts';
import type { StatusError } from '../api/meta/status-error.ts';
import type { Verb } from '../api/resources.ts';

export interface RequestInfo {
  readonly verb: Verb;
  /** The empty string for the core group. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** The empty string for cluster-scoped objects and for all namespaces. */
  readonly namespace: string;
  /** The empty string for collections. */
  readonly name: string;
  readonly subresource: string;
}

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** API-302: the method is not offered on this path. */
export function methodNotAllowed(): StatusError {
  return statusError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    { details: {} },
  );
}

/** A resource or subresource that is not served. */
export function resourceNotServed(): StatusError {
  return statusError('NotFound', 'the server could not find the requested resource', {
    details: {},
  });
}

/** True for paths that the core handles: `/api/<version>/…` and `/apis/<group>/<version>/…`. */
export function isResourcePath(path: string): boolean {
  return splitRoot(path) !== undefined;
}

/**
 * Reads a resource path (API-501, API-520, API-521); undefined when it is not one. Throws 400 and
 * 405.
 */
export function parseRequestInfo({ method, path, query }: RequestLine): RequestInfo | undefined {
  const root = splitRoot(path);
  if (!root) return undefined;
  const { group, version } = root;
  const oldWatch = root.rest[0] === 'watch' && root.rest.length > 1;
  const target = splitTarget(oldWatch ? root.rest.slice(1) : root.rest);
  const verb = verbOf(method, target.name, oldWatch || isTrue(query.get('watch')));
  if (oldWatch && verb === 'get') return { verb: 'watch', group, version, ...target };
  return { verb, group, version, ...target };
}

/** Go-style reading of a boolean parameter: present and neither `false` nor `0` (API-501). */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function splitRoot(path: string): { group: string; version: string; rest: string[] } | undefined {
  const parts = decodePath(path).replace(/\/+$/, '').split('/').slice(1);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const [group, version, ...rest] = isCore ? ['', ...parts.slice(1)] : parts.slice(1);
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  return { group, version, rest };
}

/** An escaped slash is one like any other. */
function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw badRequest(`invalid URL escape in "${path}"`);
  }
}

function splitTarget(
  rest: readonly string[],
): Pick<RequestInfo, 'resource' | 'namespace' | 'name' | 'subresource'> {
  const [first = '', second = '', third = ''] = rest;
  const namespaced =
    first === 'namespaces' && rest.length > 2 && third !== 'status' && third !== 'finalize';
  const [resource = '', name = '', ...sub] = namespaced ? rest.slice(2) : rest;
  // What follows is the path on the other side.
  const subresource = sub[0] === 'proxy' ? 'proxy' : sub.join('/');
  return { resource, namespace: namespaced ? second : '', name, subresource };
}

function verbOf(method: string, name: string, watch: boolean): Verb {
  const isObject = name !== '';
  switch (method) {
    case 'GET':
      if (isObject) return 'get';
      return watch ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isObject ? 'delete' : 'deletecollection';
    default:
      throw methodNotAllowed();
  }
}
