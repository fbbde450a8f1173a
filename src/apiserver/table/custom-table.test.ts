import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { customScaleTable, customTable } from './custom-table.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

function cell(type: string, spec: object): unknown {
  const table = customTable({ columns: [{ name: 'C', type, jsonPath: '.spec.x' }] });
  return table.cells({ metadata: { name: 'w' }, spec } as unknown as KubernetesObject, NOW_MS)[1];
}

test.each<[string, unknown, unknown]>([
  ['string', 'a', 'a'],
  ['string', 5, '5'],
  ['string', true, 'true'],
  ['string', { z: 1, a: 2 }, '{"a":2,"z":1}'],
  ['string', null, '<no value>'],
  ['integer', 3, 3],
  ['integer', 'a', null],
  ['number', 1.5, 1.5],
  ['boolean', true, true],
  ['boolean', 'true', null],
  ['date', '2025-12-31T23:59:30Z', '30s'],
  ['date', '2025-12-31', '<invalid>'],
  ['date', 'bad', '<invalid>'],
  ['date', '', '<unknown>'],
  ['date', 5, null],
])('API-801: a column of type %s shows %j', (type, x, expected) => {
  expect(cell(type, { x })).toBe(expected);
});

test('API-801: what is not there, and the first of many', () => {
  expect(cell('string', {})).toBeNull();
  const columns = [{ name: 'C', type: 'string', jsonPath: '.spec.l[*]' }];
  const object = { metadata: { name: 'w' }, spec: { l: ['a', 'b'] } };
  const table = customTable({ columns });
  expect(table.cells(object as unknown as KubernetesObject, NOW_MS)).toEqual(['w', 'a']);
});

test('API-801: the scale of a custom resource', () => {
  expect(customScaleTable.columns.map(({ name }) => name)).toEqual([
    'Name',
    'Desired',
    'Available',
    'Age',
  ]);
});
