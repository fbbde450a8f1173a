import { describe, expect, it } from 'vitest';
import { persistentVolumeClaims, pods } from '../../api/resources.ts';
import { statusError } from '../../api/meta/status-error.ts';
import { namespace, useController } from './controller-test-kit.ts';
import { CLAIM_WAKE_DELAY_MS, ORPHAN_DELAY_MS } from './set-triggers.ts';

const template = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'] },
};

describe('triggers of ours', () => {
  const kit = useController();

  it('SS-576: a new orphan that is not ready is looked at after a moment', async () => {
    await kit.create({ replicas: 1 });
    await kit.ready('web-0');
    kit.writes();
    const orphan = { apiVersion: 'v1', kind: 'Pod', spec: { containers: [] } };
    const metadata = { namespace, name: 'web-5', labels: { app: 'web' } };
    await kit.client.resource(pods).create({ ...orphan, metadata });
    await kit.pass(ORPHAN_DELAY_MS - 20);
    expect(kit.writes()).toEqual(['POST pods/web-5']);
    await kit.pass(60);
    expect(kit.writes()).toEqual(expect.arrayContaining(['PATCH pods/web-5']));
  });

  it('SS-210: a set whose claim is being deleted wakes up when it is gone, in spite of back-off', async () => {
    const claims = kit.client.resource(persistentVolumeClaims);
    const metadata = { namespace, name: 'data-web-0', finalizers: ['example.com/hold'] };
    await claims.create({ ...template, metadata });
    await claims.delete({ namespace, name: 'data-web-0' });
    await kit.create({ replicas: 1, volumeClaimTemplates: [template] });
    await kit.pass(120_000); // by now the next try is a minute or more away
    expect(kit.podNames()).toEqual([]);
    const held = await claims.get({ namespace, name: 'data-web-0' });
    await claims.update({ ...held, metadata: { ...held.metadata, finalizers: [] } });
    await kit.pass(CLAIM_WAKE_DELAY_MS + 100);
    expect(kit.podNames()).toEqual(['web-0']);
  });

  it('SS-833: a claim that nobody waits for queues nothing', async () => {
    await kit.create({ replicas: 1, volumeClaimTemplates: [template] });
    await kit.ready('web-0');
    kit.writes();
    await kit.client.resource(persistentVolumeClaims).delete({ namespace, name: 'data-web-0' });
    await kit.pass(60_000);
    expect(kit.writes()).toEqual(['DELETE persistentvolumeclaims/data-web-0']);
  });

  it('SS-837: creations refused by a namespace that goes are tried again, with their events', async () => {
    kit.refuse(/^POST pods\/web-0$/, () =>
      statusError('Forbidden', 'pods "web-0" is forbidden: the namespace is being terminated', {
        details: { causes: [{ reason: 'NamespaceTerminating' }] },
      }),
    );
    await kit.create({ replicas: 1 });
    await kit.pass(1000);
    expect(kit.writes().filter((text) => text === 'POST pods/web-0').length).toBeGreaterThan(4);
    const told = new Set(await kit.eventTexts());
    expect([...told].map((text) => text.split(':')[0])).toEqual(['FailedCreate']);
  });
});
