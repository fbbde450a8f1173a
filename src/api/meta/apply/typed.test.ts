// Walks over typed values: comparing, merging, naming and removing fields, checking.
import { describe, expect, test } from 'vitest';
import type { Json } from '../object.ts';
import { builtinSchema, emptyObject } from './builtin-schema.ts';
import { compareTyped } from './compare.ts';
import { fieldPathText, fieldPaths, fieldSetOf } from './field-set.ts';
import { TypedValueError } from './list-items.ts';
import { mergeTyped } from './merge.ts';
import { fieldsOf, removeFields } from './typed-fields.ts';
import { anyValue } from './type-schema.ts';
import { validateTyped } from './validate-typed.ts';

const pod = builtinSchema('Pod');
const configMap = builtinSchema('ConfigMap');

const podOf = (spec: Json) => ({ apiVersion: 'v1', kind: 'Pod', spec });
const container = (name: string, more: object = {}) => ({ name, image: name, ...more });
const paths = (set: object) => fieldPaths(set as never).map(fieldPathText);

function changes(left: Json, right: Json, schema = pod) {
  const { removed, modified, added } = compareTyped(schema, left, right);
  return { removed: paths(removed), modified: paths(modified), added: paths(added) };
}

function merged(live: Json, applied: Json): Json {
  return mergeTyped(pod, podOf(live), podOf(applied)) as Json;
}

const names = (value: Json) =>
  (value as { spec: { containers: { name: string }[] } }).spec.containers.map(({ name }) => name);
const specOf = (...list: string[]) => ({ containers: list.map((name) => container(name)) });

describe('compareTyped', () => {
  test('API-645: changed leaves, added and removed items', () => {
    const left = podOf({ hostname: 'a', containers: [container('a'), container('b')] });
    const right = podOf({ hostname: 'b', containers: [container('a'), container('c')] });
    expect(changes(left, right)).toEqual({
      modified: ['.spec.hostname'],
      removed: [
        '.spec.containers[name="b"]',
        '.spec.containers[name="b"].image',
        '.spec.containers[name="b"].name',
      ],
      added: [
        '.spec.containers[name="c"]',
        '.spec.containers[name="c"].image',
        '.spec.containers[name="c"].name',
      ],
    });
  });

  test('API-651: atomic lists and maps change as a whole', () => {
    const left = podOf({ nodeSelector: { a: '1' }, tolerations: [{ key: 'a' }] });
    const right = podOf({ nodeSelector: { b: '1' }, tolerations: [{ key: 'b' }] });
    expect(changes(left, right).modified).toEqual(['.spec.nodeSelector', '.spec.tolerations']);
  });

  test('API-651: an absent protocol is the default one', () => {
    const ports = (...list: object[]) =>
      podOf({ containers: [{ name: 'c', ports: list }] } as Json);
    const { added, modified, removed } = changes(
      ports({ containerPort: 80 }),
      ports({ containerPort: 80, protocol: 'TCP' }),
    );
    const port = '.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"]';
    expect({ added, modified, removed }).toEqual({
      added: [`${port}.protocol`],
      modified: [],
      removed: [],
    });
  });

  test('duplicates of an item count as one value', () => {
    const env = (...values: string[]) =>
      podOf({ containers: [{ name: 'c', env: values.map((value) => ({ name: 'A', value })) }] });
    const item = '.spec.containers[name="c"].env[name="A"]';
    expect(changes(env('1', '2'), env('1', '3')).modified).toEqual([item]);
    expect(changes(env('1'), env('1', '2'))).toMatchObject({ added: [item] });
    expect(changes(env('1', '2'), env('1'))).toEqual({
      added: [item, `${item}.name`, `${item}.value`],
      modified: [],
      removed: [item],
    });
  });

  test('names of members that every object inherits are ordinary keys', () => {
    const data = (text: string) => JSON.parse(text) as Json;
    const left = data('{"data":{"constructor":"1","__proto__":"1"}}');
    const right = data('{"data":{"toString":"1","__proto__":"2"}}');
    expect(changes(left, right, configMap)).toEqual({
      removed: ['.data.constructor'],
      modified: ['.data.__proto__'],
      added: ['.data.toString'],
    });
  });

  test('API-645: what a create sets is measured against the empty object', () => {
    const set = { ...emptyObject('StatefulSet'), spec: { serviceName: 's', replicas: 1 } };
    const { added, modified } = compareTyped(
      builtinSchema('StatefulSet'),
      emptyObject('StatefulSet'),
      set as never,
    );
    expect(paths(added)).toEqual(['.spec.replicas']);
    expect(paths(modified)).toEqual(['.spec.serviceName']);
  });
});

describe('mergeTyped', () => {
  test('API-651: items of the configuration come in its order, the others keep their place', () => {
    expect(names(merged(specOf('a', 'b', 'c'), specOf('c', 'a')))).toEqual(['b', 'c', 'a']);
    expect(names(merged(specOf('a', 'c'), specOf('a', 'b', 'c')))).toEqual(['a', 'b', 'c']);
    expect(names(merged(specOf('s', 'a'), specOf('n')))).toEqual(['s', 'a', 'n']);
    expect(names(merged(specOf('a', 'b', 'c', 'd'), specOf('d', 'b', 'x')))).toEqual([
      'a',
      'c',
      'd',
      'b',
      'x',
    ]);
  });

  test('API-644: what is not mentioned stays, null of a map changes nothing', () => {
    const live = { hostname: 'h', nodeSelector: { a: '1' }, containers: [container('a')] };
    const applied = { nodeSelector: { b: '1' }, containers: null };
    expect(merged(live, applied)).toEqual(
      podOf({ hostname: 'h', nodeSelector: { b: '1' }, containers: [container('a')] }),
    );
  });

  test('sets are joined, atomic lists replaced', () => {
    const of = (finalizers: string[], args: string[]) => ({
      metadata: { finalizers },
      spec: { containers: [container('a', { args })] },
    });
    expect(mergeTyped(pod, of(['a', 'b'], ['1']), of(['b', 'c'], ['2']))).toEqual(
      of(['a', 'b', 'c'], ['2']),
    );
  });
});

describe('fieldsOf and removeFields', () => {
  test('API-642: leaves, items and empty maps are fields; parents are not', () => {
    const value = podOf({ securityContext: {}, containers: [container('a', { env: [] })] });
    expect(paths(fieldsOf(pod, value))).toEqual([
      '.apiVersion',
      '.kind',
      '.spec.securityContext',
      '.spec.containers[name="a"]',
      '.spec.containers[name="a"].image',
      '.spec.containers[name="a"].name',
    ]);
  });

  test('removing an item and the last member of a map', () => {
    const value = { metadata: { labels: { a: '1' } }, ...podOf(specOf('a', 'b')) };
    const gone = fieldSetOf(
      ['f:metadata', 'f:labels', 'f:a'],
      ['f:spec', 'f:containers', 'k:{"name":"a"}'],
    );
    expect(removeFields(pod, value, gone)).toEqual({
      ...podOf(specOf('b')),
      metadata: { labels: {} },
    });
  });
});

describe('validateTyped', () => {
  const complaint = (value: Json, schema = pod) => {
    try {
      validateTyped(schema, value);
      return '';
    } catch (error) {
      expect(error).toBeInstanceOf(TypedValueError);
      return (error as Error).message;
    }
  };

  test('API-640: unknown members, wrong forms, duplicates', () => {
    expect(complaint(podOf(specOf('a')))).toBe('');
    expect(complaint(podOf({ replicaz: 1 }))).toBe('.spec.replicaz: field not declared in schema');
    expect(complaint(podOf({ containers: [container('a'), container('a')] }))).toBe(
      '.spec.containers: duplicate entries for key [name="a"]',
    );
    // A required key counts as empty; that an optional one is missing shows at once.
    expect(complaint(podOf({ containers: [{ image: 'x' }] }))).toBe('');
    expect(complaint({ secrets: [{ kind: 'x' }] }, builtinSchema('ServiceAccount'))).toBe(
      '.secrets: element 0: associative list with keys has an element that omits all ' +
        'key fields ["name"] (and doesn\'t have default values for any key fields)',
    );
    expect(complaint(podOf({ hostname: 1, priority: 'x' }))).toBe(
      'errors:\n' +
        '  .spec.hostname: expected string, got &value.valueUnstructured{Value:1}\n' +
        '  .spec.priority: expected numeric (int or float), got string',
    );
    expect(complaint(podOf({ hostNetwork: 'yes' }))).toBe(
      '.spec.hostNetwork: expected boolean, got &{yes}',
    );
    expect(complaint({ ...podOf({}), metadata: { labels: ['a'] } })).toBe(
      '.metadata.labels: expected map, got &{[a]}',
    );
  });

  test('quantities may be numbers, any value may be anything', () => {
    const resources = { requests: { cpu: 1 } };
    expect(complaint(podOf({ containers: [container('a', { resources })] } as Json))).toBe('');
    expect(complaint({ a: [{ b: 1 }] }, anyValue)).toBe('');
  });
});
