// Proofs of sections 1 and 4 to 7 of the rules that need the controller: order, errors, repairs.
import { describe, expect, it } from 'vitest';
import type { StatefulSet } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { statusError } from '../../api/meta/status-error.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../api/resources.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { claimTemplate, parallel } from './plan/rules-test-kit.ts';
import { slowStart } from './slow-start.ts';

const kit = useController();
const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const boom = () => statusError('InternalError', 'boom');

const setImage = (image: string) =>
  kit.change((set) => {
    const container = set.spec?.template.spec?.containers[0];
    if (container) container.image = image;
  });

const remove = async (name: string) => {
  await kit.client.resource(pods).delete({ namespace, name });
  await kit.converge();
};

/** An orphan revision of the set's labels. */
const createRevision = (name: string) =>
  kit.client.resource(controllerRevisions).create({
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { namespace, name, labels: { app: 'web' } },
    data: { spec: { template: { $patch: 'replace' } } },
    revision: 0,
  });

const claimNamesNow = () => kit.api.list(persistentVolumeClaims, namespace).map(nameOf);

describe('one sync', () => {
  it('SS-301: revisions, orphans, pods, status and history, in this order', async () => {
    await kit.create({ replicas: 2, revisionHistoryLimit: 0 });
    await kit.ready('web-0', 'web-1');
    await setImage('b');
    await kit.ready('web-1', 'web-0');
    kit.api.pauseWatches();
    await createRevision('web-ancient');
    await kit.createOrphan('web-2');
    await setImage('c');
    kit.writes();
    kit.api.resumeWatches();
    await kit.converge();
    const written = kit.writes();
    expect(written[2]).toMatch(/^POST controllerrevisions\/web-/);
    expect(written.slice(0, 6)).toEqual([
      'PATCH controllerrevisions/web-ancient',
      'PATCH pods/web-2',
      written[2],
      'DELETE pods/web-2',
      'PUT statefulsets/web/status',
      'DELETE controllerrevisions/web-ancient',
    ]);
  });

  it('SS-302, SS-533, SS-553: after an error the status is written and history is cut', async () => {
    await kit.create({ replicas: 2, revisionHistoryLimit: 0 });
    await kit.ready('web-0');
    await createRevision('web-ancient');
    kit.refuse(/^POST pods/, boom);
    await remove('web-1');
    const written = kit.writes();
    expect(written).toContain('POST pods/web-1');
    const first = written.slice(written.indexOf('POST pods/web-1'));
    expect(first).toContain('PUT statefulsets/web/status');
    expect(first).toContain('DELETE controllerrevisions/web-ancient');
    expect(kit.set().status).toMatchObject({ replicas: 1 });
  });

  it('SS-304, SS-327: burst starts 1, 2, 4 … and no more after a batch with an error', async () => {
    kit.refuse(/^POST pods\/web-2/, boom);
    await kit.create({ ...parallel, replicas: 10 });
    const created = kit.writes().filter((text) => text.startsWith('POST pods'));
    expect(new Set(created)).toEqual(
      new Set(['POST pods/web-0', 'POST pods/web-1', 'POST pods/web-2']),
    );
    expect(kit.podNames()).toEqual(['web-0', 'web-1']);
    kit.refuse(/./, undefined);
    await kit.pass(5000);
    expect(kit.podNames()).toHaveLength(10);
  });

  it('SS-304: batches grow to 500, and their errors are joined', async () => {
    const sizes: number[] = [];
    let running = 0;
    await slowStart(Array.from({ length: 2000 }), async () => {
      running++;
      await Promise.resolve();
      if (running > 0) sizes.push(running);
      running = 0;
    });
    expect(sizes).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 500, 500, 489]);
    const failing = slowStart([1, 2, 3, 4], async (item) => {
      if (item > 1) throw new Error(`error ${item}`);
    });
    await expect(failing).rejects.toThrow('[error 2, error 3]');
  });

  it('SS-305: what becomes available during a sync counts in the next one', async () => {
    await kit.create({ replicas: 2, minReadySeconds: 10 });
    await kit.ready('web-0');
    await kit.pass(8500);
    kit.api.pauseWatches();
    await kit.createOrphan('web-1');
    kit.api.beforeRequest = ({ method, path }) => {
      if (method === 'PATCH' && path.endsWith('/web-1')) kit.clock.advance(1000);
    };
    kit.writes();
    kit.api.resumeWatches();
    await kit.converge();
    const reported = kit.api.requests
      .filter(({ path }) => path.endsWith('/web/status'))
      .map(({ body }) => (body as StatefulSet).status)
      .filter((status) => status?.replicas === 2)
      .map((status) => status?.availableReplicas);
    expect(reported).toEqual([0, 1]);
  });

  it('SS-306: a failed pod is deleted, and made again when it is gone', async () => {
    await kit.create({ replicas: 1 });
    const { uid } = kit.pod('web-0').metadata;
    kit.writes();
    await kit.phase('web-0', 'Failed');
    expect(kit.pod('web-0').metadata.uid).not.toBe(uid);
    const written = kit.writes().filter((text) => text.includes(' pods'));
    expect(written).toEqual(['DELETE pods/web-0', 'POST pods/web-0']);
    expect(await kit.eventTexts()).toEqual([
      'SuccessfulCreate: Create Pod web-0 in StatefulSet web successful',
      'SuccessfulCreate: Create Pod web-0 in StatefulSet web successful',
      'SuccessfulDelete: Delete Pod web-0 in StatefulSet web successful',
    ]);
  });

  it('SS-338, SS-807: deletions leave the grace to the pod and name its uid', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    const { uid } = kit.pod('web-0').metadata;
    await kit.change((set) => Object.assign(set.spec ?? {}, { replicas: 0 }));
    const deletion = kit.api.requests.find(({ method }) => method === 'DELETE');
    expect(deletion?.body).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid },
    });
  });

  it('SS-807: a successor under the name is not hit', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    const client = kit.client.resource(pods);
    const name = { namespace, name: 'web-0' };
    kit.api.beforeRequest = async ({ method, path }) => {
      if (method !== 'DELETE' || !path.endsWith('/web-0')) return;
      kit.api.beforeRequest = undefined;
      await client.delete(name);
      await client.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: name,
        spec: { containers: [] },
      });
    };
    const { uid } = kit.pod('web-0').metadata;
    await kit.change((set) => Object.assign(set.spec ?? {}, { replicas: 0 }));
    expect(kit.pod('web-0').metadata.uid).not.toBe(uid);
    expect(kit.set().status).toMatchObject({ replicas: 0, observedGeneration: 2 });
  });

  it('SS-342: up and down quickly ends at the last number', async () => {
    await kit.create({ ...parallel, replicas: 3 });
    for (const replicas of [7, 1, 5, 0, 2]) {
      const set = structuredClone(kit.set());
      Object.assign(set.spec ?? {}, { replicas });
      await kit.client.resource(statefulSets).update(set);
    }
    await kit.pass(5000);
    expect(kit.podNames()).toEqual(['web-0', 'web-1']);
    expect(kit.set().status).toMatchObject({ replicas: 2, observedGeneration: 6 });
  });

  it('SS-402, SS-403, SS-805: an update deletes, waits until the name is free, and creates', async () => {
    await kit.create({ replicas: 1 });
    await kit.client
      .resource(pods)
      .createSubresource(
        { namespace, name: 'web-0', subresource: 'binding' },
        { target: { name: 'n' } },
      );
    await kit.ready('web-0');
    kit.writes();
    await setImage('b');
    await kit.pass(60_000);
    expect(kit.podNames()).toEqual(['web-0']);
    expect(kit.pod('web-0').metadata.deletionTimestamp).toBeDefined();
    const during = kit.writes().filter((text) => text.includes(' pods'));
    expect(during).toEqual(['DELETE pods/web-0']);
    await kit.client.resource(pods).delete({ namespace, name: 'web-0' }, { gracePeriodSeconds: 0 });
    await kit.converge();
    expect(kit.pod('web-0').spec?.containers[0]?.image).toBe('b');
    expect(kit.writes().filter((text) => / pods/.test(text))).toContain('POST pods/web-0');
  });
});

describe('identity', () => {
  it('SS-113, SS-833: no Service is read or made', async () => {
    await kit.create({ serviceName: 'missing' });
    await kit.ready('web-0', 'web-1', 'web-2');
    expect(kit.podNames()).toEqual(['web-0', 'web-1', 'web-2']);
    const paths = kit.api.requests.map(({ path }) => path);
    expect(paths.filter((path) => /\/(services|nodes|persistentvolumes)\b/.test(path))).toEqual([]);
  });

  it('SS-120, SS-658: a pod-name label that was taken away is put back', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    const pod = structuredClone(kit.pod('web-0'));
    delete pod.metadata.labels?.[POD_NAME];
    await kit.client.resource(pods).update(pod);
    kit.writes();
    await kit.converge();
    expect(kit.pod('web-0').metadata.labels).toMatchObject({ [POD_NAME]: 'web-0' });
    expect(kit.writes().filter((text) => text.includes(' pods'))).toEqual(['PUT pods/web-0']);
    expect((await kit.eventTexts()).slice(1)).toEqual([
      'SuccessfulUpdate: Update Pod web-0 in StatefulSet web successful',
    ]);
  });

  const labelTaken = { metadata: { labels: { [POD_NAME]: null } } };
  const name = { namespace, name: 'web-0' };

  it('SS-809: conflicts of that update are tried again, from what the cache has by then', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    const attemptsMs: number[] = [];
    kit.api.beforeRequest = async ({ method, path }) => {
      if (method !== 'PUT' || !path.endsWith('/pods/web-0')) return;
      attemptsMs.push(kit.clock.now());
      if (attemptsMs.length > 2) return;
      const body = { metadata: { annotations: { change: String(attemptsMs.length) } } };
      await kit.client.resource(pods).patch(name, { type: 'merge', body });
    };
    await kit.client.resource(pods).patch(name, { type: 'merge', body: labelTaken });
    await kit.converge();
    const [first = 0] = attemptsMs;
    expect(attemptsMs.map((ms) => ms - first)).toEqual([0, 10, 60]);
    expect(kit.pod('web-0').metadata).toMatchObject({
      annotations: { change: '2' },
      labels: { [POD_NAME]: 'web-0' },
    });
    const told = (await kit.eventTexts()).filter((text) => text.includes('Update'));
    expect(told).toEqual(['SuccessfulUpdate: Update Pod web-0 in StatefulSet web successful']);
  });

  it('SS-809: four times', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    const attemptsMs: number[] = [];
    kit.refuse(/^PUT pods\/web-0$/, () => {
      attemptsMs.push(kit.clock.now());
      return statusError('Conflict', 'the object has been modified');
    });
    await kit.client.resource(pods).patch(name, { type: 'merge', body: labelTaken });
    await kit.pass(330);
    const [first = 0] = attemptsMs;
    // Then the sync has failed, and the next one begins.
    expect(attemptsMs.slice(0, 5).map((ms) => ms - first)).toEqual([0, 10, 60, 310, 320]);
    const told = (await kit.eventTexts()).filter((text) => text.startsWith('FailedUpdate'));
    expect(told.length).toBeGreaterThan(0);
  });

  it('SS-121: name, hostname, ordinal and claims outlive the pod', async () => {
    await kit.create({ replicas: 2, volumeClaimTemplates: [claimTemplate('data')] });
    await kit.ready('web-0', 'web-1');
    const identityOf = () => {
      const { metadata, spec } = kit.pod('web-1');
      return [metadata.name, metadata.labels, spec?.hostname, spec?.volumes];
    };
    const before = identityOf();
    const uids = new Set([kit.pod('web-1').metadata.uid]);
    for (let round = 0; round < 3; round++) {
      await remove('web-1');
      uids.add(kit.pod('web-1').metadata.uid);
      expect(identityOf()).toEqual(before);
    }
    expect(uids.size).toBe(4);
    expect(claimNamesNow()).toEqual(['data-web-0', 'data-web-1']);
  });
});

describe('revisions', () => {
  it('SS-521: a conflict while raising an older revision is tried again', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    await setImage('b');
    let conflicts = 2;
    kit.api.beforeRequest = ({ method, path }) => {
      if (
        ['PUT', 'PATCH'].includes(method) &&
        path.includes('controllerrevisions') &&
        conflicts-- > 0
      )
        throw statusError('Conflict', 'the object has been modified');
    };
    await setImage('nginx');
    await kit.pass(2000);
    const revisions = kit.api.list(controllerRevisions, namespace);
    expect(new Set(revisions.map(({ revision }) => revision))).toEqual(new Set([2, 3]));
  });

  it('SS-525, SS-526, SS-548: a taken name with other data makes another name', async () => {
    await kit.create({ replicas: 1 });
    const [first] = kit.api.list(controllerRevisions, namespace).map(nameOf);
    await kit.client.resource(statefulSets).delete({ namespace, name: 'web' });
    await kit.client.resource(pods).delete({ namespace, name: 'web-0' });
    const name = { namespace, name: first ?? '' };
    await kit.client.resource(controllerRevisions).delete(name);
    await kit.client.resource(controllerRevisions).create({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: name,
      data: { spec: { template: { other: true } } },
      revision: 1,
    });
    await kit.create({ replicas: 1 });
    const { status } = kit.set();
    expect(status?.collisionCount).toBe(1);
    expect(status?.updateRevision).not.toBe(first);
    const [made] = kit.api
      .list(controllerRevisions, namespace)
      .filter((revision) => nameOf(revision) !== first);
    expect(nameOf(made ?? {})).toBe(status?.updateRevision);
    expect(made?.metadata.labels?.['controller.kubernetes.io/hash']).toBe(
      first?.replace('web-', ''),
    );
  });

  it('SS-525: a taken name with equal data is used as it is', async () => {
    await kit.create({ replicas: 1 });
    const [revision] = kit.api.list(controllerRevisions, namespace);
    const body = { metadata: { labels: { app: 'other' } } };
    const name = { namespace, name: nameOf(revision ?? {}) };
    await kit.client.resource(controllerRevisions).patch(name, { type: 'merge', body });
    await kit.change((set) => Object.assign(set.spec ?? {}, { minReadySeconds: 1 }));
    expect(kit.api.list(controllerRevisions, namespace)).toHaveLength(1);
    expect(kit.api.get(controllerRevisions, name)?.metadata.labels).toMatchObject({ app: 'other' });
    expect(kit.set().status).toMatchObject({ updateRevision: name.name, observedGeneration: 2 });
    expect(kit.set().status?.collisionCount ?? 0).toBe(0);
  });
});
