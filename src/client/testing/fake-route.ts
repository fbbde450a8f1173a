// Which resource, object and selection a request of the fake API server is about.
import { matches, parseLabelSelector } from '../../api/meta/labels.ts';
import { isJsonObject } from '../../api/meta/object.ts';
import { badRequest, statusError } from '../../api/meta/status-error.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { resourcePath } from '../../api/resources.ts';
import type { TransportRequest } from '../transport.ts';
import type { FakeObject } from './fake-objects.ts';

export interface FakeRoute {
  readonly resource: ResourceDefinition;
  /** Empty: all namespaces, or a cluster-scoped resource. */
  readonly namespace: string;
  /** Empty: the collection. */
  readonly name: string;
  readonly subresource: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Throws 404 for paths that no resource of the table has. */
export function parseRoute(
  { path, query = {} }: TransportRequest,
  resources: readonly ResourceDefinition[],
): FakeRoute {
  for (const resource of resources) {
    const [prefix = ''] = resourcePath(resource).split(`/${resource.resource}`);
    if (!path.startsWith(`${prefix}/`)) continue;
    const parts = path
      .slice(prefix.length + 1)
      .split('/')
      .map(decodeURIComponent);
    const scoped = resource.namespaced && parts[0] === 'namespaces' && parts.length > 2;
    const [plural, name = '', subresource = ''] = scoped ? parts.slice(2) : parts;
    if (plural !== resource.resource) continue;
    if (subresource !== '' && !resource.subresources.includes(subresource)) continue;
    return { resource, namespace: scoped ? (parts[1] ?? '') : '', name, subresource, query };
  }
  throw statusError('NotFound', 'the server could not find the requested resource');
}

/** Whether the label and field selectors of the query choose the object. */
export function selects({ query }: Pick<FakeRoute, 'query'>, object: FakeObject): boolean {
  const byField = (term: string) => holds(term, (path) => fieldOf(object, path));
  return (
    matches(parseLabelSelector(query['labelSelector'] ?? ''), object.metadata.labels) &&
    terms(query['fieldSelector']).every(byField)
  );
}

function terms(selector = ''): string[] {
  return selector.split(',').filter((term) => term !== '');
}

function holds(term: string, valueOf: (key: string) => string): boolean {
  const [, key, operator, value] = /^([^=!]+?)(==|=|!=)(.*)$/.exec(term) ?? [];
  if (key === undefined) throw badRequest(`the fake API server cannot read selector ${term}`);
  return (valueOf(key) === value) === (operator !== '!=');
}

function fieldOf(object: FakeObject, path: string): string {
  let value: unknown = object;
  for (const part of path.split('.')) value = isJsonObject(value) ? value[part] : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
