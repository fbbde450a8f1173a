import { describe, expect, it } from 'vitest';
import type {
  OwnerReference,
  PersistentVolumeClaim,
  StatefulSet,
} from '../../../api/generated/types.ts';
import {
  blocksCreation,
  claimMatchesPolicy,
  claimWithPolicy,
  hasUnexpectedController,
} from './retention.ts';
import { buildSet } from './set-builder.ts';

type Choice = 'Retain' | 'Delete';

function setWith(whenScaled: Choice, whenDeleted: Choice): StatefulSet {
  return buildSet({ persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted } });
}

const managing = { controller: true, blockOwnerDeletion: true };
const setRef: OwnerReference = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  name: 'web',
  uid: 'set-uid',
  ...managing,
};
const inRange = { name: 'web-1', uid: 'uid-1', ordinal: 1 };
const condemned = { name: 'web-7', uid: 'uid-7', ordinal: 7 };
const podRef = ({ name, uid }: typeof inRange): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  name,
  uid,
  ...managing,
});

function claim(ownerReferences: OwnerReference[] = []): PersistentVolumeClaim {
  const metadata = { name: 'data-web-1', namespace: 'shop', ownerReferences };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: {} };
}

/** The table of section 3: [whenScaled, whenDeleted, in range, condemned]. */
const TABLE: [string, Choice, Choice, OwnerReference[], OwnerReference[]][] = [
  ['SS-251', 'Retain', 'Retain', [], []],
  ['SS-252', 'Retain', 'Delete', [setRef], [setRef]],
  ['SS-253', 'Delete', 'Retain', [], [podRef(condemned)]],
  ['SS-254', 'Delete', 'Delete', [setRef], [podRef(condemned)]],
];

describe('claimWithPolicy()', () => {
  for (const [rule, whenScaled, whenDeleted, wantedInRange, wantedCondemned] of TABLE) {
    it(`${rule}: whenScaled ${whenScaled}, whenDeleted ${whenDeleted}`, () => {
      const set = setWith(whenScaled, whenDeleted);
      for (const [pod, wanted] of [
        [inRange, wantedInRange],
        [condemned, wantedCondemned],
      ] as const) {
        for (const start of [[], [setRef], [podRef(pod)], [setRef, podRef(pod)]]) {
          const result = claimWithPolicy(set, claim(start), pod);
          expect(result.metadata.ownerReferences ?? []).toEqual(wanted);
          expect(claimMatchesPolicy(set, result, pod)).toBe(true);
          const matched = JSON.stringify(start) === JSON.stringify(wanted);
          expect(claimMatchesPolicy(set, claim(start), pod)).toBe(matched);
        }
      }
    });
  }

  it('SS-264: a reference by name with another uid leaves the claim untouched', () => {
    const stale = claim([{ ...setRef, uid: 'earlier' }]);
    expect(claimMatchesPolicy(setWith('Delete', 'Delete'), stale, inRange)).toBe(true);
  });

  it('SS-265: another controller: ours go, nothing is added', () => {
    const other: OwnerReference = {
      apiVersion: 'v1',
      kind: 'Thing',
      name: 't',
      uid: 't',
      ...managing,
    };
    const set = setWith('Retain', 'Delete');
    expect(hasUnexpectedController(set, claim([other]), inRange)).toBe(true);
    expect(claimMatchesPolicy(set, claim([other]), inRange)).toBe(true);
    expect(claimMatchesPolicy(set, claim([other, setRef]), inRange)).toBe(false);
    const result = claimWithPolicy(set, claim([other, setRef]), inRange);
    expect(result.metadata.ownerReferences).toEqual([other]);
  });

  it('SS-267: an owner that is no controller is kept', () => {
    const friend: OwnerReference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'f', uid: 'f' };
    const result = claimWithPolicy(setWith('Retain', 'Delete'), claim([friend]), inRange);
    expect(result.metadata.ownerReferences).toEqual([friend, setRef]);
  });

  it('SS-268: our reference without controller is rewritten', () => {
    const weak = { ...setRef, controller: false };
    const set = setWith('Retain', 'Delete');
    expect(claimMatchesPolicy(set, claim([weak]), inRange)).toBe(false);
    expect(claimWithPolicy(set, claim([weak]), inRange).metadata.ownerReferences).toEqual([setRef]);
  });

  it('SS-258, SS-260: a reference to an earlier pod of the name blocks creation, only with Delete', () => {
    const stale = claim([podRef(inRange)]);
    expect(blocksCreation(setWith('Delete', 'Retain'), stale, inRange)).toBe(true);
    expect(blocksCreation(setWith('Retain', 'Retain'), stale, inRange)).toBe(false);
    expect(blocksCreation(setWith('Delete', 'Retain'), claim([]), inRange)).toBe(false);
  });

  it('SS-270: an unknown value is Retain / Retain', () => {
    const set = setWith('Retain', 'Delete');
    Object.assign(set.spec?.persistentVolumeClaimRetentionPolicy ?? {}, { whenDeleted: 'Other' });
    expect(claimMatchesPolicy(set, claim([setRef]), inRange)).toBe(false);
  });
});
