import { describe, expect, test } from 'vitest';
import type { ConfigMap, Secret } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';
import { jsonSyntaxError } from './json-syntax-error.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('config maps', () => {
  const errorsOf = (body: JsonObject) => create('configmaps', body).errors;

  test('keys are file names, and stand in one of data and binaryData', () => {
    expect(errorsOf({ data: { '..': '' } })).toEqual([
      `data[..]: Invalid value: "..": must not be '..'`,
    ]);
    expect(errorsOf({ data: { a: '1' }, binaryData: { a: 'AA==' } })).toEqual([
      'data[a]: Invalid value: "a": duplicate of key present in binaryData',
    ]);
  });

  test('API-111: one mebibyte in total', () => {
    expect(errorsOf({ data: { a: 'x'.repeat(1024 * 1024) } })).toEqual([]);
    expect(errorsOf({ data: { a: 'x'.repeat(1024 * 1024), b: 'x' } })).toEqual([
      '[]: Too long: may not be more than 1048576 bytes',
    ]);
  });

  test('API-925: what is immutable stays', () => {
    const body = { data: { a: '1' }, immutable: true };
    const change = (edit: (configMap: ConfigMap) => void) =>
      update<ConfigMap>('configmaps', body, edit).errors;
    const message = 'Forbidden: field is immutable when `immutable` is set';
    expect(change(({ data }) => (data!['a'] = '2'))).toEqual([`data: ${message}`]);
    expect(change((configMap) => delete configMap.immutable)).toEqual([`immutable: ${message}`]);
    expect(change(({ metadata }) => (metadata.labels = { a: 'b' }))).toEqual([]);
  });
});

describe('secrets', () => {
  const errorsOf = (body: JsonObject) => create('secrets', body).errors;

  test('API-926: stringData becomes data', () => {
    const { object } = create<Secret>('secrets', {
      data: { a: base64('old') },
      stringData: { a: 'new', b: 'ä' },
    });
    expect(object).toMatchObject({ type: 'Opaque', data: { a: base64('new'), b: base64('ä') } });
    expect(object).not.toHaveProperty('stringData');
  });

  test('types have their keys', () => {
    expect(errorsOf({ type: 'kubernetes.io/tls' })).toEqual([
      'data[tls.crt]: Required value',
      'data[tls.key]: Required value',
    ]);
    expect(errorsOf({ type: 'kubernetes.io/service-account-token' })).toEqual([
      'metadata.annotations[kubernetes.io/service-account.name]: Required value',
    ]);
    expect(
      errorsOf({
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': base64('x') },
      }),
    ).toEqual([
      'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": ' +
        "invalid character 'x' looking for beginning of value",
    ]);
    expect(errorsOf({ type: 'toString' })).toEqual([]);
  });

  test('API-925: the type does not change; left out it stays', () => {
    const change = (edit: (secret: Secret) => void) =>
      update<Secret>('secrets', { type: 'example.com/a' }, edit);
    expect(change((secret) => (secret.type = 'example.com/b')).errors).toEqual([
      'type: Invalid value: "example.com/b": field is immutable',
    ]);
  });
});

describe('jsonSyntaxError', () => {
  test.each([
    ['{}', undefined],
    ['', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    [' x', "invalid character 'x' looking for beginning of value"],
    ['{} y', "invalid character 'y' after top-level value"],
  ])('%s', (text, expected) => {
    expect(jsonSyntaxError(text)).toBe(expected);
  });
});
