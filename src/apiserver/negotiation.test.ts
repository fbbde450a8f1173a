import { expect, test } from 'vitest';
import { errorFormat, mediaType, negotiate } from './negotiation.ts';
import { encodeYaml } from './yaml-writer.ts';

const TABLE = 'as=Table;v=v1;g=meta.k8s.io';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const ONLY = 'only the following media types are accepted';

const form = (accept: string, options = {}) => {
  const { format, transform } = negotiate(accept, options);
  return transform ? `${format} ${transform.kind}` : format;
};

test.each([
  ['', 'json'],
  ['*/*', 'json'],
  ['*', 'json', 'custom'],
  ['application/yaml', 'yaml'],
  ['application/json;q=0.5,application/yaml', 'yaml'],
  ['*/*, application/yaml;q=0.1', 'yaml'],
  ['application/json;stream=watch', 'json'],
  ['application/json;stream=other,application/yaml', 'yaml'],
  [PROTOBUF, 'json'],
  [`${PROTOBUF};${TABLE},application/yaml`, 'yaml'],
  [`application/json;${TABLE},application/json`, 'json Table'],
  [`application/yaml;${TABLE}`, 'yaml Table'],
  ['application/json;as=Chart;v=v1;g=meta.k8s.io,application/yaml', 'yaml'],
  ['application/*', 'json', 'custom'],
])('API-105: Accept %s', (accept, expected, route = 'object') => {
  expect(form(accept, { route })).toBe(expected);
});

test.each([
  ['text/html', '406: Not Acceptable'],
  ['application/*', '406: Not Acceptable'],
  ['APPLICATION/JSON', '406: Not Acceptable'],
  ['application/json;stream=other', ONLY],
  ['application/json;v=v1', ONLY],
  ['application/json;sv=v2', ONLY],
  [`${PROTOBUF};${TABLE}`, ONLY],
])('API-324: Accept %s is refused', (accept, text) => {
  expect(() => form(accept)).toThrow(text);
});

test('API-324: lists offer their streams, custom resources no protobuf', () => {
  const streams = `application/json;stream=watch, ${PROTOBUF};stream=watch`;
  expect(() => form('text/html', { route: 'collection' })).toThrow(`${PROTOBUF}, ${streams}`);
  expect(() => form('application/yaml', { stream: true })).toThrow(`${ONLY}: ${streams}`);
  expect(() => form(PROTOBUF, { route: 'custom' })).toThrow(ONLY);
  expect(() => form('text/html', { route: 'custom' })).toThrow(ONLY);
});

test('API-105: what is only answered, not stored, has no table', () => {
  const table = `application/json;${TABLE}`;
  expect(() => form(table, { route: 'answer' })).toThrow(ONLY);
  expect(form(`${table},application/json`, { route: 'answer' })).toBe('json');
});

test('API-105: an error is YAML for who asks for that', () => {
  const accepts = ['application/yaml', 'text/html', `application/yaml;${TABLE}`, undefined];
  expect(accepts.map(errorFormat)).toEqual(['yaml', 'json', 'json', 'json']);
});

test.each([
  ['application/json;charset=utf-8', 'application/json'],
  ['Application/JSON; charset="utf-8";', 'application/json'],
  ['application/json;q', 'malformed'],
  [';', 'malformed'],
  ['a b', 'malformed'],
  [undefined, ''],
])('API-103: Content-Type %s', (header, type) => {
  expect(mediaType(header)).toBe(type);
});

test('API-105: YAML as Go writes it', () => {
  const object = {
    kind: 'ConfigMap',
    data: { b: 'true', a: '1', t: '2026-01-01T00:00:00Z', text: 'two\nlines\n', e: '' },
    list: [{ z: 1, y: null }, 'plain'],
    none: {},
    point: { '.': '.', f: '1.5', g: '.5' },
  };
  expect(encodeYaml(object)).toBe(`data:
  a: "1"
  b: "true"
  e: ""
  t: "2026-01-01T00:00:00Z"
  text: |
    two
    lines
kind: ConfigMap
list:
- "y": null
  z: 1
- plain
none: {}
point:
  .: .
  f: "1.5"
  g: ".5"
`);
});
