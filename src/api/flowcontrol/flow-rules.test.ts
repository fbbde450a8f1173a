import { expect, it } from 'vitest';
import { create } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const SCHEMAS = 'flowschemas.flowcontrol.apiserver.k8s.io';
const LEVELS = 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io';

const schemaOf = (...rules: JsonObject[]) => ({
  spec: { priorityLevelConfiguration: { name: 'p' }, rules },
});
const user = { kind: 'User', user: { name: 'u' } };
const queueOf = (queuing: JsonObject) => ({
  spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing } } },
});

it.each<[string, JsonObject, string[]]>([
  [SCHEMAS, schemaOf(), []],
  [
    SCHEMAS,
    { spec: { matchingPrecedence: 1, distinguisherMethod: { type: 'X' } } },
    [
      'spec.matchingPrecedence: Invalid value: 1: ' +
        "only the schema named 'exempt' may have matchingPrecedence 1",
      'spec.distinguisherMethod.type: Unsupported value: {"Type":"X"}: ' +
        'supported values: "ByNamespace", "ByUser"',
      'spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
    ],
  ],
  [
    SCHEMAS,
    schemaOf({ subjects: [{ ...user, group: { name: 'g' } }] }),
    [
      'spec.rules[0].subjects[0].group: Forbidden: ' +
        "group is forbidden when subject kind is not 'Group'",
      'spec.rules[0]: Required value: ' +
        'at least one of resourceRules and nonResourceRules has to be non-empty',
    ],
  ],
  [
    SCHEMAS,
    schemaOf({
      subjects: [user],
      nonResourceRules: [{ verbs: ['*', 'get'], nonResourceURLs: ['/a//b'] }],
    }),
    [
      'spec.rules[0].nonResourceRules[0].verbs: Invalid value: ["*","get"]: ' +
        "if '*' is present, must not specify other verbs",
      'spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "/a//b": ' +
        'must not contain double slash',
    ],
  ],
  [
    LEVELS,
    { spec: { type: 'Exempt' } },
    ['spec.type: Invalid value: "Exempt": ' + "must be 'Exempt' if and only if `name` is 'exempt'"],
  ],
  [LEVELS, queueOf({}), []],
  [
    LEVELS,
    queueOf({ queues: 1024, handSize: 10 }),
    [
      'spec.limited.limitResponse.queuing.handSize: Invalid value: 10: required entropy bits of ' +
        'deckSize 1024 and handSize 10 should not be greater than 60',
    ],
  ],
])('API-314: a new object of %s: %j', (kind, body, errors) => {
  expect(create(kind, body).errors).toEqual(errors);
});

it('API-923: flow schemas and priority levels get defaults', () => {
  expect(create(SCHEMAS, schemaOf()).object).toMatchObject({ spec: { matchingPrecedence: 1000 } });
  expect(create(LEVELS, queueOf({})).object).toMatchObject({
    spec: {
      limited: {
        nominalConcurrencyShares: 30,
        lendablePercent: 0,
        limitResponse: { queuing: { handSize: 8, queues: 64, queueLengthLimit: 50 } },
      },
    },
  });
});
