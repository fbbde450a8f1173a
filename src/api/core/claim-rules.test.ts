import { describe, expect, test } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim } from '../generated/types.ts';
import { create, NOW, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const CLAIMS = 'persistentvolumeclaims';
const claim = (spec: JsonObject = {}): JsonObject => ({
  spec: {
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'fast',
    resources: { requests: { storage: '2Gi' } },
    ...spec,
  },
});
const errorsOf = (spec: JsonObject) => create(CLAIMS, claim(spec)).errors;

describe('claims', () => {
  test('API-923: volume mode and phase', () => {
    const { object } = create<PersistentVolumeClaim>(CLAIMS, claim());
    expect(object.spec?.volumeMode).toBe('Filesystem');
    expect(object.status).toEqual({ phase: 'Pending' });
  });

  test('a data source stands in both of its fields', () => {
    const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
    const { object } = create<PersistentVolumeClaim>(CLAIMS, claim({ dataSource: source }));
    expect(object.spec).toMatchObject({ dataSource: source, dataSourceRef: source });
  });

  test('a data source of an unknown kind is dropped, unless it comes as a reference', () => {
    const source = { apiGroup: 'a.b', kind: 'X', name: 's' };
    const dropped = create<PersistentVolumeClaim>(CLAIMS, claim({ dataSource: source }));
    expect(dropped.object.spec).not.toHaveProperty('dataSource');
    const kept = create<PersistentVolumeClaim>(CLAIMS, claim({ dataSourceRef: source }));
    expect(kept.object.spec?.dataSource).toEqual(source);
  });

  test('SS-718: access modes, size and names', () => {
    expect(errorsOf({ accessModes: [], resources: {} })).toEqual([
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ]);
    expect(errorsOf({ accessModes: ['ReadWriteOnce', 'ReadWriteOncePod'] })).toEqual([
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    ]);
    expect(errorsOf({ resources: { requests: { storage: '-1Gi' } } })).toEqual([
      'spec.resources[storage]: Invalid value: "-1Gi": must be greater than zero',
    ]);
    expect(errorsOf({ storageClassName: '' })).toEqual([]);
  });

  const resize = (storage: string, phase: string, capacity = '2Gi') =>
    update<PersistentVolumeClaim>(
      CLAIMS,
      claim(),
      ({ spec }) => (spec!.resources!.requests = { storage }),
      { old: (stored) => (stored.status = { phase, capacity: { storage: capacity } }) },
    ).errors;

  test('SS-874, API-925: a bound claim may grow, a pending one not', () => {
    expect(resize('3Gi', 'Bound')).toEqual([]);
    expect(resize('3Gi', 'Pending')[0]).toMatch(
      /^spec: Forbidden: spec is immutable after creation except resources.requests and volumeA/,
    );
  });

  test('SS-874, API-925: it shrinks only towards the capacity it has', () => {
    const message =
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity';
    expect(resize('1Gi', 'Bound')).toEqual([message]);
    expect(resize('1536Mi', 'Bound', '1Gi')).toEqual([]);
  });

  test('SS-874, API-925: volumeName and class are set once', () => {
    const set = (field: 'volumeName' | 'storageClassName', stored: string | undefined) =>
      update<PersistentVolumeClaim>(CLAIMS, claim(), ({ spec }) => (spec![field] = 'b'), {
        old: ({ spec }) => {
          if (stored === undefined) delete spec![field];
          else spec![field] = stored;
        },
      }).errors.length;
    expect(set('volumeName', undefined)).toBe(0);
    expect(set('volumeName', 'a')).toBe(1);
    expect(set('storageClassName', undefined)).toBe(0);
    expect(set('storageClassName', 'a')).toBe(1);
  });
});

describe('volumes', () => {
  const VOLUMES = 'persistentvolumes';
  const volume = (spec: JsonObject = {}): JsonObject => ({
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/data' },
      ...spec,
    },
  });
  const volumeErrors = (spec: JsonObject) => create(VOLUMES, volume(spec)).errors;

  test('API-923: reclaim policy, mode and phase with its time', () => {
    const { object } = create<PersistentVolume>(VOLUMES, volume());
    expect(object.spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { path: '/data', type: '' },
    });
    expect(object.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: NOW });
  });

  test('capacity, modes and source', () => {
    expect(volumeErrors({ capacity: {} })).toEqual([
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
    ]);
    expect(volumeErrors({ hostPath: null })).toEqual([
      'spec: Required value: must specify a volume type',
    ]);
    expect(volumeErrors({ hostPath: null, local: { path: '/d' } })).toEqual([
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ]);
    expect(volumeErrors({ nfs: { server: 's', path: '/p' } })).toEqual([
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
    ]);
  });

  test('the source never changes', () => {
    const { errors } = update<PersistentVolume>(
      VOLUMES,
      volume(),
      ({ spec }) => (spec!.hostPath!.path = '/other'),
    );
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^spec.persistentvolumesource: Forbidden: spec.persistentvolumesource/,
    );
  });

  test('a change of phase is given its time', () => {
    const { object } = update<PersistentVolume>(
      VOLUMES,
      volume(),
      (changed) => (changed.status = { phase: 'Bound' }),
      {
        subresource: 'status',
        old: ({ status }) => (status!.lastPhaseTransitionTime = '2020-01-01T00:00:00Z'),
      },
    );
    expect(object.status?.lastPhaseTransitionTime).toBe(NOW);
  });
});
