import { expect, it } from 'vitest';
import type { ClusterRole, PolicyRule } from '../../../api/generated/types.ts';
import { gatherRules } from './gather-rules.ts';

const rule = (resource: string): PolicyRule => ({
  apiGroups: [''],
  resources: [resource],
  verbs: ['get'],
});

const role = (name: string, into: string[], rules: PolicyRule[] = []): ClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels: Object.fromEntries(into.map((label) => [label, 'true'])) },
  rules,
});

const gathering = (name: string, labels: string[], rules: PolicyRule[] = []): ClusterRole => ({
  ...role(name, [], rules),
  aggregationRule: {
    clusterRoleSelectors: labels.map((label) => ({ matchLabels: { [label]: 'true' } })),
  },
});

it('API-1105: gathers the rules of all selectors in order of names, each once', () => {
  const all = [
    role('b', ['view'], [rule('pods'), rule('services')]),
    role('a', ['view', 'edit'], [rule('secrets')]),
    role('c', ['edit'], [rule('pods'), rule('nodes')]),
    role('d', [], [rule('events')]),
  ];
  const wanted = ['secrets', 'pods', 'services', 'nodes'].map(rule);
  expect(gatherRules(gathering('all', ['view', 'edit']), all)).toEqual(wanted);
});

it('API-1105: never gathers its own rules, and drops what no other role grants', () => {
  const self = { ...gathering('self', ['view'], [rule('pods')]) };
  self.metadata = { ...self.metadata, labels: { view: 'true' } };
  expect(gatherRules(self, [self])).toEqual([]);
});

it('API-1105: leaves roles alone that gather nothing or have the rules already', () => {
  const source = role('source', ['view'], [rule('pods')]);
  expect(gatherRules(source, [source])).toBeUndefined();
  expect(gatherRules(gathering('x', ['view'], [rule('pods')]), [source])).toBeUndefined();
});
