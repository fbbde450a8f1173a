import { expect, it } from 'vitest';
import { create, decoded, ruleContext, rulesOf } from '../kind-rules.fixture.ts';

const GROUP = 'rbac.authorization.k8s.io';
const ROLE = `roles.${GROUP}`;
const CLUSTER_ROLE = `clusterroles.${GROUP}`;
const BINDING = `rolebindings.${GROUP}`;
const CLUSTER_BINDING = `clusterrolebindings.${GROUP}`;
const metadata = { name: 'r' };

function fieldsOf(kind: string, object: object): (string | undefined)[] {
  const own = decoded(kind, { metadata, ...object });
  const rules = rulesOf(kind);
  if (kind === ROLE || kind === BINDING) own.metadata.namespace = 'default';
  rules.applyDefaults(own, ruleContext());
  return rules.validate(own, ruleContext()).map(({ field }) => field);
}

it.each([
  [ROLE, { verbs: [] }, ['verbs', 'apiGroups', 'resources']],
  [ROLE, { verbs: ['get'], nonResourceURLs: ['/x'] }, ['nonResourceURLs']],
  [CLUSTER_ROLE, { verbs: ['get'], nonResourceURLs: ['/x'] }, []],
  [
    CLUSTER_ROLE,
    { verbs: ['get'], nonResourceURLs: ['/x'], resources: ['pods'] },
    ['nonResourceURLs'],
  ],
  [ROLE, { verbs: ['get'], apiGroups: [''], resources: ['pods'] }, []],
])('API-1105: %s with the rule %j', (kind, rule, fields) => {
  const wanted = fields.map((field) => `rules[0].${field}`);
  expect(fieldsOf(kind, { rules: [rule] })).toEqual(wanted);
});

it('API-1105: an aggregation needs well-formed selectors', () => {
  const aggregate = (clusterRoleSelectors: object[]) =>
    fieldsOf(CLUSTER_ROLE, { aggregationRule: { clusterRoleSelectors } });
  expect(aggregate([])).toEqual(['aggregationRule.clusterRoleSelectors']);
  expect(aggregate([{ matchLabels: { a: 'b' } }])).toEqual([]);
  expect(aggregate([{ matchLabels: { 'a b': 'c' } }])).toHaveLength(2);
});

it('API-1105: a binding names a role of a kind it may bind, and subjects that can be', () => {
  const roleRef = { kind: 'Role', name: 'r' };
  expect(fieldsOf(BINDING, { roleRef })).toEqual([]);
  expect(fieldsOf(CLUSTER_BINDING, { roleRef })).toEqual(['roleRef.kind']);
  expect(fieldsOf(BINDING, { roleRef: { kind: 'Role', name: 'a/b' } })).toEqual(['roleRef.name']);
  const subjects = [
    { kind: 'ServiceAccount', name: 's' },
    { kind: 'ServiceAccount', name: 's', apiGroup: GROUP },
    { kind: 'User', name: '', apiGroup: 'x' },
    { kind: 'Group', name: 'g' },
  ];
  const wanted = ['subjects[1].apiGroup', 'subjects[2].name', 'subjects[2].apiGroup'];
  expect(fieldsOf(BINDING, { roleRef, subjects })).toEqual(wanted);
  const ofCluster = { roleRef: { kind: 'ClusterRole', name: 'r' }, subjects: [subjects[0]] };
  expect(fieldsOf(CLUSTER_BINDING, ofCluster)).toEqual(['subjects[0].namespace']);
});

it('API-923: bindings get the RBAC group where it is left out', () => {
  const { object } = create(BINDING, {
    metadata,
    roleRef: { kind: 'Role', name: 'r' },
    subjects: [
      { kind: 'User', name: 'u' },
      { kind: 'ServiceAccount', name: 's' },
    ],
  });
  expect(object).toMatchObject({
    roleRef: { apiGroup: GROUP },
    subjects: [{ apiGroup: GROUP }, { kind: 'ServiceAccount', name: 's' }],
  });
});

it('API-1105: what a binding grants never changes', () => {
  const rules = rulesOf(BINDING);
  const binding = (name: string) => {
    const object = decoded(BINDING, { metadata, roleRef: { kind: 'Role', name } });
    rules.applyDefaults(object, ruleContext());
    return object;
  };
  const causes = rules.validateUpdate(binding('b'), binding('a'), ruleContext());
  expect(causes.map(({ message }) => message)).toContain(
    'Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: ' +
      'cannot change roleRef',
  );
});
