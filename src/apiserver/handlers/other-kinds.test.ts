import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  CronJob,
  Event,
  EventsV1Event,
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  Job,
  Pod,
  PriorityClass,
} from '../../api/generated/types.ts';
import type { NodeConnection } from '../node-connection.ts';
import { createTestApi, type TestApi } from '../testing/test-api.ts';

const NS = '/api/v1/namespaces/default';
const container = { name: 'c', image: 'reg.example/app:1' };
const podSpec = { containers: [container], restartPolicy: 'Never' };

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi();
});

/** The lines of a 422. */
async function causes(line: string, body: object): Promise<string[]> {
  const status = await api.fails(line, body);
  expect(status.code).toBe(422);
  return (status.details?.causes ?? []).map(
    ({ field, message }) => `${field ?? ''}: ${message ?? ''}`,
  );
}

describe('jobs and cron jobs', () => {
  const jobs = 'POST /apis/batch/v1/namespaces/default/jobs';

  it('API-923: a job gets a selector and labels of its own', async () => {
    const body = { metadata: { name: 'j' }, spec: { template: { spec: podSpec } } };
    const job = await api.ok<Job>(jobs, body);
    const uid = job.metadata.uid ?? '';
    expect(job.spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
    });
    expect(job.metadata.labels).toEqual(job.spec?.template.metadata?.labels);
    expect(job.metadata.labels).toMatchObject({ 'job-name': 'j', 'controller-uid': uid });
  });

  it('API-314: what a job cannot be', async () => {
    const spec = {
      completions: -1,
      completionMode: 'NonIndexed',
      maxFailedIndexes: 1,
      podFailurePolicy: { rules: [{ action: 'Count' }] },
      template: { spec: { containers: [container] } },
    };
    expect(await causes(jobs, { metadata: { name: 'bad' }, spec })).toEqual([
      'spec.completions: Invalid value: -1: must be greater than or equal to 0',
      'spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified',
      'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
      'spec.podFailurePolicy.rules[0]: Invalid value: ' +
        'specifying one of OnExitCodes and OnPodConditions is required',
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ]);
    const policy = { rules: [{ succeededIndexes: '0,5-3' }] };
    const indexed = {
      completionMode: 'Indexed',
      completions: 3,
      successPolicy: policy,
      template: { spec: podSpec },
    };
    expect(await causes(jobs, { metadata: { name: 'bad' }, spec: indexed })).toEqual([
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0,5-3": ' +
        'error parsing succeededIndexes: too large index: "5"',
    ]);
  });

  it('API-315: the template of a job that runs is fixed', async () => {
    const path = '/apis/batch/v1/namespaces/default/jobs/j';
    const job = await api.ok<Job>(`GET ${path}`);
    const changed = structuredClone(job);
    changed.spec!.template.spec!.containers[0]!.image = 'other';
    expect((await causes(`PUT ${path}`, changed))[0]).toMatch(/^spec\.template: .*immutable/);
  });

  it('API-314: schedules of cron jobs', async () => {
    const cronJobs = 'POST /apis/batch/v1/namespaces/default/cronjobs';
    const jobTemplate = { spec: { template: { spec: podSpec } } };
    const wrong: [string, string][] = [
      ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
      ['61 * * * *', 'end of range (61) above maximum (59): 61'],
      ['@never', 'unrecognized descriptor: @never'],
      ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ];
    for (const [schedule, message] of wrong) {
      const body = { metadata: { name: 'c' }, spec: { schedule, jobTemplate } };
      const line = `spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${message}`;
      expect(await causes(cronJobs, body)).toEqual([line]);
    }
    const spec = { schedule: '*/5 8-18 * jan,feb mon-fri', timeZone: 'Europe/Rome', jobTemplate };
    const cronJob = await api.ok<CronJob>(cronJobs, { metadata: { name: 'c' }, spec });
    expect(cronJob.spec).toMatchObject({
      concurrencyPolicy: 'Allow',
      suspend: false,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 1,
    });
    const zone = { ...spec, timeZone: 'Mars/Base' };
    expect(await causes(cronJobs, { metadata: { name: 'd' }, spec: zone })).toEqual([
      'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
    ]);
  });
});

describe('one object in two forms', () => {
  it('API-923: events of events.k8s.io are core events', async () => {
    const path = '/apis/events.k8s.io/v1/namespaces/default/events';
    const created = await api.ok<EventsV1Event>(`POST ${path}`, {
      metadata: { name: 'e' },
      eventTime: '2024-01-01T00:00:00.000001Z',
      regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
      reason: 'R',
      action: 'A',
      note: 'n',
      type: 'Warning',
      reportingController: 'example.com/x',
      reportingInstance: 'i',
    });
    expect(created).toMatchObject({ apiVersion: 'events.k8s.io/v1', note: 'n' });
    const core = await api.ok<Event>(`GET ${NS}/events/e`);
    expect(core).toMatchObject({ apiVersion: 'v1', message: 'n', involvedObject: { name: 'p' } });
    expect(core.metadata.resourceVersion).toBe(created.metadata.resourceVersion);
    const selector = 'fieldSelector=regarding.name%3Dp';
    const list = await api.ok<{ items: EventsV1Event[] }>(`GET ${path}?${selector}`);
    expect(list.items).toMatchObject([{ note: 'n', metadata: { name: 'e' } }]);

    const watch = await api.watch(
      `${path}?watch=true&resourceVersion=${created.metadata.resourceVersion}`,
    );
    const patched = await api.call<EventsV1Event>(`PATCH ${path}/e`, {
      body: JSON.stringify({ series: { count: 2, lastObservedTime: created.eventTime } }),
      contentType: 'application/merge-patch+json',
    });
    expect(patched.body).toMatchObject({ series: { count: 2 }, note: 'n' });
    await api.ok(`DELETE ${NS}/events/e`);
    expect(watch.events.map(({ type, object }) => [type, object.apiVersion])).toEqual([
      ['MODIFIED', 'events.k8s.io/v1'],
      ['DELETED', 'events.k8s.io/v1'],
    ]);
    watch.stop();
  });

  it('API-314: new events are complete', async () => {
    const body = { metadata: { name: 'f' }, reason: 'R', deprecatedCount: 2 };
    const path = 'POST /apis/events.k8s.io/v1/namespaces/kube-system/events';
    expect(await causes(path, body)).toEqual([
      'involvedObject.namespace: Invalid value: "": does not match event.namespace',
      'eventTime: Required value',
      'type: Invalid value: "": has invalid value: ',
      'count: Invalid value: "": needs to be unset',
    ]);
    const timed = { ...body, type: 'Normal', eventTime: '2026-01-01T00:00:00.000000Z' };
    expect(await causes(path, timed)).toContain('reportingController: Required value');
    const refused = await api.fails(path, body);
    expect(refused.details).not.toHaveProperty('group');
  });

  it('API-641: what is owned in one version is owned in the other', async () => {
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const apply = (version: string, manager: string, maxReplicas: number) => {
      const apiVersion = `autoscaling/${version}`;
      const path = `/apis/${apiVersion}/namespaces/default/horizontalpodautoscalers/shared`;
      const spec = { scaleTargetRef, maxReplicas };
      return api.call(`PATCH ${path}?fieldManager=${manager}`, {
        contentType: 'application/apply-patch+yaml',
        body: { apiVersion, kind: 'HorizontalPodAutoscaler', metadata: { name: 'shared' }, spec },
      });
    };
    expect(await apply('v2', 'one', 3)).toMatchObject({ code: 201 });
    expect((await apply('v1', 'two', 4)).body).toMatchObject<object>({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.maxReplicas',
    });
  });

  it('API-209: autoscalers of v1 are those of v2', async () => {
    const [v1, v2] = ['v1', 'v2'].map(
      (version) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`,
    );
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const spec = { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 50 };
    await api.ok(`POST ${v1}`, { metadata: { name: 'web' }, spec });
    const stored = await api.ok<HorizontalPodAutoscaler>(`GET ${v2}/web`);
    const target = { type: 'Utilization', averageUtilization: 50 };
    expect(stored.spec).toEqual({
      scaleTargetRef,
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    });
    stored.spec!.metrics!.push({
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
    });
    await api.ok(`PUT ${v2}/web`, stored);
    const old = await api.ok<HorizontalPodAutoscalerV1>(`GET ${v1}/web`);
    expect(old.spec?.targetCPUUtilizationPercentage).toBe(50);
    old.spec!.maxReplicas = 5;
    await api.ok(`PUT ${v1}/web`, old);
    const after = await api.ok<HorizontalPodAutoscaler>(`GET ${v2}/web`);
    expect(after.spec).toEqual({ ...stored.spec, maxReplicas: 5 });
    expect(after.metadata.annotations).toBeUndefined();
  });
});

describe('priorities', () => {
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';

  it('API-931: pods get the value of their class, or of the default one', async () => {
    await api.ok(`POST ${classes}`, { metadata: { name: 'high' }, value: 7 });
    const spec = { ...podSpec, priorityClassName: 'high' };
    const pod = await api.ok<Pod>(`POST ${NS}/pods`, { metadata: { name: 'high' }, spec });
    expect(pod.spec?.priority).toBe(7);
    await api.ok(`POST ${classes}`, { metadata: { name: 'usual' }, value: 3, globalDefault: true });
    const plain = await api.ok<Pod>(`POST ${NS}/pods`, { metadata: { name: 'u' }, spec: podSpec });
    expect(plain.spec).toMatchObject({ priority: 3, priorityClassName: 'usual' });
    const second = { metadata: { name: 'second' }, value: 1, globalDefault: true };
    expect((await api.fails(`POST ${classes}`, second)).message).toContain(
      'PriorityClass usual is already marked as default. Only one default can exist',
    );
    await api.ok(`DELETE ${classes}/usual`);
  });

  it('API-314: system priorities are there from the start and reserved', async () => {
    const system = await api.ok<PriorityClass>(`GET ${classes}/system-node-critical`);
    expect(system.value).toBe(2_000_001_000);
    expect(await causes(`POST ${classes}`, { metadata: { name: 'system-x' }, value: 1 })).toEqual([
      expect.stringContaining('reserved for system use only'),
    ]);
    expect(await causes(`POST ${classes}`, { metadata: { name: 'x' }, value: 2e9 })).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]);
  });
});

describe('what people write by hand', () => {
  it('API-314: ingresses', async () => {
    const line = 'POST /apis/networking.k8s.io/v1/namespaces/default/ingresses';
    const service = { name: 'web', port: { number: 80 } };
    const http = {
      paths: [{ path: 'x', pathType: 'Prefix', backend: { service } }, { backend: {} }],
    };
    const spec = { rules: [{ host: '10.0.0.1', http }] };
    expect(await causes(line, { metadata: { name: 'i' }, spec })).toEqual([
      'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
      'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
      'spec.rules[0].http.paths[1].pathType: Required value: pathType must be specified',
    ]);
    expect(await causes(line, { metadata: { name: 'i' }, spec: {} })).toEqual([
      'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified',
    ]);
  });

  it('API-314: network policies', async () => {
    const line = 'POST /apis/networking.k8s.io/v1/namespaces/default/networkpolicies';
    const ipBlock = { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '11.0.0.0/16'] };
    const spec = {
      podSelector: {},
      ingress: [{ from: [{ ipBlock }, {}], ports: [{ endPort: 3 }] }],
    };
    expect(await causes(line, { metadata: { name: 'n' }, spec })).toEqual([
      'spec.ingress[0].ports[0].endPort: Invalid value: 3: ' +
        'may not be specified when `port` is not specified',
      'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "11.0.0.0/16": ' +
        'must be a strict subset of `cidr`',
      'spec.ingress[0].from[1]: Required value: must specify a peer',
    ]);
  });

  it('API-314: quotas and limits', async () => {
    const quota = { hard: { cpu: '-1', foo: '1' }, scopes: ['BestEffort', 'NotBestEffort'] };
    expect(
      await causes(`POST ${NS}/resourcequotas`, { metadata: { name: 'q' }, spec: quota }),
    ).toEqual([
      'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.hard[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
      'spec.hard[foo]: Invalid value: "foo": must be a standard resource for quota',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: ' +
        'unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
    ]);
    const limits = [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }];
    const range = { metadata: { name: 'l' }, spec: { limits } };
    expect((await causes(`POST ${NS}/limitranges`, range))[0]).toBe(
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
    );
  });

  it('API-314: autoscalers', async () => {
    const line = 'POST /apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
    const spec = {
      scaleTargetRef: { kind: 'Deployment', name: '' },
      minReplicas: 3,
      maxReplicas: 2,
      metrics: [{ type: 'Resource' }],
    };
    expect(await causes(line, { metadata: { name: 'h' }, spec })).toEqual([
      'spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`',
      'spec.scaleTargetRef.name: Required value',
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.metrics[0].resource: Required value: ' +
        'must populate information for the given metric source',
    ]);
  });
});

describe('bindings and proxies', () => {
  let server: Server;
  let bound: TestApi;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.writeHead(201, { 'content-type': 'text/x-test' });
      response.end(`${request.method ?? ''} ${request.url ?? ''}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const dial = async () => connect(port, '127.0.0.1');
    bound = await createTestApi({ dialNode: () => ({ dial }) as unknown as NodeConnection });
    await bound.ok(`POST ${NS}/pods`, { metadata: { name: 'p' }, spec: podSpec });
  });
  afterAll(() => {
    server.close();
  });

  it('API-704: a binding may be posted to bindings, too', async () => {
    const target = { kind: 'Node', name: 'n' };
    await bound.ok(`POST ${NS}/bindings`, { metadata: { name: 'p' }, target });
    expect((await bound.ok<Pod>(`GET ${NS}/pods/p`)).spec?.nodeName).toBe('n');
    expect((await bound.fails(`GET ${NS}/bindings`)).code).toBe(405);
  });

  it('API-207: requests go through to the pod', async () => {
    const request = {
      method: 'GET',
      path: `${NS}/pods/http:p:8080/proxy/a/proxy/b`,
      query: new URLSearchParams('x=1'),
      user: { name: 'admin', uid: '', groups: ['system:masters'] },
      body: undefined,
      contentType: '',
      userAgent: 'test',
      signal: () => new AbortController().signal,
    };
    const reply = await bound.handler(request);
    if (reply.kind !== 'stream') throw new Error(reply.kind);
    expect(reply).toMatchObject({ code: 201, contentType: 'text/x-test' });
    const text = Buffer.concat((await reply.stream.toArray()) as Buffer[]).toString();
    expect(text).toBe('GET /a/proxy/b?x=1');
    expect((await bound.fails(`GET ${NS}/services/none/proxy/`)).code).toBe(404);
  });
});
