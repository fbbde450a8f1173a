import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim, StatefulSet } from '../../api/generated/types.ts';
import { nameOf, uidOf } from '../../api/meta/object.ts';
import { statusError } from '../../api/meta/status-error.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../api/resources.ts';
import { namespace, useController, type TestController } from './controller-test-kit.ts';
import { REVISION_LABEL } from './plan/identity.ts';
import { buildSet, DEFAULT_OPTIONS } from './plan/set-builder.ts';
import { CLAIM_WAKE_DELAY_MS } from './set-triggers.ts';

const parallel = { podManagementPolicy: 'Parallel' };

const imageIs = (image: string) => (set: StatefulSet) => {
  const container = set.spec?.template.spec?.containers[0];
  if (container) container.image = image;
};

const revisionOf = (kit: TestController, pod: string) =>
  kit.pod(pod).metadata.labels?.[REVISION_LABEL];

const imagesOf = (kit: TestController) =>
  kit.api.list(pods, namespace).map((pod) => pod.spec?.containers[0]?.image);

const claimNamesOf = (kit: TestController) =>
  kit.api.list(persistentVolumeClaims, namespace).map(nameOf);

const claimTemplate = (name: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'] },
});

const remove = (kit: TestController, name: string) =>
  kit.client.resource(pods).delete({ namespace, name }, { gracePeriodSeconds: 0 });

describe('regressions', () => {
  const kit = useController();

  // kubernetes/kubernetes 67250, 60164, 109597
  it('SS-491, SS-492: stuck rollout after a broken revision, repaired by deleting the pod', async () => {
    await kit.create({ replicas: 2 });
    await kit.ready('web-0', 'web-1');
    await kit.change(imageIs('broken'));
    const broken = uidOf(kit.pod('web-1'));
    await kit.change(imageIs('mended'));
    await kit.pass(60_000);
    expect(uidOf(kit.pod('web-1'))).toBe(broken);
    expect(kit.controller.waits(`${namespace}/web`)[0]).toMatchObject({
      object: 'Pod/web-1',
      gate: 'PodNotReady',
    });

    await remove(kit, 'web-1');
    await kit.converge();
    expect(imagesOf(kit)).toEqual(['nginx', 'mended']);
    await kit.ready('web-1', 'web-0');
    expect(imagesOf(kit)).toEqual(['mended', 'mended']);
    expect(kit.set().status?.currentRevision).toBe(kit.set().status?.updateRevision);
  });

  // kubernetes/kubernetes 136831
  it('SS-482: minReadySeconds and completion: the revision is promoted before pods are available', async () => {
    await kit.create({ ...parallel, replicas: 1, minReadySeconds: 60 });
    await kit.ready('web-0');
    await kit.pass(61_000);
    expect(kit.set().status?.availableReplicas).toBe(1);
    await kit.change(imageIs('next'));
    await kit.ready('web-0');
    const { status } = kit.set();
    expect(status).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
    expect(status?.currentRevision).toBe(status?.updateRevision);
    await kit.pass(61_000);
    expect(kit.set().status?.availableReplicas).toBe(1);
  });

  // kubernetes/kubernetes 70442
  for (const [rule, block] of [
    ['SS-425', { rollingUpdate: { partition: 0 } }],
    ['SS-422', {}],
  ] as const) {
    it(`${rule}: a pod deleted in mid-update and re-created is not left at the wrong revision`, async () => {
      await kit.create({ updateStrategy: { type: 'RollingUpdate', ...block } });
      await kit.ready('web-0', 'web-1', 'web-2');
      const old = revisionOf(kit, 'web-0');
      await kit.change(imageIs('next'));
      await remove(kit, 'web-0');
      await kit.converge();
      // Without the block the boundary is the number of pods at the current revision.
      expect(revisionOf(kit, 'web-0') === old).toBe(rule === 'SS-422');
      for (let round = 0; round < 3; round++) await kit.ready(...kit.podNames());
      expect(imagesOf(kit)).toEqual(['next', 'next', 'next']);
      expect(kit.set().status?.currentRevision).toBe(kit.set().status?.updateRevision);
    });
  }

  // kubernetes/kubernetes 75498
  it('SS-546: negative currentReplicas: what the server refuses, the next sync repairs', async () => {
    const refused: unknown[] = [];
    kit.api.beforeRequest = ({ path, body }) => {
      const { status } = body as StatefulSet;
      if (!path.endsWith('/statefulsets/web/status') || (status?.currentReplicas ?? 0) >= 0) return;
      refused.push(status?.currentReplicas);
      throw statusError('Invalid', 'status.currentReplicas: must be greater than or equal to 0');
    };
    await kit.create({ ...parallel, replicas: 1 });
    await kit.ready('web-0');
    await kit.change(imageIs('second')); // never ready: the pod is of neither revision when
    await kit.change(imageIs('third')); // the third one comes
    expect(refused).toEqual([-1]);
    await kit.ready('web-0');
    expect(kit.set().status).toMatchObject({ currentReplicas: 1, updatedReplicas: 1 });
    expect(imagesOf(kit)).toEqual(['third']);
  });

  // kubernetes/kubernetes 61998, 134773
  it('SS-522: no endless rolling from revisions that are unequal in form only', async () => {
    const set = buildSet();
    const spec = set.spec as NonNullable<StatefulSet['spec']>;
    await kit.create({
      ...spec,
      replicas: 1,
      template: { ...spec.template, spec: { ...spec.template.spec, ...DEFAULTED } },
    });
    await kit.ready('web-0');
    const [revision] = kit.api.list(controllerRevisions, namespace);
    if (!revision) throw new Error('no revision');
    const data = structuredClone(revision.data) as { spec: { template: { spec: object } } };
    // As an older release wrote it: without the fields that defaults fill.
    for (const field of Object.keys(DEFAULTED)) {
      if (field !== 'containers')
        delete (data.spec.template.spec as Record<string, unknown>)[field];
    }
    await kit.client.resource(controllerRevisions).update({ ...revision, data });
    kit.writes();
    await kit.change((stored) => void (stored.metadata.annotations = { touched: '1' }));
    await kit.pass(60_000);
    expect(kit.writes().filter((write) => !write.startsWith('PUT statefulsets'))).toEqual([]);
    expect(kit.api.list(controllerRevisions, namespace)).toHaveLength(1);
  });

  it('SS-124, SS-563: two sets with one selector keep their pods apart', async () => {
    await kit.create({ replicas: 1 });
    const other = buildSet({ replicas: 1 });
    const metadata = { namespace, name: 'other' };
    await kit.client.resource(statefulSets).create({ ...other, metadata });
    await kit.converge();
    await kit.ready('web-0', 'other-0');
    kit.writes();
    await kit.pass(60_000);
    expect(kit.writes()).toEqual([]);
    expect(kit.podNames()).toEqual(['other-0', 'web-0']);
    for (const name of ['web', 'other']) {
      const set = kit.api.get(statefulSets, { namespace, name });
      expect(set?.status).toMatchObject({ replicas: 1, readyReplicas: 1 });
      const owners = kit.pod(`${name}-0`).metadata.ownerReferences;
      expect(owners?.map(({ uid }) => uid)).toEqual([set?.metadata.uid]);
    }
  });

  // kubernetes/kubernetes 113139
  it('SS-212: the missing claim of a pending pod is made again without deleting the pod', async () => {
    await kit.create({ replicas: 1, volumeClaimTemplates: [claimTemplate('data')] });
    const pod = kit.pod('web-0');
    await kit.client.resource(persistentVolumeClaims).delete({ namespace, name: 'data-web-0' });
    await kit.converge();
    await kit.phase('web-0', 'Pending'); // as the scheduler touches it
    expect(claimNamesOf(kit)).toEqual(['data-web-0']);
    expect(uidOf(kit.pod('web-0'))).toBe(uidOf(pod));
  });

  it('SS-212: a claim that a stale cache still had is made again for its pending pod', async () => {
    const spec = {
      replicas: 1,
      volumeClaimTemplates: [claimTemplate('data-a'), claimTemplate('x')],
    };
    await kit.create(spec);
    await kit.client.resource(persistentVolumeClaims).delete({ namespace, name: 'data-a-web-0' });
    await kit.converge();
    expect(claimNamesOf(kit)).toEqual(['x-web-0']);
    await kit.pass(CLAIM_WAKE_DELAY_MS);
    expect(claimNamesOf(kit).toSorted()).toEqual(['data-a-web-0', 'x-web-0']);
  });

  it('SS-219: claim-name collision: two sets use the one claim', async () => {
    const make = (name: string, template: string) =>
      kit.client.resource(statefulSets).create({
        ...buildSet({ replicas: 1, volumeClaimTemplates: [claimTemplate(template)] }),
        metadata: { namespace, name },
      });
    await make('a-b', 'data');
    await make('b', 'data-a');
    await kit.pass(60_000);
    expect(claimNamesOf(kit)).toEqual(['data-a-b-0']);
    expect(kit.podNames()).toEqual(['a-b-0', 'b-0']);
    for (const name of ['a-b-0', 'b-0']) {
      const [volume] = kit.pod(name).spec?.volumes ?? [];
      expect(volume?.persistentVolumeClaim?.claimName).toBe('data-a-b-0');
    }
  });

  it('SS-258, SS-259: a set that waits for a stale claim wakes up when the claim is gone', async () => {
    const reference = { apiVersion: 'v1', kind: 'Pod', name: 'web-0', uid: 'earlier' };
    const claims = kit.client.resource(persistentVolumeClaims);
    const stale = claimTemplate('data-web-0');
    const metadata = { ...stale.metadata, namespace, ownerReferences: [reference] };
    await claims.create({ ...stale, metadata });
    await kit.create({
      replicas: 1,
      volumeClaimTemplates: [claimTemplate('data')],
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Retain' },
    });
    await kit.pass(60_000);
    expect(kit.podNames()).toEqual([]);
    expect(kit.controller.waits(`${namespace}/web`)).toMatchObject([{ gate: 'ClaimStale' }]);

    await claims.delete({ namespace, name: 'data-web-0' });
    await kit.pass(CLAIM_WAKE_DELAY_MS - 100);
    expect(kit.podNames()).toEqual([]);
    await kit.pass(200);
    expect(kit.podNames()).toEqual(['web-0']);
    expect(claimNamesOf(kit)).toEqual(['data-web-0']);
    expect(kit.controller.waits(`${namespace}/web`)).not.toMatchObject([{ gate: 'ClaimStale' }]);
  });
});

/** The fields that the defaults of a pod template fill, of the template of `buildSet`. */
const DEFAULTED = {
  containers: [
    {
      name: 'c',
      image: 'nginx:1',
      imagePullPolicy: 'IfNotPresent',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    },
  ],
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};

/** An unready old pod under Parallel with a budget of one, and a template that changes. */
async function brokenOldPod(kit: TestController): Promise<void> {
  const rollingUpdate = { partition: 0, maxUnavailable: 1 };
  await kit.create({ ...parallel, updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
  await kit.ready('web-0', 'web-2'); // web-1 never
  await kit.change(imageIs('next'));
  await kit.pass(60_000);
}

// kubernetes/kubernetes 137409
describe('regressions: unavailable old pod eating the maxUnavailable budget', () => {
  describe('as in 1.35 and 1.36 with the gate on', () => {
    const kit = useController({ ...DEFAULT_OPTIONS, maxUnavailable: true });

    it('SS-455: the rollout is stuck for good, and says for what', async () => {
      await brokenOldPod(kit);
      expect(imagesOf(kit)).toEqual(['nginx', 'nginx', 'nginx']);
      expect(kit.controller.waits(`${namespace}/web`)).toContainEqual(
        expect.objectContaining({
          gate: 'UpdateBudget',
          waitsFor: expect.objectContaining({ object: 'Pod/web-1' }) as unknown,
        }),
      );
    });
  });

  describe('as in 1.37', () => {
    const kit = useController({ maxUnavailable: true, emulatedVersion: '1.37' });

    it('SS-456: the two-phase fix replaces the broken pod first', async () => {
      await brokenOldPod(kit);
      expect(imagesOf(kit)).toEqual(['nginx', 'next', 'nginx']);
      await kit.ready('web-1', 'web-2', 'web-0');
      expect(imagesOf(kit)).toEqual(['next', 'next', 'next']);
    });
  });
});
