// API services: those of the server itself, of definitions, and what others create.
import { beforeEach, describe, expect, test } from 'vitest';
import type { APIService, CustomResourceDefinition } from '../../api/generated/types.ts';
import { builtinResources } from '../../api/resources.ts';
import { seededRandom } from '../../base/random.ts';
import { define, DEFINITIONS } from '../custom-resources/definitions.fixture.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { MANAGED_LABEL } from './local-services.ts';
import { registerBuiltinServices } from './register-services.ts';

const SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices';
const CUSTOM = `${SERVICES}/v1.example.com`;

let api: TestApi;
const names = async () => {
  const { items } = await api.ok<{ items: APIService[] } & APIService>(`GET ${SERVICES}`);
  return items.map(({ metadata }) => metadata.name);
};
const start = () => registerBuiltinServices({ ...api, random: seededRandom(2) }, builtinResources);
const remote = (spec: object = {}): APIService => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1.other.example.com' },
  spec: {
    group: 'other.example.com',
    version: 'v1',
    groupPriorityMinimum: 2000,
    versionPriority: 10,
    service: { namespace: 'default', name: 'other' },
    ...spec,
  },
});

beforeEach(async () => {
  api = await createTestApi();
});

describe('of built-in groups', () => {
  test('each served version has one, which is always available', async () => {
    await start();
    const versions = new Set(builtinResources.map(({ group, version }) => `${version}.${group}`));
    versions.delete('v1.apiregistration.k8s.io');
    expect(await names()).toEqual([...versions].toSorted());
    expect(await api.ok<APIService>(`GET ${SERVICES}/v1.apps`)).toMatchObject({
      metadata: { labels: { [MANAGED_LABEL]: 'onstart' } },
      spec: { group: 'apps', version: 'v1', groupPriorityMinimum: 17_800, versionPriority: 15 },
      status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] },
    });
  });

  test('a start corrects its own, removes what is gone, and leaves what is of others', async () => {
    await start();
    const change = { spec: { versionPriority: 7 } };
    await api.ok(`PATCH ${SERVICES}/v1.apps`, change);
    await api.ok(`PATCH ${SERVICES}/v1.batch`, {
      ...change,
      metadata: { labels: { [MANAGED_LABEL]: null } },
    });
    const gone = remote({ service: undefined });
    gone.metadata.labels = { [MANAGED_LABEL]: 'onstart' };
    await api.ok(`POST ${SERVICES}`, gone);
    await start();
    expect((await api.ok<APIService>(`GET ${SERVICES}/v1.apps`)).spec?.versionPriority).toBe(15);
    expect((await api.ok<APIService>(`GET ${SERVICES}/v1.batch`)).spec?.versionPriority).toBe(7);
    expect(await names()).not.toContain('v1.other.example.com');
  });
});

describe('of definitions', () => {
  test('they come, come back and go with what is served', async () => {
    await define(api, {});
    expect(await api.ok<APIService>(`GET ${CUSTOM}`)).toMatchObject({
      metadata: { labels: { [MANAGED_LABEL]: 'true' } },
      spec: { group: 'example.com', groupPriorityMinimum: 1000, versionPriority: 100 },
    });
    await api.ok(`DELETE ${CUSTOM}`);
    expect(await names()).toEqual(['v1.example.com']);
    await api.ok<CustomResourceDefinition>(`DELETE ${DEFINITIONS}/widgets.example.com`);
    expect(await names()).toEqual([]);
  });
});

describe('of other servers', () => {
  test('they are kept, and not available', async () => {
    const { spec, status } = await api.ok<APIService>(`POST ${SERVICES}`, remote());
    expect(spec?.service?.port).toBe(443);
    expect(status?.conditions).toMatchObject([
      { type: 'Available', status: 'False', reason: 'AggregationNotSupported' },
    ]);
  });

  test('what becomes local becomes available', async () => {
    await api.ok(`POST ${SERVICES}`, remote());
    const { status } = await api.ok<APIService>(`PATCH ${SERVICES}/v1.other.example.com`, {
      spec: { service: null },
    });
    expect(status?.conditions).toMatchObject([{ status: 'True', reason: 'Local' }]);
  });

  test('causes are those of upstream', async () => {
    const body = remote({ groupPriorityMinimum: 0, version: 'V', service: { port: 70_000 } });
    const { details } = await api.fails(`POST ${SERVICES}`, body);
    expect((details?.causes ?? []).map(({ field }) => field)).toEqual([
      'metadata.name',
      'spec.version',
      'spec.groupPriorityMinimum',
      'spec.service.namespace',
      'spec.service.name',
      'spec.service.port',
    ]);
    const local = remote({ service: undefined, insecureSkipTLSVerify: true, caBundle: 'QQ==' });
    const { message } = await api.fails(`POST ${SERVICES}`, local);
    expect(message).toContain('Invalid value: "1 bytes": local APIServices may not have');
  });
});
