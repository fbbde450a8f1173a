import { expect, it } from 'vitest';
import { create } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const KIND = 'runtimeclasses.node.k8s.io';
const toleration = { key: 'k', operator: 'Exists' };

it.each<[JsonObject, string[]]>([
  [{ handler: 'h' }, []],
  [{ handler: '' }, ['handler: Required value']],
  [
    { handler: 'h', overhead: { podFixed: { cpu: '-1' } } },
    ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    { handler: 'h', scheduling: { tolerations: [toleration, toleration] } },
    [
      'scheduling.tolerations[1]: Duplicate value: {"Key":"k","Operator":"Exists","Value":"",' +
        '"Effect":"","TolerationSeconds":null}',
    ],
  ],
])('API-314: a new runtime class %j', (body, errors) => {
  expect(create(KIND, body).errors).toEqual(errors);
});

it('API-314: old labels of nodes are warned about', () => {
  const scheduling = { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } };
  expect(create(KIND, { handler: 'h', scheduling }).warnings).toEqual([
    'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead',
  ]);
});
