import { expect, it } from 'vitest';
import { create, rulesOf, ruleContext } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const GROUP = 'admissionregistration.k8s.io';
const HOOKS = `validatingwebhookconfigurations.${GROUP}`;
const POLICIES = `validatingadmissionpolicies.${GROUP}`;
const MUTATIONS = `mutatingadmissionpolicies.${GROUP}`;
const BINDINGS = `validatingadmissionpolicybindings.${GROUP}`;

const hook = {
  name: 'a.b.c',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  clientConfig: { url: 'https://h/' },
};
const hooksOf = (change: JsonObject) => ({ webhooks: [{ ...hook, ...change }] });
const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
const match = (change: JsonObject = {}) => ({ resourceRules: [{ ...rule, ...change }] });
const policyOf = (spec: JsonObject) => ({ spec: { matchConstraints: match(), ...spec } });

it.each<[string, JsonObject, string[]]>([
  [HOOKS, hooksOf({}), []],
  [
    HOOKS,
    hooksOf({ name: 'a_b.c', admissionReviewVersions: ['v1', 'v1', 'V2'] }),
    [
      'webhooks[0].name: Invalid value: "a_b.c": a lowercase RFC 1123 subdomain must consist of ' +
        "lower case alphanumeric characters, '-' or '.', and must start and end with an " +
        "alphanumeric character (e.g. 'example.com', regex used for validation is " +
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      'webhooks[0].admissionReviewVersions[1]: Invalid value: "v1": duplicate version',
      'webhooks[0].admissionReviewVersions[2]: Invalid value: "V2": a DNS-1035 label must ' +
        "consist of lower case alphanumeric characters or '-', start with an alphabetic " +
        "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', " +
        "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [
    HOOKS,
    hooksOf({ clientConfig: { url: 'http://u:p@h/?q#f' } }),
    [
      'webhooks[0].clientConfig.url: Invalid value: "http": ' +
        "'https' is the only allowed URL scheme; desired format: https://host[/path]",
      'webhooks[0].clientConfig.url: Invalid value: "u:p": ' +
        'user information is not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "f": ' +
        'fragments are not permitted in the URL',
      'webhooks[0].clientConfig.url: Invalid value: "q": ' +
        'query parameters are not permitted in the URL',
    ],
  ],
  [
    HOOKS,
    hooksOf({ clientConfig: { service: { name: '', namespace: 'n', path: '/a//b' } } }),
    [
      'webhooks[0].clientConfig.service.namespace: Required value',
      'webhooks[0].clientConfig.service.path: Invalid value: "/a//b": ' +
        'segment[1] may not be empty',
    ],
  ],
  [
    HOOKS,
    hooksOf({ rules: [{ ...rule, resources: ['pods/*', 'pods/log'] }] }),
    [
      'webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": ' +
        "if 'pods/*' is present, must not specify pods/log",
    ],
  ],
  [
    POLICIES,
    policyOf({ validations: [{ expression: ' ', message: 'a\nb', reason: 'X' }] }),
    [
      'spec.validations[0].expression: Required value: expression is not specified',
      'spec.validations[0].message: Invalid value: "a\\nb": must not contain line breaks',
      'spec.validations[0].reason: Unsupported value: "X": ' +
        'supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
    ],
  ],
  [
    POLICIES,
    policyOf({ paramKind: { apiVersion: 'a/b/c', kind: '1' } }),
    [
      'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      'spec.paramKind.kind: Invalid value: "1": may have mixed case, but should otherwise match: ' +
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with " +
        "an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or " +
        "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      'spec.validations: Required value: ' +
        'validations or auditAnnotations must contain at least one item',
      'spec.auditAnnotations: Required value: ' +
        'validations or auditAnnotations must contain at least one item',
    ],
  ],
  [
    MUTATIONS,
    {
      spec: {
        matchConstraints: match({ operations: ['DELETE'] }),
        mutations: [{ patchType: 'JSONPatch', applyConfiguration: { expression: 'x' } }],
        reinvocationPolicy: 'X',
      },
    },
    [
      'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": ' +
        'supported values: "*", "CONNECT", "CREATE", "UPDATE"',
      'spec.mutations[0].jsonPatch: Required value: ' +
        'must be specified when patchType is JSONPatch',
      'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": ' +
        'must not be specified when patchType is JSONPatch',
      'spec.reinvocationPolicy: Unsupported value: "X": supported values: "IfNeeded", "Never"',
    ],
  ],
  [
    BINDINGS,
    { spec: { policyName: 'p', validationActions: ['Deny', 'Warn', 'Deny'] } },
    [
      'spec.validationActions[2]: Duplicate value: "Deny"',
      'spec.validationActions: Invalid value: ["Deny","Warn","Deny"]: must not contain both Deny ' +
        'and Warn (repeating the same validation failure information in the API response and ' +
        'headers serves no purpose)',
    ],
  ],
])('API-314: a new object of %s: %j', (kind, body, errors) => {
  expect(create(kind, body).errors).toEqual(errors);
});

it('API-407: the generation of a configuration grows with its webhooks', () => {
  const rules = rulesOf(HOOKS);
  const generationOf = (webhooks: JsonObject[], old: JsonObject[]) => {
    const before = create(HOOKS, { webhooks: old }).object;
    const object = create(HOOKS, { webhooks }).object;
    rules.prepareForUpdate(object, before, ruleContext());
    return object.metadata.generation;
  };
  expect(generationOf([hook], [hook])).toBe(1);
  expect(generationOf([{ ...hook, timeoutSeconds: 3 }], [hook])).toBe(2);
  expect(generationOf([], [hook])).toBe(2);
});
