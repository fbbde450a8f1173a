// metrics.k8s.io, with agents that say what the test wants.
import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeMetrics, PodMetrics } from '../../../api/metrics/metrics-resources.ts';
import { statusError } from '../../../api/meta/status-error.ts';
import type { NodeConnection, NodeUsage } from '../../node-connection.ts';
import { createTestApi, type TestApi } from '../../testing/test-api.ts';

const METRICS = '/apis/metrics.k8s.io/v1beta1';
const PODS = '/api/v1/namespaces/default/pods';
const figures = {
  atMs: 1_700_000_000_000,
  windowMs: 75_500,
  cpuNanoseconds: 1,
  startedAtMs: 0,
};

const usage: NodeUsage = {
  node: { ...figures, cpuNanoCores: 1_500_000_000, memoryBytes: 3 * 1024 * 1024 },
  pods: [
    {
      namespace: 'default',
      name: 'web-1',
      containers: [{ ...figures, name: 'c', cpuNanoCores: 250_123, memoryBytes: 1500 }],
    },
    {
      namespace: 'default',
      name: 'web-0',
      containers: [{ ...figures, name: 'c', cpuNanoCores: 0, memoryBytes: 2048 }],
    },
    { namespace: 'default', name: 'starting', containers: [] },
    { namespace: 'default', name: 'unknown', containers: [] },
  ],
};

function dialNode(name: string): NodeConnection {
  if (name === 'silent') throw statusError('ServiceUnavailable', 'no agent');
  return { usage: async () => usage } as NodeConnection;
}

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi({ dialNode, nodesHaveMetrics: true });
  for (const name of ['n', 'silent']) {
    await api.ok('POST /api/v1/nodes', { metadata: { name, labels: { node: name } } });
  }
  for (const name of ['web-0', 'web-1', 'starting']) {
    await api.ok(`POST ${PODS}`, {
      metadata: { name, labels: { app: name.slice(0, 3), pod: name } },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    });
  }
  return () => api.store.stop();
});

interface ListOf<T> {
  items: T[];
}

const listed = async <T>(path: string) => (await api.ok<ListOf<T>>(`GET ${METRICS}${path}`)).items;
const names = async (path: string) =>
  (await listed<PodMetrics>(path)).map(({ metadata }) => metadata.name);

describe('API-207: metrics.k8s.io', () => {
  it('says what nodes use; those without an agent are left out', async () => {
    expect(await listed<NodeMetrics>('/nodes')).toEqual([
      {
        apiVersion: 'metrics.k8s.io/v1beta1',
        kind: 'NodeMetrics',
        metadata: {
          name: 'n',
          creationTimestamp: '2023-11-14T22:13:20Z',
          labels: { node: 'n' },
        },
        timestamp: '2023-11-14T22:13:20Z',
        window: '1m15.5s',
        usage: { cpu: '1500m', memory: '3Mi' },
      },
    ]);
    expect(await names('/nodes?labelSelector=node=silent')).toEqual([]);
  });

  it('says what the containers of pods use, in order, for those that run', async () => {
    const pods = await listed<PodMetrics>('/namespaces/default/pods');
    expect(pods.map(({ metadata, containers }) => [metadata.name, containers])).toEqual([
      ['web-0', [{ name: 'c', usage: { cpu: '0', memory: '2Ki' } }]],
      ['web-1', [{ name: 'c', usage: { cpu: '250123n', memory: '1500' } }]],
    ]);
    expect(await names('/pods')).toEqual(['web-0', 'web-1']);
    expect(await names('/namespaces/other/pods')).toEqual([]);
    expect(await names('/pods?labelSelector=pod=web-1')).toEqual(['web-1']);
    expect(await names('/pods?fieldSelector=spec.nodeName=elsewhere')).toEqual([]);
  });

  it('answers for one name, or 404', async () => {
    const pod = await api.ok<PodMetrics>(`GET ${METRICS}/namespaces/default/pods/web-0`);
    expect(pod).toMatchObject({ kind: 'PodMetrics', metadata: { name: 'web-0' } });
    const missing = await api.fails(`GET ${METRICS}/namespaces/default/pods/starting`);
    expect(missing).toMatchObject({
      code: 404,
      message: 'podmetrics.metrics.k8s.io "default/starting" not found',
    });
    const { message } = await api.fails(`GET ${METRICS}/nodes/silent`);
    expect(message).toBe('nodemetrics.metrics.k8s.io "silent" not found');
  });

  it('can be read only, and is not served without nodes', async () => {
    expect((await api.fails(`DELETE ${METRICS}/nodes/n`)).code).toBe(405);
    expect((await api.fails(`GET ${METRICS}/namespaces/default/nodes`)).code).toBe(404);
    expect((await api.fails(`GET ${METRICS}/services`)).code).toBe(404);
    const bare = await createTestApi();
    expect((await bare.call(`GET ${METRICS}/nodes`)).code).toBe(404);
    await bare.store.stop();
  });
});
