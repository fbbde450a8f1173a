import { PassThrough, Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import type {
  Node,
  Pod,
  PodDisruptionBudget,
  Scale,
  StatefulSet,
  TokenRequest,
} from '../../../api/generated/types.ts';
import type { ApiResponse } from '../../api-request.ts';
import type { NodeConnection } from '../../node-connection.ts';
import { createTestApi } from '../../testing/test-api.ts';
import type { TestApi } from '../../testing/test-api.ts';

const PODS = '/api/v1/namespaces/default/pods';
const SETS = '/apis/apps/v1/namespaces/default/statefulsets';
const BUDGETS = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
let api: TestApi;
let asked: unknown[];

const node: NodeConnection = {
  containerLogs: async (...args) => {
    asked.push(args);
    return Readable.from(['line\n']);
  },
  exec: async (...args) => {
    asked.push(args);
    const stdout = new PassThrough();
    const exitCode = Promise.resolve(0);
    return { stdin: undefined, stdout, stderr: undefined, exitCode, resize() {}, kill() {} };
  },
  attach: (address, request) => node.exec(address, { ...request, command: [] }),
  dial: async () => new PassThrough(),
  usage: () => Promise.reject(new Error('not asked here')),
};

beforeEach(async () => {
  asked = [];
  api = await createTestApi({
    dialNode: () => node,
    tokenIssuer: {
      audiences: ['api'],
      issue: (options) => {
        asked.push(options);
        return { token: 'signed', expiresMs: api.clock.now() + options.expirationSeconds * 1000 };
      },
    },
  });
  return () => api.store.stop();
});

const container = { name: 'c', image: 'reg.example/app:1' };

function pod(spec: object = {}, labels: Record<string, string> = {}): Promise<Pod> {
  return api.ok<Pod>(`POST ${PODS}`, {
    metadata: { name: 'p', labels },
    spec: { automountServiceAccountToken: false, containers: [container], ...spec },
  });
}

describe('status', () => {
  it('API-701: takes only the status; the main endpoint never does', async () => {
    const object = await pod();
    const main = await api.ok<Pod>(`PATCH ${PODS}/p`, { status: { phase: 'Running' } });
    expect(main).toEqual(object);
    const patched = await api.ok<Pod>(`PATCH ${PODS}/p/status`, {
      spec: { nodeName: 'n1' },
      status: { phase: 'Running' },
    });
    expect(patched.status?.phase).toBe('Running');
    expect(patched.spec?.nodeName).toBeUndefined();
    expect(await api.ok(`GET ${PODS}/p/status`)).toEqual(patched);
    expect(await api.fails(`POST ${PODS}/p/status`, {})).toMatchObject({ code: 405 });
  });
});

describe('scale', () => {
  beforeEach(() =>
    api.ok(`POST ${SETS}`, {
      metadata: { name: 'web' },
      spec: {
        replicas: 3,
        serviceName: 'web',
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } },
      },
    }),
  );

  it('SS-742, API-702: shows and sets the number of replicas', async () => {
    const scale = await api.ok<Scale>(`GET ${SETS}/web/scale`);
    expect(scale).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 3 },
      status: { replicas: 0, selector: 'app=web' },
    });
    const put = await api.ok<Scale>(`PUT ${SETS}/web/scale`, { ...scale, spec: { replicas: 7 } });
    expect(put.spec?.replicas).toBe(7);
    const { spec, metadata } = await api.ok<StatefulSet>(`GET ${SETS}/web`);
    expect(spec?.replicas).toBe(7);
    expect(metadata.generation).toBe(2);
  });

  it('SS-742, API-702: a stale version, another uid and a negative number are refused', async () => {
    const scale = await api.ok<Scale>(`GET ${SETS}/web/scale`);
    await api.ok(`PATCH ${SETS}/web/scale`, { spec: { replicas: 5 } });
    expect(await api.fails(`PUT ${SETS}/web/scale`, scale)).toMatchObject({ code: 409 });
    const current = await api.ok<Scale>(`GET ${SETS}/web/scale`);
    const foreign = { ...current, metadata: { ...current.metadata, uid: 'another' } };
    expect(await api.fails(`PUT ${SETS}/web/scale`, foreign)).toMatchObject({ code: 409 });
    const patch = { spec: { replicas: -2 } };
    expect((await api.fails(`PATCH ${SETS}/web/scale`, patch)).message).toBe(
      'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -2: must be ' +
        'greater than or equal to 0',
    );
  });

  it('API-305, API-920: the same number and a dry run write nothing', async () => {
    const { revision } = api.store;
    await api.ok(`PATCH ${SETS}/web/scale`, { spec: { replicas: 3 } });
    const shown = await api.ok<Scale>(`PATCH ${SETS}/web/scale?dryRun=All`, {
      spec: { replicas: 9 },
    });
    expect(shown.spec?.replicas).toBe(9);
    expect(api.store.revision).toBe(revision);
  });
});

describe('binding', () => {
  const bind = (name: string) => ({ metadata: { name: 'p' }, target: { kind: 'Node', name } });

  it('API-704: sets the node once and says so in a condition', async () => {
    await pod();
    expect(await api.call(`POST ${PODS}/p/binding`, { body: bind('n1') })).toMatchObject({
      code: 201,
      body: { kind: 'Status', status: 'Success' },
    });
    const { spec, status, metadata } = await api.ok<Pod>(`GET ${PODS}/p`);
    expect(spec?.nodeName).toBe('n1');
    expect(metadata.generation).toBe(1);
    expect(status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
    expect((await api.fails(`POST ${PODS}/p/binding`, bind('n2'))).message).toBe(
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    );
  });

  it('API-704: a gated pod is not bound', async () => {
    await pod({ schedulingGates: [{ name: 'g' }] });
    expect(await api.fails(`POST ${PODS}/p/binding`, bind('n1'))).toMatchObject({ code: 409 });
  });
});

describe('eviction', () => {
  const labels = { app: 'web' };
  const evict = () =>
    api.call<{ message: string }>(`POST ${PODS}/p/eviction`, {
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } },
    });

  async function running(ready: 'True' | 'False'): Promise<void> {
    await pod({ nodeName: 'n1' }, labels);
    const conditions = [{ type: 'Ready', status: ready }];
    await api.ok(`PATCH ${PODS}/p/status`, { status: { phase: 'Running', conditions } });
  }

  async function budget(status: object, spec: object = {}, name = 'pdb'): Promise<void> {
    const selector = { matchLabels: labels };
    await api.ok(`POST ${BUDGETS}`, {
      metadata: { name },
      spec: { selector, minAvailable: 1, ...spec },
    });
    await api.ok(`PATCH ${BUDGETS}/${name}/status`, {
      status: { observedGeneration: 1, ...status },
    });
  }

  const numbers = { currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, disruptionsAllowed: 0 };

  it('SS-965, SS-966: uses up one disruption and marks the pod', async () => {
    await running('True');
    await budget({ ...numbers, currentHealthy: 3, disruptionsAllowed: 2 });
    expect((await evict()).code).toBe(201);
    const { status, metadata } = await api.ok<Pod>(`GET ${PODS}/p`);
    expect(metadata.deletionGracePeriodSeconds).toBe(30);
    expect(status?.conditions?.at(-1)).toMatchObject({
      type: 'DisruptionTarget',
      reason: 'EvictionByEvictionAPI',
    });
    const { status: left } = await api.ok<PodDisruptionBudget>(`GET ${BUDGETS}/pdb`);
    expect(left?.disruptionsAllowed).toBe(1);
    expect(Object.keys(left?.disruptedPods ?? {})).toEqual(['p']);
  });

  it('SS-965, API-320: a budget without room is 429', async () => {
    await running('True');
    await budget(numbers);
    expect(await evict()).toMatchObject({
      code: 429,
      body: {
        message: "Cannot evict pod as it would violate the pod's disruption budget.",
        details: {
          causes: [
            {
              reason: 'DisruptionBudget',
              message: 'The disruption budget pdb needs 1 healthy pods and has 1 currently',
            },
          ],
        },
      },
    });
  });

  it('SS-965: a budget not yet observed is 429 with a time to wait', async () => {
    await running('True');
    await budget({ ...numbers, observedGeneration: 0, disruptionsAllowed: 5 });
    expect(await evict()).toMatchObject({
      code: 429,
      body: { details: { retryAfterSeconds: 10 } },
    });
  });

  it('SS-963: two budgets are 500', async () => {
    await running('True');
    await budget({ ...numbers, disruptionsAllowed: 1 });
    await budget({ ...numbers, disruptionsAllowed: 1 }, {}, 'pdb2');
    expect(await evict()).toMatchObject({
      code: 500,
      body: {
        message:
          'This pod has more than one PodDisruptionBudget, which the eviction ' +
          'subresource does not support.',
      },
    });
  });

  it.each([
    ['healthy enough', {}, { currentHealthy: 2, desiredHealthy: 2 }, 201],
    ['not healthy enough', {}, { currentHealthy: 1, desiredHealthy: 2 }, 429],
    ['nobody is needed', {}, { currentHealthy: 0, desiredHealthy: 0 }, 429],
    ['always allowed', { unhealthyPodEvictionPolicy: 'AlwaysAllow' }, { desiredHealthy: 2 }, 201],
  ])('SS-964: an unready pod, %s', async (_, spec, status, code) => {
    await running('False');
    await budget({ ...numbers, ...status }, spec);
    expect((await evict()).code).toBe(code);
  });

  it('SS-962: a pod that does not run needs no budget', async () => {
    await pod({}, labels);
    await budget(numbers);
    expect((await evict()).code).toBe(201);
    expect(await api.fails(`GET ${PODS}/p`)).toMatchObject({ code: 404 });
  });

  it.each(['Succeeded', 'Failed'])('SS-962: a pod of phase %s needs none', async (phase) => {
    await running('True');
    await api.ok(`PATCH ${PODS}/p/status`, { status: { phase } });
    await budget(numbers);
    expect((await evict()).code).toBe(201);
    expect(await api.fails(`GET ${PODS}/p`)).toMatchObject({ code: 404 });
  });

  it('SS-962: a terminating pod needs none; its disruption is not counted', async () => {
    await running('True');
    await api.ok(`DELETE ${PODS}/p`);
    await budget(numbers);
    expect((await evict()).code).toBe(201);
    const { status } = await api.ok<PodDisruptionBudget>(`GET ${BUDGETS}/pdb`);
    expect(status?.disruptedPods).toBeUndefined();
  });

  it('SS-963: without a budget a pod is deleted; budgets of other pods do not count', async () => {
    await running('True');
    await budget(numbers, { selector: { matchLabels: { app: 'other' } } });
    expect((await evict()).code).toBe(201);
    expect((await api.ok<Pod>(`GET ${PODS}/p`)).metadata.deletionTimestamp).toBeDefined();
  });

  it('SS-966: a dry run answers the same and changes nothing', async () => {
    await running('True');
    await budget({ ...numbers, currentHealthy: 3, disruptionsAllowed: 2 });
    const { revision } = api.store;
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'p' },
      deleteOptions: { dryRun: ['All'] },
    };
    expect((await api.call(`POST ${PODS}/p/eviction`, { body })).code).toBe(201);
    expect(api.store.revision).toBe(revision);
  });
});

describe('ephemeral containers', () => {
  const add = (containers: object[]) => ({ spec: { ephemeralContainers: containers } });

  it('API-705: may be added, not changed or removed', async () => {
    await pod();
    const path = `PATCH ${PODS}/p/ephemeralcontainers`;
    const patched = await api.ok<Pod>(path, add([{ name: 'd', image: 'dbg' }]));
    expect(patched.spec?.ephemeralContainers).toMatchObject([{ name: 'd', image: 'dbg' }]);
    expect(patched.metadata.generation).toBe(2);
    expect((await api.fails(path, add([{ name: 'd', image: 'x' }]))).message).toContain(
      'existing ephemeral containers "d" may not be changed',
    );
    expect((await api.fails(path, add([]))).message).toContain('"d" may not be removed');
  });
});

describe('log, exec, attach, port-forward', () => {
  async function send(path: string): Promise<ApiResponse> {
    const url = new URL(path, 'https://localhost');
    return api.handler({
      method: 'GET',
      path: url.pathname,
      query: url.searchParams,
      user: { name: 'admin', uid: '', groups: ['system:masters'] },
      body: undefined,
      contentType: '',
      userAgent: '',
      signal: () => new AbortController().signal,
    });
  }

  it('API-720: the log of the only container, with its options', async () => {
    await pod({ nodeName: 'n1' });
    const response = await send(`${PODS}/p/log?follow=true&tailLines=5&sinceSeconds=10`);
    expect(response).toMatchObject({ kind: 'stream', contentType: 'text/plain' });
    expect(asked).toEqual([
      [
        { namespace: 'default', pod: 'p', container: 'c' },
        {
          follow: true,
          previous: false,
          timestamps: false,
          sinceMs: api.clock.now() - 10_000,
          tailLines: 5,
          limitBytes: undefined,
        },
      ],
    ]);
  });

  it('API-720: an unscheduled pod has an empty log', async () => {
    await pod();
    expect(await send(`${PODS}/p/log`)).toMatchObject({ kind: 'plain', code: 204 });
  });

  it('API-720: the container must be clear', async () => {
    const second = { name: 'd', image: 'reg.example/app:1' };
    await pod({ containers: [container, second], initContainers: [{ ...container, name: 'i' }] });
    expect((await api.fails(`GET ${PODS}/p/log`)).message).toBe(
      'a container name must be specified for pod p, choose one of: [i c d]',
    );
    expect((await api.fails(`GET ${PODS}/p/log?container=zz`)).message).toBe(
      'container zz is not valid for pod p',
    );
    expect((await api.fails(`GET ${PODS}/p/log?container=c&tailLines=-1`)).message).toBe(
      'PodLogOptions "p" is invalid: tailLines: Invalid value: -1: must be greater ' +
        'than or equal to 0',
    );
  });

  it('API-730: exec goes to the node of the pod', async () => {
    await pod({ nodeName: 'n1' });
    const response = await send(
      `${PODS}/p/exec?command=sh&command=-c&stdin=true&stdout=true&stderr=1`,
    );
    if (response.kind !== 'process') throw new Error(`a ${response.kind}`);
    expect(response.request).toEqual({ stdin: true, stdout: true, stderr: true, tty: false });
    await response.connect();
    expect(asked).toEqual([
      [
        { namespace: 'default', pod: 'p', container: 'c' },
        { command: ['sh', '-c'], stdin: true, tty: false },
      ],
    ]);
  });

  it('API-739: what cannot be connected to is said at once', async () => {
    expect(await api.fails(`GET ${PODS}/p/exec?command=a&stdout=1`)).toMatchObject({ code: 404 });
    await pod();
    expect((await api.fails(`GET ${PODS}/p/exec?command=a&stdout=1`)).message).toBe(
      'pod p does not have a host assigned',
    );
    await api.ok(`PATCH ${PODS}/p/status`, { status: { phase: 'Failed' } });
    expect((await api.fails(`GET ${PODS}/p/attach?stdout=1`)).message).toBe(
      'cannot attach to a container in a completed pod; current phase is Failed',
    );
  });

  it('API-750: port-forward dials the pod', async () => {
    await pod({ nodeName: 'n1' });
    const response = await send(`${PODS}/p/portforward`);
    expect(response.kind).toBe('portforward');
  });
});

describe('tokens', () => {
  const path = 'POST /api/v1/namespaces/default/serviceaccounts/default/token';

  it('API-707: are issued for the account, bound to a pod', async () => {
    const { metadata } = await pod();
    const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p' };
    const reply = await api.ok<TokenRequest>(path, {
      spec: { boundObjectRef, expirationSeconds: 900 },
    });
    expect(reply.status).toEqual({ token: 'signed', expirationTimestamp: '2026-01-01T00:15:00Z' });
    expect(asked).toMatchObject([
      {
        namespace: 'default',
        serviceAccount: { name: 'default' },
        audiences: ['api'],
        pod: { name: 'p', uid: metadata.uid },
      },
    ]);
  });

  it('API-707: bound to a pod they also say where it is; to a node they die with it', async () => {
    const n1 = await api.ok<Node>('POST /api/v1/nodes', { metadata: { name: 'n1' } });
    await pod({ nodeName: 'n1' });
    const bind = (kind: string, name: string) =>
      api.ok(path, { spec: { boundObjectRef: { kind, apiVersion: 'v1', name } } });
    await bind('Pod', 'p');
    await bind('Node', 'n1');
    const ofNode = { name: 'n1', uid: n1.metadata.uid };
    expect(asked).toMatchObject([{ pod: { name: 'p' }, node: ofNode }, { node: ofNode }]);
    expect(asked[1]).not.toHaveProperty('pod');
  });

  it.each([
    [{ metadata: { name: 'other' } }, 422, 'must match the service account name if specified'],
    [{ metadata: { namespace: 'x' } }, 400, 'does not match the namespace sent on the request'],
    [{ metadata: { uid: 'x' } }, 409, 'does not match the UID of the service account'],
    [
      { spec: { boundObjectRef: { kind: 'Job', apiVersion: 'batch/v1' } } },
      400,
      'batch/v1, Kind=Job',
    ],
    [{ spec: { boundObjectRef: { kind: 'Pod', name: 'p', uid: 'x' } } }, 409, 'recreated'],
  ])('API-707: a request for %j is %i', async (body, code, text) => {
    await pod();
    const status = await api.fails(path, body);
    expect(status.code).toBe(code);
    expect(status.message).toContain(text);
  });

  it('API-707: a pod of another account is no reason for a token', async () => {
    await api.ok('POST /api/v1/namespaces/default/serviceaccounts', {
      metadata: { name: 'robot' },
    });
    await pod();
    const boundObjectRef = { kind: 'Pod', name: 'p' };
    const robot = 'POST /api/v1/namespaces/default/serviceaccounts/robot/token';
    const status = await api.fails(robot, { spec: { boundObjectRef } });
    expect(status).toMatchObject({
      code: 400,
      message:
        'cannot bind token for serviceaccount "robot" to pod running with ' +
        'different serviceaccount name.',
    });
  });

  it('API-707: a missing account or pod is 404, a short life 422', async () => {
    const missing = 'POST /api/v1/namespaces/default/serviceaccounts/none/token';
    expect(await api.fails(missing, {})).toMatchObject({ code: 404 });
    const boundObjectRef = { kind: 'Pod', name: 'none' };
    expect(await api.fails(path, { spec: { boundObjectRef } })).toMatchObject({ code: 404 });
    expect(await api.fails(path, { spec: { expirationSeconds: 5 } })).toMatchObject({ code: 422 });
  });
});
