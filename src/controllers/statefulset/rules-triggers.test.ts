// Proofs of sections 14 and 15 of the rules: what queues a set, when it is tried again, and caches.
import { describe, expect, it } from 'vitest';
import type { OwnerReference, Pod } from '../../api/generated/types.ts';
import { statusError } from '../../api/meta/status-error.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  services,
  statefulSets,
} from '../../api/resources.ts';
import { WriteLog } from './cache-freshness.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { claimTemplate, parallel } from './plan/rules-test-kit.ts';
import { DEFAULT_OPTIONS } from './plan/set-builder.ts';

const kit = useController();
const POD_NAME = 'statefulset.kubernetes.io/pod-name';

const merge = async (name: string, body: object) => {
  await kit.client.resource(pods).patch({ namespace, name }, { type: 'merge', body });
  await kit.converge();
};

/** A set with one ready pod, and everything done. */
async function createSettled(): Promise<void> {
  await kit.create({ replicas: 1 });
  await kit.ready('web-0');
  await kit.pass(2000);
}

/** An orphan revision: it queues nothing, and any sync adopts it. */
async function createProbe(): Promise<void> {
  await kit.client.resource(controllerRevisions).create({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { namespace, generateName: 'web-', labels: { app: 'web' } },
    data: { spec: { template: { $patch: 'replace' } } },
    revision: 0,
  });
}

/** True when `change` makes the set sync. */
async function syncs(change: () => Promise<unknown>): Promise<boolean> {
  await createProbe();
  await kit.pass(2000);
  kit.writes();
  await change();
  await kit.converge();
  return kit.writes().some((text) => text.startsWith('PATCH controllerrevisions'));
}

const reference = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', controller: true };

describe('triggers', () => {
  it('SS-831: a set is synced when it is added, changed in any way, or deleted', async () => {
    await createProbe();
    await kit.create({ replicas: 1 });
    expect(kit.writes().filter((text) => text.startsWith('PATCH controllerrev'))).toHaveLength(1);
    const status = { ...kit.set().status, replicas: 7 };
    const sets = kit.client.resource(statefulSets);
    expect(await syncs(() => sets.updateStatus({ ...kit.set(), status }))).toBe(true);
    const body = { metadata: { annotations: { a: 'b' } } };
    const name = { namespace, name: 'web' };
    expect(await syncs(() => sets.patch(name, { type: 'merge', body }))).toBe(true);
    await sets.delete(name);
    await kit.converge();
    expect(kit.controller.waits('shop/web')).toEqual([]);
  });

  it('SS-832: so it is when one of its pods is added, changed or deleted', async () => {
    await createSettled();
    const [ours] = kit.pod('web-0').metadata.ownerReferences ?? [];
    const ownerReferences = [ours as OwnerReference];
    expect(await syncs(() => kit.createOrphan('web-5', { ownerReferences }))).toBe(true);
    expect(await syncs(() => merge('web-0', { metadata: { annotations: { a: 'b' } } }))).toBe(true);
    const name = { namespace, name: 'web-0' };
    expect(await syncs(() => kit.client.resource(pods).delete(name))).toBe(true);
  });

  it('SS-832, SS-833: nothing else queues it', async () => {
    await createSettled();
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name: 'nginx' },
      spec: { clusterIP: 'None' },
    };
    expect(await syncs(() => kit.client.resource(services).create(service))).toBe(false);
    const claim = claimTemplate('data-web-0', { namespace });
    expect(await syncs(() => kit.client.resource(persistentVolumeClaims).create(claim))).toBe(
      false,
    );
    const earlier = [{ ...reference, uid: 'earlier' }];
    const add = (name: string, ownerReferences: OwnerReference[]) =>
      syncs(() => kit.createOrphan(name, { ownerReferences }));
    expect(await add('web-5', earlier)).toBe(false);
    const { uid = '' } = kit.set().metadata;
    expect(await add('web-6', [{ ...reference, kind: 'ReplicaSet', uid }])).toBe(false);
    expect(await add('web-7', [{ ...reference, uid }])).toBe(true);
  });

  it('SS-577: the end of an orphan queues nothing, its beginning and a change of labels do', async () => {
    await createSettled();
    const name = { namespace, name: 'other-5' };
    expect(await syncs(() => kit.createOrphan('other-5'))).toBe(true);
    expect(await syncs(() => merge('other-5', { metadata: { labels: { x: 'y' } } }))).toBe(true);
    expect(await syncs(() => merge('other-5', { metadata: { annotations: { a: 'b' } } }))).toBe(
      false,
    );
    expect(await syncs(() => kit.client.resource(pods).delete(name))).toBe(false);
  });

  it('SS-832: a relisted pod that did not change queues nothing', async () => {
    await createSettled();
    const relist = async () => {
      kit.api.compact();
      kit.api.endWatches();
      await kit.pass(5000);
    };
    const before = kit.api.requests.length;
    expect(await syncs(relist)).toBe(false);
    expect(kit.api.requests.length).toBeGreaterThan(before + 1);
  });

  it('SS-832: when the controller of a pod changes, the old one is queued as well', async () => {
    await createSettled();
    const other = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'r' };
    await merge('web-0', { metadata: { ownerReferences: [{ ...other, controller: true }] } });
    expect(kit.set().status).toMatchObject({ replicas: 0 });
  });

  it('SS-834, SS-835: a ready pod is looked at again when it becomes available', async () => {
    await kit.create({ replicas: 2, minReadySeconds: 10 });
    await kit.ready('web-0');
    expect(kit.podNames()).toEqual(['web-0']);
    expect(kit.set().status).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
    await kit.pass(9000);
    expect(kit.podNames()).toEqual(['web-0']);
    await kit.pass(1000);
    expect(kit.podNames()).toEqual(['web-0', 'web-1']);
    expect(kit.set().status).toMatchObject({ availableReplicas: 1 });
  });

  it('SS-835: the smallest remaining time counts', async () => {
    await kit.create({ ...parallel, replicas: 2, minReadySeconds: 60 });
    await kit.ready('web-0');
    await kit.pass(30_000);
    await kit.ready('web-1');
    const available = () => kit.set().status?.availableReplicas;
    expect(available()).toBe(0);
    await kit.pass(30_000);
    expect(available()).toBe(1);
    await kit.pass(31_000);
    expect(available()).toBe(2);
  });

  it('SS-838: waiting schedules nothing', async () => {
    await kit.create({ replicas: 3 });
    await kit.pass(2000);
    const before = kit.api.requests.length;
    expect(await syncs(() => kit.pass(300_000))).toBe(false);
    expect(kit.podNames()).toEqual(['web-0']);
    expect(kit.api.requests.slice(before).filter(({ method }) => method === 'POST')).toHaveLength(
      1,
    );
  });

  it('SS-258, SS-259: a stale claim is waited for in silence, and two seconds after it is gone', async () => {
    const earlier = { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'earlier' };
    const stale = claimTemplate('data-web-0', { namespace, ownerReferences: [earlier] });
    const claims = kit.client.resource(persistentVolumeClaims);
    await claims.create(stale);
    await kit.create({
      replicas: 1,
      volumeClaimTemplates: [claimTemplate('data')],
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
    });
    expect(await kit.eventTexts()).toEqual([]);
    expect(await syncs(() => kit.pass(60_000))).toBe(false);
    expect(kit.podNames()).toEqual([]);
    await claims.delete({ namespace, name: 'data-web-0' });
    await kit.pass(1900);
    expect(kit.podNames()).toEqual([]);
    await kit.pass(200);
    expect(kit.podNames()).toEqual(['web-0']);
    const claim = kit.api.get(persistentVolumeClaims, { namespace, name: 'data-web-0' });
    expect(claim?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('SS-839: a selector that can not be parsed ends it without retry', async () => {
    const matchExpressions = [{ key: 'a', operator: 'Nonsense' }];
    await kit.create({ selector: { matchExpressions } });
    await kit.pass(60_000);
    expect(kit.writes()).toEqual(['POST statefulsets/web']);
    const selector = { matchLabels: { app: 'web' } };
    await kit.change((set) => Object.assign(set.spec ?? {}, { selector }));
    expect(kit.podNames()).toEqual(['web-0']);
  });
});

describe('caches', () => {
  const versions = { pods: '5', claims: '5', sets: '5' };
  const object = (resourceVersion: string): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { resourceVersion },
  });
  const set = { key: 'shop/web', uid: 'a' };

  it('SS-801: each cache must have what the controller wrote last', () => {
    const log = new WriteLog();
    log.record(set, 'pods', object('5'));
    log.record(set, 'claims', object('9'));
    log.record(set, 'claims', object('7'));
    expect(log.staleCache(set.key, versions)).toBe('claims');
    expect(log.staleCache('shop/other', versions)).toBeUndefined();
    expect(log.staleCache(set.key, { ...versions, claims: '9' })).toBeUndefined();
  });

  it('SS-802: records go when they are satisfied, with the set, and with another uid', () => {
    const log = new WriteLog();
    log.record(set, 'pods', object('9'));
    expect(log.staleCache(set.key, { ...versions, pods: '9' })).toBeUndefined();
    expect(log.staleCache(set.key, versions)).toBeUndefined();
    log.record(set, 'pods', object('9'));
    log.forget(set.key);
    expect(log.staleCache(set.key, versions)).toBeUndefined();
    log.record(set, 'pods', object('9'));
    log.record({ ...set, uid: 'b' }, 'claims', object('4'));
    expect(log.staleCache(set.key, versions)).toBeUndefined();
  });

  it('SS-803: versions are numbers of any size; what is none does not block', () => {
    const log = new WriteLog();
    log.record(set, 'pods', object('10'));
    expect(log.staleCache(set.key, { ...versions, pods: '9' })).toBe('pods');
    expect(log.staleCache(set.key, { ...versions, pods: 'what' })).toBeUndefined();
    log.record(set, 'pods', object('what'));
    expect(log.staleCache(set.key, versions)).toBeUndefined();
    log.record(set, 'pods', object('90071992547409930'));
    expect(log.staleCache(set.key, { ...versions, pods: '90071992547409929' })).toBe('pods');
  });

  it('SS-801: a deletion that the cache has seen holds nothing up', async () => {
    await kit.create({ ...parallel, replicas: 2 });
    await kit.ready('web-0', 'web-1');
    kit.writes();
    await kit.change((changed) => Object.assign(changed.spec ?? {}, { replicas: 0 }));
    expect(kit.podNames()).toEqual([]);
    expect(kit.set().status).toMatchObject({ replicas: 0 });
  });

  it('SS-804: what an old cache would make twice fails on its name', async () => {
    await kit.create({ ...parallel, replicas: 1 });
    kit.api.pauseWatches();
    await kit.createOrphan('web-1');
    await kit.client
      .resource(statefulSets)
      .patch({ namespace, name: 'web' }, { type: 'merge', body: { spec: { replicas: 2 } } });
    kit.api.resumeWatches();
    await kit.pass(5000);
    expect(kit.podNames()).toEqual(['web-0', 'web-1']);
    expect(kit.set().status).toMatchObject({ replicas: 2 });
  });

  it('SS-808: cached objects are frozen, and nothing tries to change them', async () => {
    await kit.create({ replicas: 2 });
    await kit.ready('web-0', 'web-1');
    await merge('web-1', { metadata: { labels: { [POD_NAME]: null } } });
    expect(Object.isFrozen(kit.pod('web-1').metadata)).toBe(true);
    expect(kit.pod('web-1').metadata.labels).toHaveProperty([POD_NAME]);
  });
});

describe('metrics', () => {
  const gated = useController({ ...DEFAULT_OPTIONS, maxUnavailable: true });
  const labels =
    'statefulset_namespace="shop",statefulset_name="web",pod_management_policy="OrderedReady"';
  const series = (from: typeof kit, name: string) =>
    from.metrics
      .render()
      .split('\n')
      .filter((line) => line.startsWith('statefulset_controller_') && line.includes(name));

  it('SS-840: with the gate, the maximum and the number of unavailable pods', async () => {
    const rollingUpdate = { partition: 0, maxUnavailable: 2 };
    await gated.create({ replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
    await gated.ready('web-0');
    expect(series(gated, 'unavailable')).toEqual([
      `statefulset_controller_statefulset_max_unavailable{${labels}} 2`,
      `statefulset_controller_statefulset_unavailable_replicas{${labels}} 1`,
    ]);
    await gated.client.resource(statefulSets).delete({ namespace, name: 'web' });
    await gated.converge();
    expect(series(gated, 'unavailable')).toEqual([]);
  });

  it('SS-840: without it none; syncs that were skipped are counted', async () => {
    kit.refuse(/^POST pods\/web-1/, () => statusError('InternalError', 'boom'));
    kit.api.beforeReply = ({ method, path }) => {
      if (method === 'POST' && path.endsWith('/pods')) kit.api.pauseWatches();
    };
    await kit.create({ ...parallel, replicas: 2 });
    expect(kit.podNames()).toEqual(['web-0']);
    expect(series(kit, 'unavailable')).toEqual([]);
    expect(series(kit, 'stale')).toEqual([
      expect.stringMatching(
        /^statefulset_controller_stale_sync_skips_total\{group="apps",resource="statefulsets"\} [1-9]/,
      ),
    ]);
    kit.api.beforeReply = undefined;
    kit.refuse(/./, undefined);
    kit.api.resumeWatches();
    await kit.pass(5000);
    expect(kit.podNames()).toEqual(['web-0', 'web-1']);
  });
});
