import { describe, expect, it } from 'vitest';
import { builtinResources } from '../resources.ts';
import { alwaysPresent } from './go-shape.ts';
import {
  associativeLists,
  atomicMaps,
  mergeRule,
  retainKeysFields,
  setLists,
} from './merge-keys.ts';
import { builtinTypes, createTypeModel, type FieldModel } from './type-model.ts';

function field(path: string): FieldModel | undefined {
  const [type = '', name = ''] = path.split('.');
  return builtinTypes.type(type)?.fields.get(name);
}

describe('the type model', () => {
  it('knows the type of every served resource', () => {
    for (const { model, kind } of builtinResources) {
      expect(builtinTypes.type(model)?.fields.has('metadata'), kind).toBe(true);
    }
    expect(builtinTypes.type('Nothing')).toBeUndefined();
    expect(builtinTypes.type('constructor')).toBeUndefined();
  });

  it('reads types and required members', () => {
    const model = createTypeModel({ T: { a: '[]{}int32!', b: 'U' } });
    expect(model.type('T')?.fields.get('a')).toEqual({
      name: 'a',
      required: true,
      type: { form: 'list', item: { form: 'map', value: { form: 'scalar', scalar: 'int32' } } },
    });
    expect(model.type('T')?.fields.get('b')?.type).toEqual({ form: 'object', name: 'U' });
  });
});

describe('the overlays', () => {
  it('API-620: name fields the model has, and keys their items have', () => {
    for (const [path, keys] of associativeLists) {
      const type = field(path)?.type;
      expect(type?.form, path).toBe('list');
      if (type?.form !== 'list' || type.item.form !== 'object') continue;
      for (const key of keys) expect(field(`${type.item.name}.${key}`), path).toBeDefined();
    }
    for (const path of [...retainKeysFields, ...atomicMaps])
      expect(field(path), path).toBeDefined();
    expect([...setLists].filter((path) => field(path)?.type.form !== 'list')).toEqual([]);
  });

  it('API-620: merge keys', () => {
    expect(mergeRule('Container', 'ports')).toEqual({ strategy: 'merge', key: 'containerPort' });
    expect(mergeRule('ObjectMeta', 'finalizers')).toEqual({ strategy: 'merge', key: '' });
    expect(mergeRule('StatefulSetSpec', 'volumeClaimTemplates')).toBeUndefined();
    expect(mergeRule('PodDisruptionBudgetSpec', 'selector')?.strategy).toBe('replace');
  });

  it('API-307: members always present are members of their types', () => {
    for (const name of builtinTypes.names) {
      for (const [member] of alwaysPresent(name))
        expect(field(`${name}.${member}`), name).toBeDefined();
    }
  });
});
