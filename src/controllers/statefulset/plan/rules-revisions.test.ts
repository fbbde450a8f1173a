// Proofs of section 7 of the rules that need no server: which revision, from what, how many.
import { describe, expect, it } from 'vitest';
import type { ControllerRevision, StatefulSet } from '../../../api/generated/types.ts';
import { templateDefaults } from '../../../api/core/pod-defaults.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { buildPod } from './new-pod.ts';
import {
  belongsTo,
  buildRevision,
  currentRevisionOf,
  dataText,
  decideUpdateRevision,
  revisionData,
  revisionHash,
  revisionsToTruncate,
  setAtRevision,
  sortRevisions,
} from './revisions.ts';
import { createdPods, decide, parallel } from './rules-test-kit.ts';
import { buildSet } from './set-builder.ts';

function withImage(image: string, spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  const set = buildSet(spec);
  const container = set.spec?.template.spec?.containers[0];
  if (container) container.image = image;
  return set;
}

function stored(set: StatefulSet, revision: number): ControllerRevision {
  return buildRevision(set, { revision, collisionCount: 0 });
}

describe('the update revision', () => {
  it.each<[string, (set: StatefulSet) => void]>([
    ['replicas', (set) => Object.assign(set.spec ?? {}, { replicas: 9 })],
    ['ordinals', (set) => Object.assign(set.spec ?? {}, { ordinals: { start: 2 } })],
    ['minReadySeconds', (set) => Object.assign(set.spec ?? {}, { minReadySeconds: 9 })],
    ['strategy', (set) => Object.assign(set.spec ?? {}, { updateStrategy: { type: 'OnDelete' } })],
    [
      'retention policy',
      (set) =>
        Object.assign(set.spec ?? {}, {
          persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete', whenDeleted: 'Delete' },
        }),
    ],
    ['history limit', (set) => Object.assign(set.spec ?? {}, { revisionHistoryLimit: 1 })],
    ['labels', (set) => Object.assign(set.metadata, { labels: { a: 'b' } })],
    ['annotations', (set) => Object.assign(set.metadata, { annotations: { a: 'b' } })],
  ])('SS-401: a change of %s makes none', (_, change) => {
    const newest = stored(buildSet(), 1);
    const set = buildSet();
    change(set);
    expect(decideUpdateRevision(set, [newest], 0)).toEqual({ type: 'use', revision: newest });
  });

  it('SS-401: a change of the template does', () => {
    const decision = decideUpdateRevision(withImage('b'), [stored(withImage('a'), 1)], 0);
    expect(decision).toMatchObject({ type: 'create' });
    const labelled = buildSet();
    Object.assign(labelled.spec?.template.metadata ?? {}, { labels: { app: 'web', more: 'x' } });
    const other = decideUpdateRevision(labelled, [stored(buildSet(), 1)], 0);
    expect(other).toMatchObject({ type: 'create' });
  });

  it('SS-511: data is the pod template and nothing else', () => {
    const set = buildSet({ replicas: 9, minReadySeconds: 3 });
    expect(revisionData(set)).toEqual({
      spec: { template: { ...set.spec?.template, $patch: 'replace' } },
    });
  });

  it('SS-513, SS-515: the name has the hash behind 223 bytes of the set', () => {
    const set = withImage('a');
    set.metadata.name = 'n'.repeat(240);
    const { metadata, data } = stored(set, 1);
    expect(metadata.name).toBe(`${'n'.repeat(223)}-${revisionHash(dataText(data), 0)}`);
    expect(revisionHash(dataText(data), 0)).toMatch(/^[456789bcdf]+$/);
    expect(revisionHash(dataText(data), 0)).not.toBe(revisionHash(dataText(data), 1));
  });

  it('SS-517: the first is number 1', () => {
    const decision = decideUpdateRevision(buildSet(), [], 0);
    expect(decision).toMatchObject({ type: 'create', candidate: { revision: 1 } });
  });

  it('SS-518: controlled by the set or by nobody', () => {
    const own = stored(buildSet(), 1);
    const orphan = { ...own, metadata: { ...own.metadata, ownerReferences: [] } };
    const [reference] = own.metadata.ownerReferences ?? [];
    const ownerReferences = reference ? [{ ...reference, uid: 'another' }] : [];
    const foreign = { ...own, metadata: { ...own.metadata, ownerReferences } };
    expect([own, orphan, foreign].map((revision) => belongsTo(buildSet(), revision))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('SS-519: equal means the same data, whatever the order of keys, names or labels', () => {
    const set = buildSet();
    const data = revisionData(set)['spec'] as { template: object };
    const turned = Object.fromEntries(Object.entries(data.template).toReversed());
    const other: ControllerRevision = {
      ...stored(set, 4),
      metadata: { name: 'anything', namespace: 'shop' },
      data: { spec: { template: turned } },
    };
    expect(decideUpdateRevision(set, [other], 0)).toEqual({ type: 'use', revision: other });
  });

  it('SS-521: of several older equal ones the highest is raised', () => {
    const set = withImage('a');
    const twin = (name: string, revision: number) => {
      const made = stored(set, revision);
      return { ...made, metadata: { ...made.metadata, name } };
    };
    const sorted = sortRevisions([twin('x', 1), twin('y', 2), stored(withImage('b'), 3)]);
    const decision = decideUpdateRevision(set, sorted, 0);
    expect(decision).toMatchObject({ type: 'raise', to: 4, revision: { metadata: { name: 'y' } } });
  });

  it('SS-522, SS-523: data that changes nothing is kept, in the newest revision only', () => {
    const set = withImage('a');
    if (set.spec) templateDefaults(set.spec.template);
    const empty: ControllerRevision = { ...stored(set, 1), data: { spec: {} } };
    expect(decideUpdateRevision(set, [empty], 0)).toEqual({ type: 'use', revision: empty });
    const older = [empty, stored(withImage('b'), 2)];
    expect(decideUpdateRevision(set, older, 0)).toMatchObject({ type: 'create' });
  });

  it('SS-526: once the count was raised, name and label have the hash of that count', () => {
    const set = withImage('a');
    const decision = decideUpdateRevision(set, [stored(withImage('b'), 1)], 1);
    const hash = revisionHash(dataText(revisionData(set)), 1);
    expect(decision).toMatchObject({
      type: 'create',
      candidate: {
        metadata: { name: `web-${hash}`, labels: { 'controller.kubernetes.io/hash': hash } },
      },
    });
  });

  it('SS-530: back to an earlier template there are still two, and it has number 3', () => {
    const [a, b] = [stored(withImage('a'), 1), stored(withImage('b'), 2)];
    const decision = decideUpdateRevision(withImage('a'), [a, b], 0);
    expect(decision).toEqual({ type: 'raise', revision: a, to: 3 });
  });
});

describe('a revision applied', () => {
  it('SS-529: replaces the template; the rest is of the live set', () => {
    const old = stored(withImage('a', { serviceName: 'then', replicas: 1 }), 1);
    const live = withImage('b', { serviceName: 'now', replicas: 5 });
    Object.assign(live.spec?.template.spec ?? {}, { priority: 7 });
    const applied = setAtRevision(live, old);
    expect(applied.spec).toMatchObject({ serviceName: 'now', replicas: 5 });
    expect(applied.spec?.template).toEqual(withImage('a').spec?.template);
    expect(buildPod(live, 0, old).spec).toMatchObject({
      subdomain: 'now',
      containers: [{ name: 'c', image: 'a' }],
    });
  });

  it('SS-528: with the current revision lost, pods below the partition get the update revision', () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 2 } };
    const set = withImage('b', { ...parallel, replicas: 2, updateStrategy });
    set.status = { replicas: 2, currentRevision: 'web-gone' };
    const update = stored(set, 2);
    const current = currentRevisionOf(set, [update], update);
    expect(current).toBe(update);
    const decided = decide(set, [], { revisions: { current, update, collisionCount: 0 } });
    const labels = createdPods(decided).map(
      ({ metadata }) => metadata.labels?.['controller-revision-hash'],
    );
    expect(labels).toEqual([nameOf(update), nameOf(update)]);
    expect(decided.status.currentRevision).toBe(nameOf(update));
  });
});

describe('history', () => {
  const history = Array.from({ length: 12 }, (_, index) =>
    stored(withImage(`v${index + 1}`), index + 1),
  );
  const truncated = (limit: number | undefined, live: readonly number[]) => {
    const { revisionHistoryLimit: _, ...spec } = buildSet().spec ?? {};
    const set = {
      ...buildSet(),
      spec: { ...spec, ...(limit === undefined ? {} : { revisionHistoryLimit: limit }) },
    };
    const names = new Set(live.map((number) => nameOf(history[number - 1] ?? {})));
    return revisionsToTruncate(set as StatefulSet, history, names).map(({ revision }) => revision);
  };

  it('SS-531: at most limit and live ones stay, the lowest go first', () => {
    expect(truncated(8, [1, 12])).toEqual([2, 3]);
    expect(truncated(11, [12])).toEqual([]);
  });

  it('SS-532: 0 keeps live ones, negative keeps all, and 10 is the default', () => {
    expect(truncated(0, [2, 3, 4, 5, 6, 7, 8, 9, 10])).toEqual([1, 11, 12]);
    expect(truncated(-1, [])).toEqual([]);
    expect(truncated(undefined, [])).toEqual([1, 2]);
  });
});
