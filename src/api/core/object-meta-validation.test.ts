import { describe, expect, test } from 'vitest';
import { create, update } from '../kind-rules.fixture.ts';
import type { ConfigMap } from '../generated/types.ts';
import type { JsonObject } from '../meta/object.ts';

const errorsOf = (metadata: JsonObject) => create('configmaps', { metadata }).errors;

describe('metadata of a new object', () => {
  test('API-410: a name is a subdomain of at most 253 characters', () => {
    expect(errorsOf({ name: 'a'.repeat(254) })).toEqual([
      `metadata.name: Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`,
    ]);
    expect(errorsOf({ name: 'a/b' })[0]).toMatch(/^metadata.name: .* a lowercase RFC 1123 subdom/);
    expect(errorsOf({ name: 'a.b-c' })).toEqual([]);
  });

  test('API-405: generateName may end in a dash', () => {
    expect(errorsOf({ name: 'a-x', generateName: 'a-' })).toEqual([]);
    expect(errorsOf({ name: 'x', generateName: 'A' })[0]).toMatch(/^metadata.generateName: Inval/);
  });

  test('API-410: keys of labels and annotations are qualified, label values at most 63', () => {
    expect(errorsOf({ labels: { 'a b': 'c' } })[0]).toMatch(
      /^metadata.labels: Invalid value: "a b": name part must consist of alphanumeric/,
    );
    expect(errorsOf({ labels: { a: 'v'.repeat(64) } })).toEqual([
      `metadata.labels: Invalid value: "${'v'.repeat(64)}": must be no more than 63 bytes`,
    ]);
    expect(errorsOf({ annotations: { Mixed: 'any text at all' } })).toEqual([]);
  });

  test('API-111: annotations hold 256 KiB in total', () => {
    expect(errorsOf({ annotations: { a: 'x'.repeat(256 * 1024) } })).toEqual([
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ]);
  });

  test('API-408: finalizers are qualified or well known, two exclude each other', () => {
    expect(errorsOf({ finalizers: ['example.com/a', 'orphan', 'foregroundDeletion'] })).toEqual([
      'metadata.finalizers: Invalid value: ["example.com/a","orphan","foregroundDeletion"]: ' +
        'finalizer orphan and foregroundDeletion cannot be both set',
    ]);
    expect(errorsOf({ finalizers: ['short'] })).toEqual([
      'metadata.finalizers[0]: Invalid value: "short": ' +
        'name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });

  test('API-409: an owner reference is complete, and one controls', () => {
    expect(errorsOf({ ownerReferences: [{}] })).toEqual([
      'metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty',
      'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
      'metadata.ownerReferences.name: Invalid value: "": must not be empty',
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ]);
    const owner = (name: string) => ({
      apiVersion: 'v1',
      kind: 'X',
      name,
      uid: name,
      controller: true,
    });
    expect(errorsOf({ ownerReferences: [owner('a'), owner('b')] })[0]).toMatch(
      /Only one reference can have Controller set to true. Found "true" in references for X\/a and/,
    );
  });

  test('API-407: what only the server sets is dropped', () => {
    const metadata = { deletionTimestamp: '2020-01-01T00:00:00Z', deletionGracePeriodSeconds: 3 };
    const { object } = create('configmaps', { metadata });
    expect(object.metadata).toEqual({ name: 'x', namespace: 'ns' });
  });
});

describe('metadata of a changed object', () => {
  const change = (edit: (configMap: ConfigMap) => void, old?: (configMap: ConfigMap) => void) =>
    update<ConfigMap>('configmaps', {}, edit, old === undefined ? {} : { old });

  test('API-306: a uid is immutable, and reported by both rounds of checks', () => {
    const message = 'metadata.uid: Invalid value: "v": field is immutable';
    expect(change(({ metadata }) => (metadata.uid = 'v')).errors).toEqual([message, message]);
  });

  test('API-306: uid and creation time left out are those stored', () => {
    const { object, errors } = change(({ metadata }) => {
      delete metadata.uid;
      metadata.creationTimestamp = '2000-01-01T00:00:00Z';
    });
    expect(errors).toEqual([]);
    expect(object.metadata).toMatchObject({ uid: 'u', creationTimestamp: '2026-01-02T03:04:05Z' });
  });

  test('a wrong label is reported four times, as upstream does', () => {
    const { errors } = change(({ metadata }) => (metadata.labels = { a: 'not ok' }));
    expect(errors).toHaveLength(4);
  });

  test('API-407, API-408: a deletion cannot be undone nor get new finalizers', () => {
    const deleted = ({ metadata }: ConfigMap) => {
      metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
      metadata.deletionGracePeriodSeconds = 0;
      metadata.finalizers = ['a.b/c'];
    };
    const { object, errors } = change(({ metadata }) => {
      delete metadata.deletionTimestamp;
      delete metadata.deletionGracePeriodSeconds;
      metadata.finalizers = ['a.b/d'];
    }, deleted);
    expect(object.metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    expect(errors[0]).toBe(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being ' +
        'deleted, found new finalizers []string{"a.b/d"}',
    );
    expect(change(({ metadata }) => delete metadata.finalizers, deleted).errors).toEqual([]);
  });
});
