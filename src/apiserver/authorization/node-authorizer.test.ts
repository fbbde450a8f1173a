import { generateKeyPairSync } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Status } from '../../api/generated/types.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import { createServiceAccountTokenIssuer } from '../service-account-tokens.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';
import { nodeUser } from './node-identity.ts';

const NODES = '/api/v1/nodes';
const DEFAULT = '/api/v1/namespaces/default';
let api: TestApi;

/** As the agent of node a: the code, and the message after "forbidden: ". */
async function asAgent(line: string, body?: object): Promise<[number, string]> {
  const options = { user: nodeUser('a'), ...(body === undefined ? {} : { body }) };
  const reply = await api.call<Status>(line, options);
  const message = reply.code < 300 ? '' : (reply.body.message ?? '');
  return [reply.code, message.replace(/^.*? is forbidden: /s, '').replace(/^User .*?: /, '')];
}

const container = { name: 'c', image: 'reg.example/app:1' };

async function addPod(name: string, node: string, spec: object = {}) {
  const whole = { nodeName: node, containers: [container], ...spec };
  return api.ok(`POST ${DEFAULT}/pods`, { metadata: { name }, spec: whole });
}

beforeEach(async () => {
  const clock = new ManualClock();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const issuer = 'https://issuer.example';
  const random = seededRandom(1);
  const tokenIssuer = createServiceAccountTokenIssuer({ key, issuer, clock, random });
  api = await createTestApi({ tokenIssuer });
  for (const name of ['a', 'b']) await api.ok(`POST ${NODES}`, { metadata: { name } });
  for (const name of ['used', 'other']) {
    await api.ok(`POST ${DEFAULT}/secrets`, { metadata: { name } });
    await api.ok(`POST ${DEFAULT}/configmaps`, { metadata: { name } });
  }
  return () => api.store.stop();
});

describe('the agent of a node', () => {
  it('API-1105: reads and changes its own Node only', async () => {
    expect((await asAgent(`GET ${NODES}/a`))[0]).toBe(200);
    expect(await asAgent(`GET ${NODES}/b`)).toEqual([
      403,
      "node 'a' cannot read 'b', only its own Node object",
    ]);
    expect(await asAgent(`GET ${NODES}`)).toEqual([
      403,
      "node 'a' cannot read all nodes, only its own Node object",
    ]);
    expect((await asAgent(`GET ${NODES}?fieldSelector=metadata.name%3Da`))[0]).toBe(200);
    expect((await asAgent(`PATCH ${NODES}/a/status`, { status: { phase: 'x' } }))[0]).toBe(200);
    expect(await asAgent(`PATCH ${NODES}/b/status`, { status: { phase: 'x' } })).toEqual([
      403,
      'node "a" is not allowed to modify node "b"',
    ]);
    const taints = [{ key: 'k', effect: 'NoSchedule' }];
    expect(await asAgent(`PATCH ${NODES}/a`, { spec: { taints } })).toEqual([
      403,
      'node "a" is not allowed to modify taints',
    ]);
    const label = (key: string) =>
      asAgent(`PATCH ${NODES}/a`, { metadata: { labels: { [key]: 'x' } } });
    expect((await label('example.com/mine'))[0]).toBe(200);
    expect((await label('kubernetes.io/hostname'))[0]).toBe(200);
    expect(await label('x.node-restriction.kubernetes.io/y')).toEqual([
      403,
      'is not allowed to modify labels: x.node-restriction.kubernetes.io/y',
    ]);
    expect((await label('node-role.kubernetes.io/control-plane'))[0]).toBe(403);
  });

  it('API-1105: lists the pods on its node, reads and deletes only these', async () => {
    await addPod('mine', 'a');
    await addPod('foreign', 'b');
    const list = (node: string) =>
      asAgent(`GET /api/v1/pods?fieldSelector=spec.nodeName%3D${node}`);
    expect((await list('a'))[0]).toBe(200);
    expect(await list('b')).toEqual([
      403,
      'can only list/watch pods with spec.nodeName field selector',
    ]);
    expect((await asAgent(`GET ${DEFAULT}/pods/mine`))[0]).toBe(200);
    expect((await asAgent(`GET ${DEFAULT}/pods/foreign`))[0]).toBe(403);
    const status = { status: { message: 'x' } };
    expect((await asAgent(`PATCH ${DEFAULT}/pods/mine/status`, status))[0]).toBe(200);
    expect(await asAgent(`PATCH ${DEFAULT}/pods/foreign/status`, status)).toEqual([
      403,
      'node "a" can only update pod status for pods with spec.nodeName set to itself',
    ]);
    expect(await asAgent(`DELETE ${DEFAULT}/pods/foreign`)).toEqual([
      403,
      'node "a" can only delete pods with spec.nodeName set to itself',
    ]);
    expect((await asAgent(`DELETE ${DEFAULT}/pods/mine?gracePeriodSeconds=0`))[0]).toBe(200);
  });

  it('API-1105: reads what the pods on its node name, as long as they are there', async () => {
    const unrelated = "no relationship found between node 'a' and this object";
    expect(await asAgent(`GET ${DEFAULT}/secrets/used`)).toEqual([403, unrelated]);
    const env = [{ name: 'E', valueFrom: { configMapKeyRef: { name: 'used', key: 'k' } } }];
    await addPod('p', 'a', {
      containers: [{ ...container, env }],
      volumes: [
        { name: 's', secret: { secretName: 'used' } },
        { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
      ],
    });
    for (const kind of ['secrets', 'configmaps']) {
      expect((await asAgent(`GET ${DEFAULT}/${kind}/used`))[0]).toBe(200);
      expect(await asAgent(`GET ${DEFAULT}/${kind}/other`)).toEqual([403, unrelated]);
      expect((await asAgent(`GET ${DEFAULT}/${kind}`))[0]).toBe(403);
      expect((await asAgent(`GET /api/v1/${kind}`))[0]).toBe(403);
    }
    await api.ok('POST /api/v1/persistentvolumes', {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/x' },
        claimRef: { namespace: 'default', name: 'data' },
      },
    });
    expect((await asAgent('GET /api/v1/persistentvolumes/v'))[0]).toBe(200);
    expect((await asAgent(`GET ${DEFAULT}/persistentvolumeclaims/data`))[0]).toBe(404);
    await api.ok(`DELETE ${DEFAULT}/pods/p?gracePeriodSeconds=0`);
    expect(await asAgent(`GET ${DEFAULT}/secrets/used`)).toEqual([403, unrelated]);
  });

  it('API-1105: gets tokens for the pods on its node only', async () => {
    const token = (pod: string, uid: string, audiences: readonly string[] = []) =>
      asAgent(`POST ${DEFAULT}/serviceaccounts/default/token`, {
        spec: { audiences, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod, uid } },
      });
    const volume = (audience: string) => ({
      name: 't',
      projected: { sources: [{ serviceAccountToken: { path: 't', audience } }] },
    });
    const mine = await addPod('mine', 'a', { volumes: [volume('vault')] });
    const foreign = await addPod('foreign', 'b');
    const uid = mine.metadata.uid ?? '';
    expect((await token('mine', uid))[0]).toBe(201);
    expect((await token('mine', uid, ['vault']))[0]).toBe(201);
    expect(await token('mine', uid, ['bank'])).toEqual([
      403,
      'audience "bank" not found in pod spec volume, ' +
        'system:node:a is not authorized to request tokens for this audience',
    ]);
    expect(await token('mine', '')).toEqual([
      403,
      'node requested token with a pod binding without a uid',
    ]);
    expect(await token('foreign', foreign.metadata.uid ?? '')).toEqual([
      403,
      'node requested token bound to a pod scheduled on a different node',
    ]);
  });

  it('API-1105: has its own lease, and makes mirror pods that name nothing', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
    expect((await asAgent(`POST ${leases}`, { metadata: { name: 'a' } }))[0]).toBe(201);
    const why = 'can only access node lease with the same name as the requesting node';
    expect(await asAgent(`POST ${leases}`, { metadata: { name: 'b' } })).toEqual([403, why]);
    expect(await asAgent(`GET ${leases}/b`)).toEqual([403, why]);
    const plain = await asAgent(`POST ${DEFAULT}/pods`, {
      metadata: { name: 'm' },
      spec: { nodeName: 'a', containers: [container] },
    });
    expect(plain).toEqual([
      403,
      'pod does not have "kubernetes.io/config.mirror" annotation, ' +
        'node "a" can only create mirror pods',
    ]);
  });

  it('API-1105: has no rights beyond, and nobody else has any by the name alone', async () => {
    expect((await asAgent(`GET ${DEFAULT}/services`))[0]).toBe(200);
    expect((await asAgent(`POST ${DEFAULT}/configmaps`, { metadata: { name: 'x' } }))[0]).toBe(403);
    const user = { ...nodeUser('a'), groups: ['system:authenticated'] };
    expect((await api.call(`GET ${NODES}/a`, { user })).code).toBe(403);
  });
});
