import { describe, expect, it } from 'vitest';
import type { ControllerRevision, StatefulSet } from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import {
  buildRevision,
  currentRevisionOf,
  dataText,
  decideUpdateRevision,
  revisionData,
  revisionHash,
  revisionsToTruncate,
  sortRevisions,
} from './revisions.ts';
import { buildSet } from './set-builder.ts';

const VECTOR =
  '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}},' +
  '"spec":{"containers":[{"image":"nginx","name":"c"}]}}}}';

/** A stored revision of the set's present template. */
function stored(set: StatefulSet, revision: number): ControllerRevision {
  return buildRevision(set, { revision, collisionCount: 0 });
}

function withImage(image: string): StatefulSet {
  const set = buildSet();
  const container = set.spec?.template.spec?.containers[0];
  if (container) container.image = image;
  return set;
}

describe('revisions', () => {
  it('SS-511, SS-512, SS-514: data, canonical text and hash of the known vector', () => {
    expect(dataText(revisionData(buildSet()))).toBe(VECTOR);
    expect(revisionHash(VECTOR, 0)).toBe('5f4b46c5cc');
    expect(revisionHash(VECTOR, 1)).toBe('5f4b46c5cb');
  });

  it('SS-515, SS-516: name, labels, annotations and owner', () => {
    const set = buildSet();
    set.metadata.annotations = { note: 'x' };
    const revision = stored(set, 3);
    expect(revision.metadata).toMatchObject({
      name: 'web-5f4b46c5cc',
      labels: { app: 'web', 'controller.kubernetes.io/hash': '5f4b46c5cc' },
      annotations: { note: 'x' },
      ownerReferences: [{ kind: 'StatefulSet', uid: 'set-uid', controller: true }],
    });
    expect(revision.revision).toBe(3);
  });

  it('SS-520: the newest revision that is equal is used as it is', () => {
    const set = buildSet();
    const sorted = [stored(withImage('old'), 1), stored(set, 2)];
    expect(decideUpdateRevision(set, sorted, 0)).toEqual({ type: 'use', revision: sorted[1] });
  });

  it('SS-521, SS-530: a rollback raises the older equal revision', () => {
    const set = buildSet();
    const sorted = [stored(set, 1), stored(withImage('new'), 2)];
    const decision = decideUpdateRevision(set, sorted, 0);
    expect(decision).toEqual({ type: 'raise', revision: sorted[0], to: 3 });
  });

  it('SS-522: a revision that gives the same template with defaults is kept', () => {
    const plain = buildSet();
    const defaulted = buildSet();
    const spec = defaulted.spec?.template.spec;
    if (spec) {
      Object.assign(spec, {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
      });
      Object.assign(spec.containers[0] ?? {}, {
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'Always',
        resources: {},
      });
    }
    const newest = stored(plain, 1);
    expect(decideUpdateRevision(defaulted, [newest], 0)).toEqual({ type: 'use', revision: newest });
  });

  it('SS-517, SS-524: otherwise a new one, numbered after the highest', () => {
    const decision = decideUpdateRevision(buildSet(), [stored(withImage('old'), 7)], 0);
    expect(decision).toMatchObject({ type: 'create', candidate: { revision: 8 } });
  });

  it('SS-527: a current revision that is missing is the update revision', () => {
    const set = buildSet();
    const sorted = [stored(withImage('old'), 1), stored(set, 2)];
    const [old, update] = sorted as [ControllerRevision, ControllerRevision];
    expect(currentRevisionOf(set, sorted, update)).toBe(update);
    set.status = { replicas: 3, currentRevision: nameOf(old) };
    expect(currentRevisionOf(set, sorted, update)).toBe(old);
  });

  it('SS-518: order by revision, creation time, name', () => {
    const at = (name: string, revision: number, second: number): ControllerRevision => ({
      ...stored(buildSet(), revision),
      metadata: { name, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
    });
    const shuffled = [at('d', 2, 0), at('b', 1, 5), at('c', 1, 5), at('a', 1, 9)];
    expect(sortRevisions(shuffled).map(nameOf)).toEqual(['b', 'c', 'a', 'd']);
  });

  it('SS-531, SS-532: history beyond the limit goes, oldest first; live ones stay', () => {
    const images = ['a', 'b', 'c', 'd'];
    const sorted = images.map((image, index) => stored(withImage(image), index + 1));
    const live = new Set([nameOf(sorted[0] as ControllerRevision)]);
    const truncated = (limit: number) =>
      revisionsToTruncate(buildSet({ revisionHistoryLimit: limit }), sorted, live);
    expect(truncated(1)).toEqual(sorted.slice(1, 3));
    expect(truncated(0)).toEqual(sorted.slice(1));
    expect(truncated(-1)).toEqual([]);
  });
});
