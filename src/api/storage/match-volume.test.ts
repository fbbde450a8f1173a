import { describe, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '../generated/types.ts';
import { nameOf } from '../meta/object.ts';
import { findMatchingVolume, isReservedFor, misfitOf } from './match-volume.ts';

function buildVolume(name: string, spec: PersistentVolume['spec'] = {}): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels: { disk: name } },
    spec: {
      capacity: { storage: '5Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      ...spec,
    },
    status: { phase: 'Available' },
  };
}

function buildClaim(spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', namespace: 'shop', uid: 'claim-uid' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'fast',
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  };
}

const find = (volumes: PersistentVolume[], claim = buildClaim(), change: object = {}) => {
  const found = findMatchingVolume({ claim, volumes, ...change });
  return found && nameOf(found);
};

describe('SS-862: candidates', () => {
  it.each([
    ['too small', { capacity: { storage: '1023Mi' } }],
    ['of another class', { storageClassName: 'slow' }],
    ['without class', { storageClassName: '' }],
    ['a block device', { volumeMode: 'Block' }],
    ['without the access mode', { accessModes: ['ReadOnlyMany'] }],
    ['of other attributes', { volumeAttributesClassName: 'gold' }],
    ['reserved for another name', { claimRef: { namespace: 'shop', name: 'd' } }],
    ['reserved for a former claim', { claimRef: { namespace: 'shop', name: 'c', uid: 'old' } }],
  ])('a volume that is %s is none', (_, spec) => {
    expect(find([buildVolume('a', spec)])).toBeUndefined();
  });

  it('one that is being deleted, not available or taken is none', () => {
    const volume = buildVolume('a');
    const deleted = { ...volume.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(find([{ ...volume, metadata: deleted }])).toBeUndefined();
    expect(find([{ ...volume, status: { phase: 'Released' } }])).toBeUndefined();
    expect(find([volume], buildClaim(), { isTaken: () => true })).toBeUndefined();
    expect(find([volume], buildClaim(), { isReachable: () => false })).toBeUndefined();
    expect(find([volume])).toBe('a');
  });

  it('no class is unset or empty, and no mode is Filesystem', () => {
    const plain = buildVolume('plain', { storageClassName: '' });
    const { storageClassName: _class, ...unset } = plain.spec ?? {};
    const classless = { ...plain, spec: { ...unset, volumeMode: 'Filesystem' } };
    const claim = buildClaim({ storageClassName: '' });
    const { storageClassName: _none, ...rest } = claim.spec ?? {};
    for (const volume of [plain, classless]) {
      expect(find([volume], claim)).toBe('plain');
      expect(find([volume], { ...claim, spec: rest })).toBe('plain');
      expect(find([volume], { ...claim, spec: { ...rest, volumeMode: 'Block' } })).toBeUndefined();
    }
  });

  it('labels choose', () => {
    const volumes = [buildVolume('a'), buildVolume('b')];
    expect(find(volumes, buildClaim({ selector: { matchLabels: { disk: 'b' } } }))).toBe('b');
    expect(find(volumes, buildClaim({ selector: { matchLabels: { disk: 'c' } } }))).toBeUndefined();
  });
});

describe('SS-863: the best of them', () => {
  it('fewest access modes, then reserved for the claim, then smallest, then first by name', () => {
    const many = { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] };
    const claimRef = { namespace: 'shop', name: 'c' };
    const volumes = [
      buildVolume('many', { ...many, capacity: { storage: '1Gi' } }),
      buildVolume('large', { capacity: { storage: '9Gi' } }),
      buildVolume('b'),
      buildVolume('a'),
    ];
    expect(find(volumes)).toBe('a');
    expect(find(volumes.slice(0, 2))).toBe('large');
    expect(find([...volumes, buildVolume('mine', { claimRef })])).toBe('mine');
    expect(find([...volumes, buildVolume('mine', { ...many, claimRef })])).toBe('a');
  });

  it('groups are tried from the fewest modes up; the first with a result decides', () => {
    const modes = (...accessModes: string[]) => ({ accessModes });
    const three = modes('ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany');
    const two = modes('ReadWriteOnce', 'ReadOnlyMany');
    const small = { capacity: { storage: '1Gi' } };
    const volumes = [
      buildVolume('three', { ...three, ...small }),
      buildVolume('two', two),
      buildVolume('one', { capacity: { storage: '100Mi' } }),
    ];
    // The group of one mode has no volume that is large enough.
    expect(find(volumes)).toBe('two');
    expect(find(volumes, buildClaim(modes('ReadWriteMany')))).toBe('three');
    expect(find(volumes, buildClaim(modes('ReadWriteOncePod')))).toBeUndefined();
  });

  it('the order of modes makes no other group', () => {
    const claimRef = { namespace: 'shop', name: 'c' };
    const mine = { accessModes: ['ReadWriteMany', 'ReadWriteOnce'], claimRef };
    const volumes = [
      buildVolume('a', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }),
      buildVolume('mine', mine),
    ];
    expect(find(volumes)).toBe('mine');
  });

  it('a reserved one need not be of the class; before a pod comes only such a one counts', () => {
    const claimRef = { namespace: 'shop', name: 'c', uid: 'claim-uid' };
    const mine = buildVolume('mine', { storageClassName: 'slow', claimRef });
    expect(find([buildVolume('a'), mine], buildClaim(), { reservedOnly: true })).toBe('mine');
    expect(find([buildVolume('a')], buildClaim(), { reservedOnly: true })).toBeUndefined();
    expect(isReservedFor(mine, buildClaim())).toBe(true);
  });
});

it.each([
  ['size', { capacity: { storage: '1Mi' } }],
  ['class', { storageClassName: 'slow' }],
  ['mode', { volumeMode: 'Block' }],
  ['attributes', { volumeAttributesClassName: 'gold' }],
  ['access', { accessModes: ['ReadOnlyMany'] }],
  [undefined, {}],
])('SS-867: what is wrong with a volume that was asked for: %s', (misfit, spec) => {
  expect(misfitOf(buildVolume('a', spec), buildClaim())).toBe(misfit);
});
