import { expect, it } from 'vitest';
import { parseRequestInfo } from '../request-info.ts';
import { refusal, requestAttributes } from './attributes.ts';

function attributesOf(line: string) {
  const [method = '', target = ''] = line.split(' ');
  const url = new URL(target, 'https://localhost');
  const info = parseRequestInfo({ method, path: url.pathname, query: url.searchParams });
  if (!info) throw new Error(`${target} is no resource path`);
  return requestAttributes(info, url.searchParams);
}

const user = { name: 'u', uid: '', groups: [] };

it('API-1105: a namespace counts as being in itself, its creation does not', () => {
  expect(attributesOf('GET /api/v1/namespaces/x')).toMatchObject({ namespace: 'x', name: 'x' });
  expect(attributesOf('PUT /api/v1/namespaces/x/finalize')).toMatchObject({
    namespace: 'x',
    subresource: 'finalize',
  });
  expect(attributesOf('POST /api/v1/namespaces')).toMatchObject({ namespace: '', name: '' });
});

it('API-1105: a collection narrowed to one name asks for that name', () => {
  const pods = '/api/v1/namespaces/x/pods';
  const named = (line: string) => attributesOf(line).name;
  expect(named(`GET ${pods}?fieldSelector=metadata.name%3Da`)).toBe('a');
  expect(named(`GET ${pods}?watch=1&fieldSelector=metadata.name%3Da,spec.nodeName%3Dn`)).toBe('a');
  expect(named(`DELETE ${pods}?fieldSelector=metadata.name%3Da`)).toBe('a');
  expect(named(`GET ${pods}?fieldSelector=metadata.name!%3Da`)).toBe('');
  expect(named(`GET ${pods}?fieldSelector=metadata.name%3Da%2Fb`)).toBe('');
  expect(named(`GET ${pods}?fieldSelector=nonsense`)).toBe('');
});

it('API-1105: what follows a subresource does not change what is asked for', () => {
  expect(attributesOf('GET /api/v1/nodes/n/proxy/logs/a').subresource).toBe('proxy');
});

it('API-317: refusals name user, verb, resource, group and place, and the reason', () => {
  const scale = attributesOf('PUT /apis/apps/v1/namespaces/x/statefulsets/web/scale');
  const { status } = refusal(user, scale, 'RBAC: why');
  expect(status.message).toBe(
    'statefulsets.apps "web" is forbidden: User "u" cannot update resource "statefulsets/scale" ' +
      'in API group "apps" in the namespace "x": RBAC: why',
  );
  expect(status.details).toEqual({ name: 'web', group: 'apps', kind: 'statefulsets' });
  expect(refusal(user, attributesOf('GET /api/v1/nodes')).status.message).toBe(
    'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" ' +
      'at the cluster scope',
  );
  expect(refusal(user, { verb: 'get', path: '/metrics' }).status).toMatchObject({
    message: 'forbidden: User "u" cannot get path "/metrics"',
    details: {},
  });
});
