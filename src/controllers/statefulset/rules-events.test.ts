// Proofs of sections 8 and 11 of the rules that need the controller: status writes and events.
import { describe, expect, it } from 'vitest';
import type { StatefulSet } from '../../api/generated/types.ts';
import { conflict, notFound, statusError } from '../../api/meta/status-error.ts';
import {
  controllerRevisions,
  events,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../api/resources.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { claimTemplate } from './plan/rules-test-kit.ts';

const kit = useController();
const boom = () => statusError('InternalError', 'boom');
const STATUS = 'PUT statefulsets/web/status';
const SETS = { group: 'apps', resource: 'statefulsets' };
const POD_NAME = 'statefulset.kubernetes.io/pod-name';

const withClaim = { replicas: 1, volumeClaimTemplates: [claimTemplate('data')] };
const statusWrites = () => kit.writes().filter((text) => text === STATUS).length;
const oneCreated = 'SuccessfulCreate: Create Pod web-0 in StatefulSet web successful';
const claimCreated =
  'SuccessfulCreate: Create Claim data-web-0 Pod web-0 in StatefulSet web success';

/** A change of the pod that changes nothing for the set. */
const labelPod = () =>
  kit.client
    .resource(pods)
    .patch(
      { namespace, name: 'web-0' },
      { type: 'merge', body: { metadata: { labels: { x: 'y' } } } },
    );

describe('writing the status', () => {
  it('SS-549: nothing is written while nothing changes', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    statusWrites();
    await kit.phase('web-0', 'Running');
    expect(statusWrites()).toBe(1);
    await labelPod();
    await kit.pass(2000);
    expect(statusWrites()).toBe(0);
  });

  it('SS-550: conditions of others cause no write and vanish with the next one', async () => {
    await kit.create({ replicas: 1 });
    const conditions = [{ type: 'Theirs', status: 'True' }];
    const { client } = kit;
    const set = kit.set();
    const status = { replicas: 0, ...set.status, conditions };
    await client.resource(statefulSets).updateStatus({ ...set, status });
    kit.writes();
    await kit.converge();
    expect(statusWrites()).toBe(0);
    expect(kit.set().status?.conditions).toHaveLength(1);
    await kit.ready('web-0');
    expect(kit.set().status?.conditions ?? []).toEqual([]);
  });

  it('SS-551: a conflict reads the cache again and sends the same status, five times at most', async () => {
    await kit.create({ replicas: 1 });
    let bodies: StatefulSet[] = [];
    kit.api.beforeRequest = ({ method, path, body }) => {
      if (method !== 'PUT' || !path.endsWith('/web/status')) return;
      bodies.push(body as StatefulSet);
      throw conflict(SETS, 'web', 'modified');
    };
    const startMs = kit.clock.now();
    await kit.ready('web-0');
    const first = bodies.slice(0, 5);
    expect(first.map(({ status }) => status)).toEqual(first.map(() => first[0]?.status));
    expect(first[0]?.status).toMatchObject({ readyReplicas: 1 });
    const versions = first.map(({ metadata }) => metadata.resourceVersion);
    expect(versions).toEqual(versions.map(() => kit.set().metadata.resourceVersion));
    expect(kit.clock.now() - startMs).toBe(400);
    bodies = [];
    kit.api.beforeRequest = undefined;
    await kit.pass(5000);
    expect(kit.set().status).toMatchObject({ readyReplicas: 1 });
  });

  it('SS-551: after a conflict the newer set of the cache is the base', async () => {
    await kit.create({ replicas: 1 });
    let conflicts = 1;
    kit.api.beforeRequest = async ({ method, path }) => {
      if (method !== 'PUT' || !path.endsWith('/web/status') || conflicts-- !== 1) return;
      const body = { metadata: { labels: { moved: 'on' } } };
      await kit.client
        .resource(statefulSets)
        .patch({ namespace, name: 'web' }, { type: 'merge', body });
    };
    await kit.ready('web-0');
    expect(kit.set()).toMatchObject({
      metadata: { labels: { moved: 'on' } },
      status: { readyReplicas: 1 },
    });
  });

  it('SS-552: another error fails the sync at once', async () => {
    await kit.create({ replicas: 1 });
    let tries = 0;
    kit.refuse(/^PUT statefulsets\/web\/status/, () => {
      tries++;
      return boom();
    });
    const pod = kit.pod('web-0');
    const conditions = [{ type: 'Ready', status: 'True' }];
    await kit.client
      .resource(pods)
      .updateStatus({ ...pod, status: { phase: 'Running', conditions } });
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(tries).toBe(1);
  });

  it('SS-554: without revisions there is no status', async () => {
    kit.refuse(/^POST controllerrevisions/, boom);
    await kit.create({ replicas: 1 });
    expect(kit.set().status).toBeUndefined();
    expect(kit.podNames()).toEqual([]);
    expect(statusWrites()).toBe(0);
  });
});

describe('events', () => {
  it('SS-651: one for the pod and one for each claim that was made', async () => {
    const volumeClaimTemplates = [claimTemplate('data'), claimTemplate('log')];
    await kit.client
      .resource(persistentVolumeClaims)
      .create(claimTemplate('log-web-0', { namespace }));
    await kit.create({ replicas: 1, volumeClaimTemplates });
    expect(new Set(await kit.eventTexts())).toEqual(new Set([claimCreated, oneCreated]));
    const [event] = kit.api.list(events, namespace);
    expect(event).toMatchObject({
      source: { component: 'statefulset-controller' },
      involvedObject: { kind: 'StatefulSet', name: 'web' },
      type: 'Normal',
    });
  });

  it('SS-652: a failed creation is told, and one of a name that is taken is not', async () => {
    kit.refuse(/^POST pods\/web-0/, boom);
    await kit.create({ replicas: 1 });
    const failed = 'FailedCreate: Create Pod web-0 in StatefulSet web failed error: boom';
    expect(new Set(await kit.eventTexts())).toEqual(new Set([failed]));
    expect(kit.api.list(events, namespace)[0]?.type).toBe('Warning');
    const before = (await kit.eventTexts()).length;
    kit.refuse(/./, undefined);
    await kit.createOrphan('web-0', { labels: { app: 'not' } });
    await kit.pass(20_000);
    expect(kit.writes().filter((text) => text === 'POST pods/web-0').length).toBeGreaterThan(3);
    expect(await kit.eventTexts()).toHaveLength(before);
  });

  it('SS-654: a deletion that finds nothing is a success', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    kit.refuse(/^DELETE pods\/web-0/, () => notFound({ group: '', resource: 'pods' }, 'web-0'));
    await kit.change((set) => Object.assign(set.spec ?? {}, { replicas: 0 }));
    expect(await kit.eventTexts()).toContain(
      'SuccessfulDelete: Delete Pod web-0 in StatefulSet web successful',
    );
  });

  it('SS-655: references that fail after creation give FailedUpdate, and no SuccessfulCreate', async () => {
    await kit.client
      .resource(persistentVolumeClaims)
      .create(claimTemplate('data-web-0', { namespace }));
    kit.refuse(/^PUT persistentvolumeclaims/, boom);
    await kit.create({
      ...withClaim,
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Delete' },
    });
    expect(kit.podNames()).toEqual(['web-0']);
    const texts = await kit.eventTexts();
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => !/^FailedUpdate: Update Pod web-0 .*boom/.test(text))).toEqual(
      [],
    );
  });

  it('SS-656: claims of a pending pod have their events; failing references give FailedUpdate', async () => {
    await kit.create({
      ...withClaim,
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Delete' },
    });
    const name = { namespace, name: 'data-web-0' };
    await kit.client.resource(persistentVolumeClaims).delete(name);
    await kit.phase('web-0', 'Pending');
    const texts = await kit.eventTexts();
    expect(texts.filter((text) => text === claimCreated)).toHaveLength(2);
    const body = { metadata: { ownerReferences: null } };
    kit.refuse(/^PUT persistentvolumeclaims/, boom);
    await kit.client.resource(persistentVolumeClaims).patch(name, { type: 'merge', body });
    await kit.phase('web-0', 'Pending');
    expect((await kit.eventTexts()).join('\n')).toMatch(/FailedUpdate: Update Pod web-0 .*boom/);
  });

  it('SS-657: nothing is told of adoption, release, revisions, scaling and waiting', async () => {
    await kit.createOrphan('web-0', { labels: { app: 'web', [POD_NAME]: 'web-0' } });
    await kit.client.resource(controllerRevisions).create({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: { namespace, name: 'web-x', labels: { app: 'web' } },
      data: { spec: { template: { $patch: 'replace' } } },
      revision: 1,
    });
    await kit.create({
      replicas: 1,
      updateStrategy: { type: 'OnDelete' },
      revisionHistoryLimit: 0,
    });
    await kit.ready('web-0');
    await kit.createOrphan('web-1', { labels: { app: 'web' } });
    await kit.change((set) => Object.assign(set.spec ?? {}, { replicas: 3 }));
    const body = { metadata: { labels: { app: 'other' } } };
    await kit.client.resource(pods).patch({ namespace, name: 'web-1' }, { type: 'merge', body });
    await kit.pass(2000);
    const told = (await kit.eventTexts()).filter((text) => !text.startsWith('SuccessfulUpdate'));
    expect(told.filter((text) => !/(Create|Delete) Pod web-[01] .* successful/.test(text))).toEqual(
      [],
    );
    expect(told.filter((text) => /Adopt|Releas|Revision|Scal|Recreat/i.test(text))).toEqual([]);
  });

  it('SS-658: one for a repair, whether it succeeds or not', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    kit.refuse(/^PUT pods\/web-0$/, boom);
    const body = { metadata: { labels: { [POD_NAME]: null } } };
    await kit.client.resource(pods).patch({ namespace, name: 'web-0' }, { type: 'merge', body });
    await kit.converge();
    const failed = (await kit.eventTexts()).filter((text) => text.startsWith('FailedUpdate'));
    const tries = kit.writes().filter((text) => text === 'PUT pods/web-0');
    expect(failed).toHaveLength(tries.length);
    expect(failed[0]).toBe('FailedUpdate: Update Pod web-0 in StatefulSet web failed error: boom');
    kit.refuse(/./, undefined);
    await kit.pass(10_000);
    const updated = (await kit.eventTexts()).filter((text) => text.startsWith('SuccessfulUpdate'));
    expect(updated).toEqual(['SuccessfulUpdate: Update Pod web-0 in StatefulSet web successful']);
  });

  it('SS-659: the verb is capitalised in reason and message', async () => {
    await kit.create(withClaim);
    await kit.ready('web-0');
    await kit.change((set) => Object.assign(set.spec ?? {}, { replicas: 0 }));
    const texts = await kit.eventTexts();
    expect(texts.length).toBe(3);
    for (const text of texts) expect(text).toMatch(/^Successful(Create|Delete): \1 (Pod|Claim) /);
  });
});
