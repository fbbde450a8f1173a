// Proofs of the strategy Recreate (SS-495 … SS-500) with the controller: all go, then all come.
import { describe, expect, it } from 'vitest';
import { pods } from '../../api/resources.ts';
import { namespace, useController, type TestController } from './controller-test-kit.ts';
import { OPTIONS_137, parallel } from './plan/rules-test-kit.ts';

const recreate = { updateStrategy: { type: 'Recreate' } };

const setImage = (kit: TestController, image: string) =>
  kit.change((set) => {
    const container = set.spec?.template.spec?.containers[0];
    if (container) container.image = image;
  });

const hold = (kit: TestController, name: string, finalizers: string[] | null) =>
  kit.client
    .resource(pods)
    .patch({ namespace, name }, { type: 'merge', body: { metadata: { finalizers } } });

const progress = (kit: TestController) =>
  kit.set().status?.conditions?.map(({ type, status, reason }) => [type, status, reason]);

describe('with the gate', () => {
  const kit = useController({ ...OPTIONS_137, recreate: true });

  it('SS-495, SS-496, SS-497: all old pods go at once; when the last is gone they come in order', async () => {
    await kit.create({ replicas: 3, ...recreate });
    await kit.ready('web-0', 'web-1', 'web-2');
    await hold(kit, 'web-1', ['example.com/hold']);
    kit.writes();
    await setImage(kit, 'b');
    await kit.pass(5000);
    const during = kit.writes().filter((text) => text.includes(' pods'));
    expect(new Set(during)).toEqual(
      new Set(['DELETE pods/web-0', 'DELETE pods/web-1', 'DELETE pods/web-2']),
    );
    expect(during).toHaveLength(3);
    expect(kit.podNames()).toEqual(['web-1']);
    expect(progress(kit)).toEqual([['Progressing', 'True', 'RecreateInProgress']]);
    await hold(kit, 'web-1', null);
    await kit.converge();
    expect(kit.podNames()).toEqual(['web-0']);
    await kit.ready('web-0', 'web-1', 'web-2');
    const images = kit.podNames().map((name) => kit.pod(name).spec?.containers[0]?.image);
    expect(images).toEqual(['b', 'b', 'b']);
    const { status } = kit.set();
    expect(status?.currentRevision).toBe(status?.updateRevision);
  });

  it('SS-499, SS-660: the condition ends, and the start is told once', async () => {
    await kit.create({ ...parallel, replicas: 2, ...recreate });
    await kit.ready('web-0', 'web-1');
    expect(progress(kit) ?? []).toEqual([]);
    await setImage(kit, 'b');
    expect(kit.podNames()).toEqual(['web-0', 'web-1']);
    await kit.ready('web-0', 'web-1');
    expect(progress(kit)).toEqual([['Progressing', 'False', 'RecreateComplete']]);
    const told = (await kit.eventTexts()).filter((text) => text.startsWith('Recreate'));
    expect(told).toEqual([expect.stringMatching(/^RecreateStarted: /)]);
  });

  it('SS-498: changing to it rolls nothing', async () => {
    await kit.create({ replicas: 2 });
    await kit.ready('web-0', 'web-1');
    kit.writes();
    await kit.change((set) => Object.assign(set.spec ?? {}, recreate));
    expect(kit.writes().filter((text) => text.includes(' pods'))).toEqual([]);
    expect(kit.set().status).toMatchObject({ readyReplicas: 2 });
  });
});

describe('without the gate', () => {
  const kit = useController({ ...OPTIONS_137, recreate: false });

  it('SS-500: the sync fails and is tried again, and no pod is touched', async () => {
    await kit.create({ replicas: 2 });
    await kit.ready('web-0', 'web-1');
    kit.writes();
    await kit.change((set) => Object.assign(set.spec ?? {}, recreate));
    await setImage(kit, 'b');
    await kit.pass(5000);
    expect(kit.writes().filter((text) => text.includes(' pods'))).toEqual([]);
    expect(progress(kit)).toMatchObject([['Progressing', 'False', 'FeatureGateDisabled']]);
    await kit.change((set) =>
      Object.assign(set.spec ?? {}, { updateStrategy: { type: 'RollingUpdate' } }),
    );
    await kit.pass(20_000);
    expect(kit.writes().filter((text) => text.includes(' pods'))).toContain('DELETE pods/web-1');
  });
});
