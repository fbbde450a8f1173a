// Proofs of sections 2 and 3 of the rules that need the controller: claims, and what goes wrong.
import { describe, expect, it } from 'vitest';
import { nameOf } from '../../api/meta/object.ts';
import { alreadyExists, statusError } from '../../api/meta/status-error.ts';
import { persistentVolumeClaims } from '../../api/resources.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { claimTemplate, parallel } from './plan/rules-test-kit.ts';

const kit = useController();
const POD_NAME = 'statefulset.kubernetes.io/pod-name';
const boom = () => statusError('InternalError', 'boom');

const claimNamesNow = () => kit.api.list(persistentVolumeClaims, namespace).map(nameOf);

describe('claims', () => {
  it('SS-208: all templates are tried, the pod is not made, and the errors are joined', async () => {
    kit.refuse(/persistentvolumeclaims\/(a|c)-/, boom);
    await kit.create({ volumeClaimTemplates: ['a', 'b', 'c'].map((name) => claimTemplate(name)) });
    expect(claimNamesNow()).toEqual(['b-web-0']);
    expect(kit.podNames()).toEqual([]);
    const failure = (await kit.eventTexts()).find((text) => text.includes('Create Pod'));
    expect(failure).toMatch(/a-web-0: .*boom.*c-web-0: .*boom/);
  });

  it('SS-210, SS-653: a claim that is being deleted holds the pod until it is gone', async () => {
    const metadata = { namespace, finalizers: ['example.com/hold'] };
    const claim = claimTemplate('data-web-0', metadata);
    const name = { namespace, name: 'data-web-0' };
    await kit.client.resource(persistentVolumeClaims).create(claim);
    await kit.client.resource(persistentVolumeClaims).delete(name);
    await kit.create({ replicas: 1, volumeClaimTemplates: [claimTemplate('data')] });
    expect(kit.podNames()).toEqual([]);
    const held = await kit.eventTexts();
    expect(new Set(held)).toEqual(
      new Set([
        'FailedCreate: Create Pod web-0 in StatefulSet web failed error: ' +
          'pvc data-web-0 is being deleted',
      ]),
    );
    const body = { metadata: { finalizers: null } };
    await kit.client.resource(persistentVolumeClaims).patch(name, { type: 'merge', body });
    await kit.pass(60_000);
    expect(kit.podNames()).toEqual(['web-0']);
    expect(claimNamesNow()).toEqual(['data-web-0']);
  });

  it('SS-211, SS-652: a claim that the cache lacks is an error of this sync, without claim event', async () => {
    kit.refuse(/^POST persistentvolumeclaims/, () =>
      alreadyExists({ group: '', resource: 'persistentvolumeclaims' }, 'data-web-0'),
    );
    await kit.create({ replicas: 1, volumeClaimTemplates: [claimTemplate('data')] });
    expect(kit.podNames()).toEqual([]);
    const texts = await kit.eventTexts();
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => !text.startsWith('FailedCreate: Create Pod web-0'))).toEqual([]);
    kit.refuse(/./, undefined);
    await kit.pass(20_000);
    expect(kit.podNames()).toEqual(['web-0']);
  });

  it('SS-212, SS-214: a claim lost by a pending pod comes back with the next event of the pod', async () => {
    await kit.create({ replicas: 1, volumeClaimTemplates: [claimTemplate('data')] });
    const { uid } = kit.pod('web-0').metadata;
    const name = { namespace, name: 'data-web-0' };
    await kit.client.resource(persistentVolumeClaims).delete(name);
    await kit.pass(1000);
    expect(claimNamesNow()).toEqual([]);
    await kit.phase('web-0', 'Pending');
    expect(claimNamesNow()).toEqual(['data-web-0']);
    expect(kit.pod('web-0').metadata.uid).toBe(uid);
  });

  it('SS-215: storage that can not be changed is tried again and again', async () => {
    kit.refuse(/^PUT pods\/web-0$/, () => statusError('Invalid', 'pod updates may not change'));
    await kit.createOrphan('web-0', { labels: { app: 'web', [POD_NAME]: 'web-0' } });
    await kit.ready('web-0');
    await kit.create({ replicas: 1, volumeClaimTemplates: [claimTemplate('data')] });
    const tries = kit.writes().filter((text) => text === 'PUT pods/web-0').length;
    expect(tries).toBeGreaterThan(1);
    const [text] = (await kit.eventTexts()).filter((event) => event.startsWith('FailedUpdate'));
    expect(text).toContain('Update Pod web-0 in StatefulSet web failed error: pod updates may not');
  });

  it('SS-256: an error with the claims of any condemned pod stops before any deletion', async () => {
    const persistentVolumeClaimRetentionPolicy = { whenScaled: 'Delete', whenDeleted: 'Retain' };
    await kit.create({
      ...parallel,
      replicas: 3,
      volumeClaimTemplates: [claimTemplate('data')],
      persistentVolumeClaimRetentionPolicy,
    });
    await kit.ready('web-0', 'web-1', 'web-2');
    kit.refuse(/^PUT persistentvolumeclaims\/data-web-1/, boom);
    await kit.change((set) => Object.assign(set.spec ?? {}, { replicas: 0 }));
    expect(kit.podNames()).toEqual(['web-0', 'web-1', 'web-2']);
    kit.refuse(/./, undefined);
    await kit.pass(10_000);
    expect(kit.podNames()).toEqual([]);
  });

  it('SS-266: the conflict is told about a claim with another controller', async () => {
    const controllerOfClaim = {
      apiVersion: 'v1',
      kind: 'Thing',
      name: 't',
      uid: 't',
      controller: true,
    };
    await kit.create({
      replicas: 1,
      volumeClaimTemplates: [claimTemplate('data')],
      persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Delete' },
    });
    const name = { namespace, name: 'data-web-0' };
    const created = kit.api.get(persistentVolumeClaims, name);
    const ownerReferences = [controllerOfClaim, ...(created?.metadata.ownerReferences ?? [])];
    expect(ownerReferences).toHaveLength(2);
    const body = { metadata: { ownerReferences } };
    await kit.client.resource(persistentVolumeClaims).patch(name, { type: 'merge', body });
    await kit.phase('web-0', 'Pending');
    const claim = kit.api.get(persistentVolumeClaims, name);
    expect(claim?.metadata.ownerReferences).toEqual([controllerOfClaim]);
    const warnings = (await kit.eventTexts()).filter((text) => text.startsWith('Conflicting'));
    expect(warnings[0]).toContain('data-web-0');
  });
});
