import { beforeEach, describe, expect, it } from 'vitest';
import type { ResourceQuota } from '../../api/generated/types.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const CORE = '/api/v1/namespaces/default';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => api.store.stop();
});

/** A quota as its controller leaves it: with its limits and what is used in the status. */
async function quota(hard: Record<string, string>, extra: object = {}): Promise<void> {
  const used = Object.fromEntries(Object.keys(hard).map((name) => [name, '0']));
  await api.ok(`POST ${CORE}/resourcequotas`, {
    metadata: { name: 'q' },
    spec: { hard, ...extra },
  });
  await api.ok(`PATCH ${CORE}/resourcequotas/q/status`, { status: { hard, used } });
}

async function used(): Promise<Record<string, string> | undefined> {
  return (await api.ok<ResourceQuota>(`GET ${CORE}/resourcequotas/q`)).status?.used;
}

function createPod(name: string, resources: object = {}, spec: object = {}) {
  return api.call(`POST ${CORE}/pods`, {
    body: {
      metadata: { name },
      spec: { containers: [{ name: 'c', image: 'reg.example/app:1', resources }], ...spec },
    },
  });
}

describe('resource quotas', () => {
  it('API-931: what is created is charged; more than the limit is refused', async () => {
    await quota({ pods: '2', 'requests.cpu': '1', 'count/configmaps': '1' });
    const half = { requests: { cpu: '600m' } };
    expect((await createPod('a', half)).code).toBe(201);
    expect(await used()).toEqual({ pods: '1', 'requests.cpu': '600m', 'count/configmaps': '0' });
    expect((await createPod('b', half)).body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=600m, ' +
        'used: requests.cpu=600m, limited: requests.cpu=1',
    });
    await api.ok(`POST ${CORE}/configmaps`, { metadata: { name: 'm' } });
    expect(await used()).toMatchObject({ 'count/configmaps': '1' });
    expect((await api.fails(`POST ${CORE}/configmaps`, { metadata: { name: 'n' } })).message).toBe(
      'configmaps "n" is forbidden: exceeded quota: q, requested: count/configmaps=1, ' +
        'used: count/configmaps=1, limited: count/configmaps=1',
    );
  });

  it('API-931: creations at the same time can’t exceed a quota together', async () => {
    await quota({ pods: '3' });
    const replies = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => createPod(name)));
    expect(replies.map(({ code }) => code)).toEqual([201, 201, 201, 403, 403]);
    expect(await used()).toEqual({ pods: '3' });
  });

  it('API-931: containers must say what a quota counts', async () => {
    await quota({ 'limits.memory': '1Gi', 'requests.cpu': '1' });
    expect((await createPod('a', { limits: { memory: '1Mi' } })).body).toMatchObject({
      message: 'pods "a" is forbidden: failed quota: q: must specify requests.cpu for: c',
    });
  });

  it('API-931: a quota whose use is not known yet refuses; one without status does not', async () => {
    await api.ok(`POST ${CORE}/resourcequotas`, {
      metadata: { name: 'q' },
      spec: { hard: { pods: '0' } },
    });
    expect((await createPod('a')).code).toBe(201);
    await api.ok(`PATCH ${CORE}/resourcequotas/q/status`, { status: { hard: { pods: '5' } } });
    expect((await createPod('b')).body).toMatchObject({
      message: 'pods "b" is forbidden: status unknown for quota: q, resources: pods',
    });
  });

  it('API-931: scopes select what is counted', async () => {
    await quota({ pods: '1' }, { scopes: ['BestEffort'] });
    expect((await createPod('a', { requests: { cpu: '1' } })).code).toBe(201);
    expect((await createPod('b')).code).toBe(201);
    expect((await createPod('c')).code).toBe(403);
    expect(await used()).toEqual({ pods: '1' });
  });

  it('API-931: services and claims, also when they grow', async () => {
    await quota({ 'services.nodeports': '1', 'requests.storage': '2Gi' });
    const service = (type: string) => ({
      metadata: { name: 's' },
      spec: { type, ports: [{ name: 'a', port: 1 }] },
    });
    await api.ok(`POST ${CORE}/services`, service('ClusterIP'));
    expect(await used()).toMatchObject({ 'services.nodeports': '0' });
    await api.ok(`PATCH ${CORE}/services/s`, { spec: { type: 'NodePort' } });
    expect(await used()).toMatchObject({ 'services.nodeports': '1' });
    const claim = (name: string, storage: string) => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    });
    await api.ok(`POST ${CORE}/persistentvolumeclaims`, claim('a', '1Gi'));
    const refused = await api.fails(`POST ${CORE}/persistentvolumeclaims`, claim('b', '1.5Gi'));
    expect(refused.message).toContain('exceeded quota: q, requested: requests.storage=1536Mi');
  });

  it('API-920: a dry run is checked and not charged', async () => {
    await quota({ configmaps: '1' });
    await api.ok(`POST ${CORE}/configmaps?dryRun=All`, { metadata: { name: 'm' } });
    expect(await used()).toEqual({ configmaps: '0' });
    await api.ok(`POST ${CORE}/configmaps`, { metadata: { name: 'm' } });
    const line = `POST ${CORE}/configmaps?dryRun=All`;
    expect((await api.fails(line, { metadata: { name: 'n' } })).code).toBe(403);
  });
});

describe('limit ranges', () => {
  const range = (...limits: object[]) =>
    api.ok(`POST ${CORE}/limitranges`, { metadata: { name: 'l' }, spec: { limits } });

  it('API-931: give containers their defaults, and say so', async () => {
    await range({
      type: 'Container',
      default: { cpu: '500m', memory: '64Mi' },
      defaultRequest: { cpu: '250m' },
    });
    const { body } = await createPod('p', { limits: { cpu: '300m' } });
    expect(body).toMatchObject({
      metadata: {
        annotations: {
          'kubernetes.io/limit-ranger':
            'LimitRanger plugin set: memory request for container c; ' +
            'memory limit for container c',
        },
      },
      spec: {
        containers: [
          {
            resources: {
              requests: { cpu: '300m', memory: '64Mi' },
              limits: { cpu: '300m', memory: '64Mi' },
            },
          },
        ],
      },
    });
  });

  it.each([
    [{ requests: { cpu: '100m' } }, 'minimum cpu usage per Container is 200m, but request is 100m'],
    [
      { requests: { cpu: '1' }, limits: { cpu: '3' } },
      'maximum cpu usage per Container is 2, but limit is 3',
    ],
    [
      { requests: { cpu: '200m' }, limits: { cpu: '2' } },
      'cpu max limit to request ratio per Container is 4, but provided ratio is 10.000000',
    ],
  ])('API-931: %j is out of bounds', async (resources, text) => {
    await range({
      type: 'Container',
      min: { cpu: '200m' },
      max: { cpu: '2' },
      maxLimitRequestRatio: { cpu: '4' },
    });
    const { body } = await createPod('p', resources);
    expect(body).toMatchObject({ code: 403, message: expect.stringContaining(text) });
  });

  it('API-931: pods as a whole, and claims', async () => {
    await range(
      { type: 'Pod', max: { memory: '1Gi' } },
      { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } },
    );
    expect((await createPod('p')).body).toMatchObject({
      message: 'pods "p" is forbidden: maximum memory usage per Pod is 1Gi.  No limit is specified',
    });
    const claim = (storage: string) => ({
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    });
    const small = await api.fails(`POST ${CORE}/persistentvolumeclaims`, claim('1Mi'));
    expect(small.message).toContain(
      'minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi',
    );
    await api.ok(`POST ${CORE}/persistentvolumeclaims`, claim('1Gi'));
  });
});
