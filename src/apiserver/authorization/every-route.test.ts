// Every route denies by default: a walk over all resources, verbs and subresources as a user
// without rights. What is served later is walked too.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Status } from '../../api/generated/types.ts';
import { builtinResources, resourcePath, type ResourceDefinition } from '../../api/resources.ts';
import { seededRandom } from '../../base/random.ts';
import type { UserInfo } from '../api-request.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { bootstrapPolicy } from './bootstrap-policy.ts';

const nobody: UserInfo = { name: 'nobody', uid: '', groups: ['system:authenticated'] };
const NAME = 'x';

/** What everybody who is known may ask. */
const FOR_ALL = ['selfsubjectreviews', 'selfsubjectaccessreviews', 'selfsubjectrulesreviews'];

function requestsOf(resource: ResourceDefinition): string[] {
  const namespace = resource.namespaced ? 'default' : '';
  const all = resourcePath(resource, { namespace });
  const one = resourcePath(resource, { namespace, name: NAME });
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
  return [
    `GET ${resourcePath(resource)}`,
    `GET ${resourcePath(resource)}?watch=true`,
    ...methods.flatMap((method) => [`${method} ${all}`, `${method} ${one}`]),
    ...resource.subresources.flatMap((subresource) =>
      methods.map(
        (method) => `${method} ${resourcePath(resource, { namespace, name: NAME, subresource })}`,
      ),
    ),
  ];
}

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
  await bootstrapPolicy({ store: api.store, clock: api.clock, random: seededRandom(1) });
});

describe.each(builtinResources.filter(({ resource }) => !FOR_ALL.includes(resource)))(
  'API-1105: $group/$resource',
  (resource) => {
    it('is closed to users without rights', async () => {
      for (const line of requestsOf(resource)) {
        const { code, body } = await api.call<Status>(line, { user: nobody, body: {} });
        expect({ line, code, reason: body.reason }).toEqual({
          line,
          code: 403,
          reason: 'Forbidden',
        });
        expect(body.message).toContain('User "nobody" cannot ');
      }
    });
  },
);

it('API-1105: unknown groups, resources and subresources are as closed as known ones', async () => {
  for (const path of ['/apis/none/v1/things', '/api/v1/things/x', '/api/v1/nodes/x/none/deep']) {
    const { code } = await api.call(`GET ${path}`, { user: nobody });
    expect({ path, code }).toEqual({ path, code: 403 });
  }
});

it('API-1105: connecting to a container by GET also needs the right to create', async () => {
  const rule = (verbs: string[]) => ({ apiGroups: [''], resources: ['pods/exec'], verbs });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const metadata = { name: 'exec' };
  await api.ok(`POST ${rbac}/clusterroles`, { metadata, rules: [rule(['get'])] });
  const roleRef = { kind: 'ClusterRole', name: 'exec' };
  const subjects = [{ kind: 'User', name: 'nobody' }];
  await api.ok(`POST ${rbac}/clusterrolebindings`, { metadata, roleRef, subjects });
  const exec = () =>
    api.call<Status>('GET /api/v1/namespaces/default/pods/x/exec', { user: nobody });
  expect((await exec()).body.message).toContain('cannot create resource "pods/exec"');
  await api.ok(`PATCH ${rbac}/clusterroles/exec`, { rules: [rule(['get', 'create'])] });
  expect((await exec()).code).toBe(404);
});
