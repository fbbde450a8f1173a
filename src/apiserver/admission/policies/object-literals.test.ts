import { expect, test } from 'vitest';
import { objectsAsMaps } from './object-literals.ts';

test.each([
  [
    'Object{spec: Object.spec{replicas: 3, paused: true}}',
    '{"spec": {"replicas": 3, "paused": true}}',
  ],
  [
    '[JSONPatch{op: "add", path: "/a", value: {"k": 1}}]',
    '[{"op": "add", "path": "/a", "value": {"k": 1}}]',
  ],
  ['Object{}', '{}'],
  ['Object{metadata: Object.metadata{app__dash__name: "x"}}', '{"metadata": {"app-name": "x"}}'],
  [
    'Object{spec: object.spec.x ? f(a, b) : c, other: 1}',
    '{"spec": object.spec.x ? f(a, b) : c, "other": 1}',
  ],
  ['Object{list: [1, 2], last: 3}', '{"list": [1, 2], "last": 3}'],
  ["'Object{a: 1}' + myObject.name", "'Object{a: 1}' + myObject.name"],
  ['{"Object": object}', '{"Object": object}'],
  ['Object{?spec: optional.none()}', '{?"spec": optional.none()}'],
])('API-931: %s becomes %s', (expression, maps) => {
  expect(objectsAsMaps(expression)).toBe(maps);
});
