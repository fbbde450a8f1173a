// Who owns what after creates, updates and applies (API-640 … API-653), without a server.
import { describe, expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '../../generated/types.ts';
import type { JsonObject, KubernetesObject } from '../object.ts';
import { builtinSchema, emptyObject } from './builtin-schema.ts';
import { managedByApply, managedByUpdate, sameOwners } from './field-manager.ts';
import type { FieldManagement } from './field-manager.ts';
import { resetFilter } from './reset-fields.ts';
import { ownersOfParent, ownersOfScale } from './scale-mapping.ts';
import { ApplyConflictError } from './updater.ts';

const workload = { apiVersion: 'apps/v1' };

function management(now: number, subresource = ''): FieldManagement {
  return {
    schema: builtinSchema('ConfigMap'),
    apiVersion: 'v1',
    versions: new Set(['v1']),
    empty: emptyObject('ConfigMap'),
    filter: (set) => set,
    subresource,
    now: `2026-01-01T00:00:${String(now).padStart(2, '0')}Z`,
  };
}

const configMap = (data: Record<string, string>, metadata: object = {}): KubernetesObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cm', ...metadata },
    data,
  }) as KubernetesObject;

/** A config map that writers take turns at. */
class Subject {
  object: KubernetesObject | undefined;
  now = 0;

  update(manager: string, data: Record<string, string>, sent?: object[]): this {
    const object = configMap(data, sent ? { managedFields: sent } : {});
    this.now += 1;
    const managedFields = managedByUpdate(management(this.now), {
      live: this.object,
      object,
      manager,
    });
    return this.#keep(object as unknown as JsonObject, managedFields);
  }

  apply(
    manager: string,
    data: Record<string, string> | undefined,
    { force = false, annotations }: { force?: boolean; annotations?: Record<string, string> } = {},
  ): this {
    const { managedFields: stored, ...metadata } = this.object?.metadata ?? {};
    const live = this.object ? { ...this.object, metadata } : emptyObject('ConfigMap');
    const config = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cm', ...(annotations ? { annotations } : {}) },
      ...(data ? { data } : {}),
    };
    this.now += 1;
    const request = { live: live as JsonObject, stored, config, manager, force };
    const outcome = managedByApply(management(this.now), request);
    return this.#keep(outcome.object, outcome.managedFields);
  }

  #keep(object: JsonObject, managedFields: ManagedFieldsEntry[] | undefined): this {
    const metadata = { ...(object['metadata'] as object), uid: 'u', managedFields };
    this.object = { ...object, metadata } as unknown as KubernetesObject;
    return this;
  }

  get owners(): Record<string, unknown> {
    const entries = this.object?.metadata.managedFields ?? [];
    return Object.fromEntries(
      entries.map(({ manager, operation, fieldsV1 }) => [`${manager} ${operation}`, fieldsV1]),
    );
  }

  get data(): unknown {
    return (this.object as { data?: unknown } | undefined)?.data;
  }

  timeOf(manager: string): string | undefined {
    const entries = this.object?.metadata.managedFields ?? [];
    return entries.find((entry) => entry.manager === manager)?.time?.slice(-3, -1);
  }
}

const keys = (...names: string[]) => ({
  'f:data': Object.fromEntries(names.map((name) => [name === '.' ? name : `f:${name}`, {}])),
});

describe('updates', () => {
  test('API-645: a create owns what it sets, an update what it changes', () => {
    const subject = new Subject().update('a', { x: '1', y: '1' });
    expect(subject.owners).toEqual({ 'a Update': keys('.', 'x', 'y') });
    subject.update('b', { x: '2', y: '1', z: '1' });
    expect(subject.owners).toEqual({ 'a Update': keys('.', 'y'), 'b Update': keys('x', 'z') });
  });

  test('API-641: the time changes only with the fields', () => {
    const subject = new Subject().update('a', { x: '1' }).update('b', { x: '1', y: '1' });
    const before = subject.object?.metadata.managedFields;
    subject.update('b', { x: '1', y: '1' });
    expect(subject.object?.metadata.managedFields).toBe(before);
    expect([subject.timeOf('a'), subject.timeOf('b')]).toEqual(['01', '02']);
    subject.update('b', { x: '1', y: '2' });
    expect(subject.timeOf('b')).toBe('04');
  });

  test('API-647: [] and [{}] forget all owners, until the next apply', () => {
    for (const reset of [[], [{}]]) {
      const subject = new Subject().update('a', { x: '1' }).update('b', { x: '2' }, reset);
      expect(subject.object?.metadata.managedFields).toBeUndefined();
      subject.update('b', { x: '3' });
      expect(subject.owners).toEqual({});
      subject.apply('c', { y: '1' });
      expect(subject.owners).toEqual({
        'before-first-apply Update': keys('.', 'x'),
        'c Apply': keys('y'),
      });
    }
  });

  test('API-647: a list that is not valid is ignored, a valid one replaces the owners', () => {
    const subject = new Subject().update('a', { x: '1' });
    const entry = { manager: 'n', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1' };
    subject.update('b', { x: '1' }, [{ ...entry, fieldsType: 'Other' }]);
    expect(subject.owners).toEqual({ 'a Update': keys('.', 'x') });
    subject.update('b', { x: '1' }, [{ ...entry, fieldsV1: keys('x') }]);
    expect(subject.owners).toEqual({ 'n Apply': keys('x') });
  });

  test('API-645: entries of versions that nobody knows are forgotten', () => {
    const subject = new Subject().update('a', { x: '1' });
    const [entry] = subject.object?.metadata.managedFields ?? [];
    const old = { ...entry, manager: 'old', apiVersion: 'v1beta1' };
    subject.update('b', { x: '1', y: '1' }, [entry as object, old]);
    expect(Object.keys(subject.owners)).toEqual(['a Update', 'b Update']);
  });

  test('API-645: more than ten updaters: the oldest become ancient-changes', () => {
    const subject = new Subject();
    const data: Record<string, string> = {};
    for (let index = 0; index < 12; index++) {
      data[`k${index}`] = '1';
      subject.update(`m${index}`, { ...data });
    }
    const names = Object.keys(subject.owners);
    expect(names).toHaveLength(10);
    expect(names[0]).toBe('ancient-changes Update');
    expect(subject.owners['ancient-changes Update']).toEqual(keys('.', 'k0', 'k1', 'k2'));
  });
});

describe('applies', () => {
  test('API-644: conflict, force, shared ownership, removal', () => {
    const subject = new Subject().apply('a', { x: '1', y: '1' });
    expect(() => subject.apply('b', { x: '2' })).toThrow(ApplyConflictError);
    subject.apply('b', { x: '2' }, { force: true });
    expect(subject.owners).toEqual({ 'a Apply': keys('y'), 'b Apply': keys('x') });
    subject.apply('c', { y: '1' }).apply('a', undefined);
    expect(subject.owners).toEqual({ 'b Apply': keys('x'), 'c Apply': keys('y') });
    expect(subject.data).toEqual({ x: '2', y: '1' });
    subject.apply('c', undefined);
    expect(subject.data).toEqual({ x: '2' });
  });

  test('API-644: what an updater owns, too, is not removed', () => {
    const subject = new Subject().update('u', { x: '1' }).apply('a', { x: '1' });
    subject.apply('a', undefined);
    expect(subject.data).toEqual({ x: '1' });
    expect(subject.owners).toEqual({ 'u Update': keys('.', 'x') });
  });

  test('API-641: an apply that changes no value has no time of its own', () => {
    const subject = new Subject().update('u', { x: '1' }).apply('a', { x: '1' });
    expect(subject.timeOf('a')).toBeUndefined();
    subject.apply('a', { x: '1', y: '1' });
    expect(subject.timeOf('a')).toBe('03');
  });

  test('API-313: conflicts come sorted, by manager and path', () => {
    const subject = new Subject().apply('b', { x: '1' }).update('a', { x: '1', z: '1', y: '1' });
    const thrown = () => {
      try {
        subject.apply('c', { x: '2', y: '2', z: '2' });
      } catch (error) {
        return (error as ApplyConflictError).conflicts;
      }
      return [];
    };
    expect(thrown().map(({ manager, path }) => [manager.manager, path.at(-1)])).toEqual([
      ['a', 'f:y'],
      ['a', 'f:z'],
      ['b', 'f:x'],
    ]);
  });

  test('API-650: kubectl takes over what it applied from the client side', () => {
    const name = 'kubectl.kubernetes.io/last-applied-configuration';
    const last = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"},"data":{"x":"1"}}';
    const subject = new Subject();
    const client = configMap({ x: '1', y: '1' }, { annotations: { [name]: last } });
    const managedFields = managedByUpdate(management(0), {
      live: undefined,
      object: client,
      manager: 'kubectl-client-side-apply',
    });
    const metadata = { ...client.metadata, managedFields };
    subject.object = { ...client, metadata };
    expect(() => subject.apply('other', { x: '2' })).toThrow(ApplyConflictError);
    expect(() => subject.apply('kubectl', { x: '2', y: '2' })).toThrow('1 conflicts');
    subject.apply('kubectl', { x: '2' });
    expect(subject.data).toEqual({ x: '2', y: '1' });
    const { annotations = {} } = (subject.object as KubernetesObject).metadata;
    expect(annotations[name]).toBe(
      '{"apiVersion":"v1","data":{"x":"2"},"kind":"ConfigMap","metadata":{"name":"cm"}}\n',
    );
  });
});

describe('scale', () => {
  const entry = (manager: string, operation: string, fieldsV1: object) => ({
    manager,
    operation,
    apiVersion: 'apps/v1',
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1,
  });
  const replicas = { 'f:spec': { 'f:replicas': {} } };
  const parent = [entry('a', 'Apply', { 'f:spec': { 'f:replicas': {}, 'f:selector': {} } })];

  test('SS-743: the replicas of the set are those of its scale, and back', () => {
    const scale = ownersOfScale(parent as ManagedFieldsEntry[], workload);
    expect(scale).toMatchObject([
      { manager: 'a', apiVersion: 'autoscaling/v1', fieldsV1: replicas },
    ]);
    expect(ownersOfParent(parent as ManagedFieldsEntry[], scale, workload)).toEqual(parent);
  });

  test('SS-743: who scales takes the replicas, in an entry without time', () => {
    const { time: _, ...scaler } = {
      ...entry('hpa', 'Update', replicas),
      apiVersion: 'autoscaling/v1',
      subresource: 'scale',
    };
    expect(ownersOfParent(parent as ManagedFieldsEntry[], [scaler], workload)).toEqual([
      entry('a', 'Apply', { 'f:spec': { 'f:selector': {} } }),
      { ...scaler, apiVersion: 'apps/v1' },
    ]);
  });
});

test('API-648: subresources own their part only', () => {
  const set = {
    'f:metadata': { 'f:labels': { 'f:a': {} }, 'f:ownerReferences': {} },
    'f:spec': {
      'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:resources': {} } },
      'f:ephemeralContainers': { 'k:{"name":"d"}': {} },
    },
    'f:status': { 'f:phase': {} },
  };
  const written = { group: '', hasStatus: true, custom: false };
  const filtered = (resource: string, subresource: string) => {
    const group = resource === 'deployments' ? 'apps' : '';
    return Object.keys(resetFilter({ ...written, group, resource, subresource })(set));
  };
  expect(filtered('pods', '')).toEqual(['f:metadata', 'f:spec']);
  expect(filtered('pods', 'status')).toEqual(['f:metadata', 'f:status']);
  expect(filtered('pods', 'ephemeralcontainers')).toEqual(['f:spec']);
  const resize = resetFilter({ ...written, resource: 'pods', subresource: 'resize' });
  // As upstream: what a resize says of other fields is ignored, and yet owned.
  expect(resize(set)).toEqual(set);
  const status = { ...written, group: 'apps', resource: 'deployments', subresource: 'status' };
  expect(resetFilter(status)(set)).toEqual({
    'f:metadata': { 'f:ownerReferences': {} },
    'f:status': { 'f:phase': {} },
  });
  const custom = { ...written, group: 'example.com', resource: 'widgets', custom: true };
  expect(resetFilter({ ...custom, subresource: 'status' })(set)).toEqual({
    'f:status': { 'f:phase': {} },
  });
});

test('API-305: owners that differ in times only are the same', () => {
  const entry = { manager: 'a', operation: 'Update', apiVersion: 'v1', fieldsV1: keys('x') };
  expect(sameOwners([{ ...entry, time: '1' }], [{ ...entry, time: '2' }])).toBe(true);
  expect(sameOwners([entry], [{ ...entry, fieldsV1: keys('y') }])).toBe(false);
  expect(sameOwners([entry], [])).toBe(false);
});
