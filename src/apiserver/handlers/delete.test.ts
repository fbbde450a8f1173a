import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConfigMap, Namespace, Pod, StatefulSet, Status } from '../../api/generated/types.ts';
import type { KubernetesList } from '../../api/meta/object.ts';
import { formatTime } from '../../base/time.ts';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const CMS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';
const SETS = '/apis/apps/v1/namespaces/default/statefulsets';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => {
    api.store.check();
    return api.store.stop();
  };
});

const container = { name: 'c', image: 'reg.example/app:1' };

function pod(name: string, spec: object = { nodeName: 'n1' }): Promise<Pod> {
  return api.ok<Pod>(`POST ${PODS}`, {
    metadata: { name },
    spec: { automountServiceAccountToken: false, containers: [container], ...spec },
  });
}

function set(name: string, finalizers: string[] = []): Promise<StatefulSet> {
  const labels = { app: name };
  return api.ok<StatefulSet>(`POST ${SETS}`, {
    metadata: { name, finalizers },
    spec: {
      serviceName: name,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  });
}

describe('replies', () => {
  it('API-905: most kinds answer with a Status that has the uid', async () => {
    const { metadata } = await set('web');
    expect(await api.ok(`DELETE ${SETS}/web`)).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'web', group: 'apps', kind: 'statefulsets', uid: metadata.uid },
    });
    expect(await api.fails(`GET ${SETS}/web`)).toMatchObject({ code: 404 });
  });

  it('API-905: services answer with the object', async () => {
    const path = '/api/v1/namespaces/default/services';
    await api.ok(`POST ${path}`, { metadata: { name: 'svc' }, spec: { ports: [{ port: 80 }] } });
    expect(await api.ok(`DELETE ${path}/svc`)).toMatchObject({
      kind: 'Service',
      metadata: { name: 'svc' },
    });
  });

  it.each([
    ['/api/v1/namespaces/default/resourcequotas', 'ResourceQuota', {}],
    ['/apis/storage.k8s.io/v1/csidrivers', 'CSIDriver', { spec: {} }],
    ['/apis/scheduling.k8s.io/v1/priorityclasses', 'Status', { value: 1 }],
  ])('API-905: a deletion below %s answers with a %s', async (path, kind, content) => {
    await api.ok(`POST ${path}`, { metadata: { name: 'x' }, ...content });
    expect((await api.ok(`DELETE ${path}/x`)).kind).toBe(kind);
  });

  it('API-905: 202 when what should not orphan is not done yet', async () => {
    await set('web', ['example.com/x']);
    const body = { orphanDependents: false };
    expect((await api.call(`DELETE ${SETS}/web`, { body })).code).toBe(202);
    await set('free');
    expect((await api.call(`DELETE ${SETS}/free`, { body })).code).toBe(200);
  });

  it('API-317: priority classes of the system stay', async () => {
    const path = '/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical';
    expect((await api.fails(`DELETE ${path}`)).message).toBe(
      'priorityclasses.scheduling.k8s.io "system-node-critical" is forbidden: ' +
        'this is a system priority class and cannot be deleted',
    );
  });

  it('API-310: a missing object is 404', async () => {
    expect((await api.fails(`DELETE ${CMS}/none`)).message).toBe('configmaps "none" not found');
  });
});

describe('options', () => {
  it('API-903: preconditions', async () => {
    const { metadata } = await api.ok(`POST ${CMS}`, { metadata: { name: 'cm' } });
    const wrongUid = await api.fails(`DELETE ${CMS}/cm`, { preconditions: { uid: '1111' } });
    expect(wrongUid).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on ConfigMap "cm": the UID in the precondition ' +
        '(1111) does not match ' +
        `the UID in record (${metadata.uid}). ` +
        'The object might have been deleted and then recreated',
    });
    const wrongVersion = { preconditions: { resourceVersion: '1' } };
    expect(await api.fails(`DELETE ${CMS}/cm`, wrongVersion)).toMatchObject({ code: 409 });
    const { uid, resourceVersion } = metadata;
    await api.ok(`DELETE ${CMS}/cm`, { preconditions: { uid, resourceVersion } });
  });

  it.each([
    [{ dryRun: ['Some'] }, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
    [
      { propagationPolicy: 'Sideways' },
      'propagationPolicy: Unsupported value: "Sideways": supported values: ' +
        '"Foreground", "Background", "Orphan", "nil"',
    ],
    [
      { propagationPolicy: 'Background', orphanDependents: false },
      'propagationPolicy: Invalid value: "Background": orphanDependents and ' +
        'deletionPropagation cannot be both set',
    ],
  ])('API-901: %j is 422', async (options, text) => {
    await api.ok(`POST ${CMS}`, { metadata: { name: 'cm' } });
    expect((await api.fails(`DELETE ${CMS}/cm`, options)).message).toBe(
      `DeleteOptions.meta.k8s.io "" is invalid: ${text}`,
    );
  });

  it.each([
    [
      { gracePeriodSeconds: '5' },
      'string into Go struct field DeleteOptions.gracePeriodSeconds of type int64',
    ],
    [{ dryRun: 'All' }, 'string into Go struct field DeleteOptions.dryRun of type []string'],
    [[], 'array into Go value of type struct { APIVersion string'],
  ])('API-901: options %j are 400', async (body, text) => {
    await set('web');
    const { code, message } = await api.fails(`DELETE ${SETS}/web`, body);
    expect(code).toBe(400);
    expect(message).toContain(`json: cannot unmarshal ${text}`);
  });

  it('API-903: preconditions of the query; namespaces word their conflicts themselves', async () => {
    const { metadata } = await set('web');
    expect((await api.fails(`DELETE ${SETS}/web?uid=other`)).code).toBe(409);
    expect((await api.fails(`DELETE ${SETS}/web?resourceVersion=1`)).code).toBe(409);
    await api.ok(`DELETE ${SETS}/web?uid=${metadata.uid}`);
    await api.ok('POST /api/v1/namespaces', { metadata: { name: 'n' } });
    const { message } = await api.fails('DELETE /api/v1/namespaces/n?uid=other');
    expect(message).toContain('namespaces "n": Precondition failed: UID in precondition: other, ');
  });

  it('API-901: a body of another kind is 400', async () => {
    const { message } = await api.fails(`DELETE ${CMS}/cm`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
    });
    expect(message).toContain('no kind "ConfigMap" is registered for version "v1"');
  });

  it('API-920: a dry run deletes nothing', async () => {
    await api.ok(`POST ${CMS}`, { metadata: { name: 'cm' } });
    await pod('p', {});
    const { revision } = api.store;
    await api.ok(`DELETE ${CMS}/cm?dryRun=All`);
    await api.ok(`DELETE ${PODS}/p`, { dryRun: ['All'] });
    expect(api.store.revision).toBe(revision);
  });
});

describe('grace of pods', () => {
  const grace = ({ metadata }: Pod) => metadata.deletionGracePeriodSeconds;

  it('API-907, SS-614: spec, option, query; the end lies that far ahead', async () => {
    await pod('a');
    await pod('b', { nodeName: 'n1', terminationGracePeriodSeconds: 5 });
    await pod('c');
    await pod('d');
    const a = await api.ok<Pod>(`DELETE ${PODS}/a`);
    expect(grace(a)).toBe(30);
    expect(a.metadata.deletionTimestamp).toBe(formatTime(api.clock.now() + 30_000));
    expect(a.metadata.generation).toBe(2);
    expect(grace(await api.ok<Pod>(`DELETE ${PODS}/b`))).toBe(5);
    expect(grace(await api.ok<Pod>(`DELETE ${PODS}/c?gracePeriodSeconds=4`))).toBe(4);
    expect(grace(await api.ok<Pod>(`DELETE ${PODS}/d`, { gracePeriodSeconds: -3 }))).toBe(1);
  });

  it('API-907: a second delete can only shorten', async () => {
    await pod('p');
    await api.ok(`DELETE ${PODS}/p`);
    const shorter = await api.ok<Pod>(`DELETE ${PODS}/p`, { gracePeriodSeconds: 5 });
    expect(grace(shorter)).toBe(5);
    expect(shorter.metadata.deletionTimestamp).toBe(formatTime(api.clock.now() + 5_000));
    expect(await api.ok<Pod>(`DELETE ${PODS}/p`, { gracePeriodSeconds: 20 })).toEqual(shorter);
    expect(await api.ok<Pod>(`DELETE ${PODS}/p`)).toEqual(shorter);
  });

  it.each([
    ['unscheduled', {}, {}],
    ['forced', { nodeName: 'n1' }, { gracePeriodSeconds: 0 }],
  ])('SS-614: a pod that is %s is MODIFIED, then DELETED', async (_, spec, options) => {
    await pod('p', spec);
    const watch = await api.watch(`${PODS}?watch=true&resourceVersion=${api.store.revision}`);
    const reply = await api.ok<Pod>(`DELETE ${PODS}/p`, options);
    expect(grace(reply)).toBe(0);
    expect(watch.events.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    expect(await api.fails(`GET ${PODS}/p`)).toMatchObject({ code: 404 });
  });

  it('API-907: a repeated delete is answered when the first one is durable', async () => {
    await pod('p');
    const first = api.ok<Pod>(`DELETE ${PODS}/p`);
    const second = api.ok<Pod>(`DELETE ${PODS}/p`).then(({ metadata }) => ({
      answered: Number(metadata.resourceVersion),
      published: api.store.revision,
    }));
    await first;
    const { answered, published } = await second;
    expect(answered).toBeLessThanOrEqual(published);
  });

  it('API-907: what a crash has left between MODIFIED and DELETED goes with the next delete', async () => {
    await pod('p');
    vi.spyOn(api.store, 'delete').mockRejectedValueOnce(new Error('the disk is gone'));
    await expect(
      api.call(`DELETE ${PODS}/p`, { body: { gracePeriodSeconds: 0 } }),
    ).rejects.toThrow();
    expect(grace(await api.ok<Pod>(`GET ${PODS}/p`))).toBe(0);
    await api.ok(`DELETE ${PODS}/p`, { gracePeriodSeconds: 0 });
    expect(await api.fails(`GET ${PODS}/p`)).toMatchObject({ code: 404 });
  });

  it('API-908: a finalizer holds a pod whose grace is over', async () => {
    await pod('p', {});
    await api.ok(`PATCH ${PODS}/p`, { metadata: { finalizers: ['example.com/x'] } });
    await api.ok(`DELETE ${PODS}/p`);
    const held = await api.ok<Pod>(`GET ${PODS}/p`);
    expect(grace(held)).toBe(0);
    await api.ok(`PATCH ${PODS}/p`, { metadata: { finalizers: null } });
    expect(await api.fails(`GET ${PODS}/p`)).toMatchObject({ code: 404 });
  });
});

describe('finalizers and propagation', () => {
  const finalizersOf = (object: { metadata: { finalizers?: string[] | undefined } }) =>
    object.metadata.finalizers;

  it('API-908: a held object is MODIFIED first; DELETED shows its last state', async () => {
    await api.ok(`POST ${CMS}`, { metadata: { name: 'cm', finalizers: ['example.com/x'] } });
    const watch = await api.watch(`${CMS}?watch=true&resourceVersion=${api.store.revision}`);
    const held = await api.ok<ConfigMap>(`DELETE ${CMS}/cm`);
    expect(held.metadata).toMatchObject({ deletionGracePeriodSeconds: 0 });
    const last = await api.ok<ConfigMap>(`PATCH ${CMS}/cm`, { metadata: { finalizers: null } });
    expect(last.metadata.resourceVersion).toBe(held.metadata.resourceVersion);
    expect(watch.events.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    expect(watch.events[1]?.object.metadata.finalizers).toEqual(['example.com/x']);
  });

  it('API-408: no finalizer can be added to what is being deleted', async () => {
    await api.ok(`POST ${CMS}`, { metadata: { name: 'cm', finalizers: ['example.com/x'] } });
    await api.ok(`DELETE ${CMS}/cm`);
    const more = { metadata: { finalizers: ['example.com/x', 'example.com/y'] } };
    expect((await api.fails(`PATCH ${CMS}/cm`, more)).message).toContain(
      'no new finalizers can be added if the object is being deleted',
    );
  });

  it('SS-603, API-404: foreground marks and waits; background later lets go', async () => {
    await set('web');
    const marked = await api.ok<StatefulSet>(`DELETE ${SETS}/web`, {
      propagationPolicy: 'Foreground',
    });
    expect(finalizersOf(marked)).toEqual(['foregroundDeletion']);
    expect(marked.metadata).toMatchObject({ generation: 2, deletionGracePeriodSeconds: 0 });
    const again = { propagationPolicy: 'Foreground' };
    expect(await api.ok(`DELETE ${SETS}/web`, again)).toEqual(marked);
    const status = await api.ok<Status>(`DELETE ${SETS}/web`, { propagationPolicy: 'Background' });
    expect(status).toMatchObject({ kind: 'Status', details: { uid: marked.metadata.uid } });
  });

  it('SS-604: orphan marks with its finalizer', async () => {
    await set('web');
    const options = { propagationPolicy: 'Orphan' };
    expect(finalizersOf(await api.ok<StatefulSet>(`DELETE ${SETS}/web`, options))).toEqual([
      'orphan',
    ]);
  });

  it('SS-605: an explicit policy overrides finalizers, which override the default', async () => {
    await set('kept', ['orphan']);
    expect(finalizersOf(await api.ok<StatefulSet>(`DELETE ${SETS}/kept`))).toEqual(['orphan']);
    await set('other', ['foregroundDeletion']);
    const orphan = { propagationPolicy: 'Orphan' };
    expect(finalizersOf(await api.ok<StatefulSet>(`DELETE ${SETS}/other`, orphan))).toEqual([
      'orphan',
    ]);
  });
});

describe('namespaces', () => {
  it('API-909: turn Terminating, and go when finalized', async () => {
    await api.ok('POST /api/v1/namespaces', { metadata: { name: 'a' } });
    const going = await api.ok<Namespace>('DELETE /api/v1/namespaces/a');
    expect(going.status?.phase).toBe('Terminating');
    expect(going.metadata.deletionTimestamp).toBeDefined();
    expect(await api.ok('DELETE /api/v1/namespaces/a')).toEqual(going);
    await api.ok('PUT /api/v1/namespaces/a/finalize', { ...going, spec: { finalizers: [] } });
    expect(await api.fails('GET /api/v1/namespaces/a')).toMatchObject({ code: 404 });
  });

  it('API-909: those of the system are immortal', async () => {
    for (const name of ['default', 'kube-system', 'kube-public']) {
      expect((await api.fails(`DELETE /api/v1/namespaces/${name}`)).message).toBe(
        `namespaces "${name}" is forbidden: this namespace may not be deleted`,
      );
    }
  });
});

describe('collections', () => {
  it('API-910: deletes what is selected and shows it', async () => {
    for (const [name, t] of Object.entries({ a: 'x', b: 'x', c: 'y' })) {
      await api.ok(`POST ${CMS}`, { metadata: { name, labels: { t } } });
    }
    const names = (list: KubernetesList) => list.items.map((item) => item.metadata.name);
    const dry = await api.ok<KubernetesList>(`DELETE ${CMS}`, { dryRun: ['All'] });
    expect(names(dry)).toEqual(['a', 'b', 'c']);
    const some = await api.ok<KubernetesList>(`DELETE ${CMS}?labelSelector=t%3Dx`);
    expect(names(some)).toEqual(['a', 'b']);
    expect(names(await api.ok<KubernetesList>(`GET ${CMS}`))).toEqual(['c']);
  });
});

describe('options that make no sense', () => {
  it('API-901: a dry run that is no text is refused', async () => {
    await api.ok(`POST ${CMS}`, { metadata: { name: 'a' } });
    const status = await api.fails(`DELETE ${CMS}/a`, { dryRun: [{ toString: 'x' }] });
    expect(status).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  it('API-907: a grace period beyond the end of time ends there', async () => {
    const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
    await api.ok('POST /api/v1/namespaces/default/pods', { metadata: { name: 'old' }, spec });
    const going = await api.ok('DELETE /api/v1/namespaces/default/pods/old', {
      gracePeriodSeconds: 2 ** 53,
    });
    expect(going.metadata.deletionTimestamp).toBe('9999-12-31T23:59:59Z');
    await api.ok('DELETE /api/v1/namespaces/default/pods/old', { gracePeriodSeconds: 1 });
  });
});
