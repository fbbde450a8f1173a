import { expect, test } from 'vitest';
import { zeroMembers } from './zero-object.ts';

test.each([
  ['ConfigMap', {}],
  ['Pod', { spec: { containers: null }, status: {} }],
  [
    'StatefulSet',
    {
      spec: {
        selector: null,
        serviceName: '',
        template: { metadata: {}, spec: { containers: null } },
        updateStrategy: {},
      },
      status: { replicas: 0, availableReplicas: 0 },
    },
  ],
])('API-509: a %s of which nothing is known', (type, members) => {
  expect(zeroMembers(type)).toEqual(members);
});
