import { describe, expect, test } from 'vitest';
import { create, decoded, ruleContext, rulesOf } from './kind-rules.fixture.ts';
import { kindRules, rulesFor } from './kind-rules.ts';
import { builtinResources, type ResourceDefinition } from './resources.ts';

const names = builtinResources
  .filter((resource) => rulesFor(resource) === kindRules.get(nameOf(resource)))
  .map(nameOf);

function nameOf({ group, resource }: ResourceDefinition): string {
  return group === '' ? resource : `${resource}.${group}`;
}

describe('kindRules', () => {
  test('every served resource has rules, and nothing else has', () => {
    expect(new Set(builtinResources.map(rulesFor))).toEqual(new Set(kindRules.values()));
  });

  test('API-301: PUT creates objects of these kinds only', () => {
    const creating = names.filter((name) => rulesOf(name).createOnUpdate);
    expect(creating.sort()).toEqual([
      'clusterrolebindings.rbac.authorization.k8s.io',
      'clusterroles.rbac.authorization.k8s.io',
      'endpoints',
      'events',
      'events.events.k8s.io',
      'leases.coordination.k8s.io',
      'limitranges',
      'rolebindings.rbac.authorization.k8s.io',
      'roles.rbac.authorization.k8s.io',
      'runtimeclasses.node.k8s.io',
      'services',
    ]);
  });

  test('API-304: objects of these kinds need a resourceVersion on PUT', () => {
    const strict = names.filter((name) => !rulesOf(name).unconditionalUpdate);
    expect(strict.sort()).toEqual([
      'apiservices.apiregistration.k8s.io',
      'csidrivers.storage.k8s.io',
      'csinodes.storage.k8s.io',
      'csistoragecapacities.storage.k8s.io',
      'customresourcedefinitions.apiextensions.k8s.io',
      'leases.coordination.k8s.io',
      'mutatingadmissionpolicies.admissionregistration.k8s.io',
      'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
      'mutatingwebhookconfigurations.admissionregistration.k8s.io',
      'poddisruptionbudgets.policy',
      'runtimeclasses.node.k8s.io',
      'validatingadmissionpolicies.admissionregistration.k8s.io',
      'validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'validatingwebhookconfigurations.admissionregistration.k8s.io',
      'volumeattachments.storage.k8s.io',
    ]);
  });

  test('API-404: kinds with a generation start at 1, whatever the client sent', () => {
    const metadata = { generation: 9 };
    const withGeneration = names.filter((name) => rulesOf(name).generation);
    expect(withGeneration.sort()).toEqual([
      'cronjobs.batch',
      'customresourcedefinitions.apiextensions.k8s.io',
      'daemonsets.apps',
      'deployments.apps',
      'endpointslices.discovery.k8s.io',
      'flowschemas.flowcontrol.apiserver.k8s.io',
      'ingressclasses.networking.k8s.io',
      'ingresses.networking.k8s.io',
      'jobs.batch',
      'mutatingadmissionpolicies.admissionregistration.k8s.io',
      'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
      'mutatingwebhookconfigurations.admissionregistration.k8s.io',
      'networkpolicies.networking.k8s.io',
      'poddisruptionbudgets.policy',
      'pods',
      'podtemplates',
      'priorityclasses.scheduling.k8s.io',
      'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
      'replicasets.apps',
      'replicationcontrollers',
      'statefulsets.apps',
      'validatingadmissionpolicies.admissionregistration.k8s.io',
      'validatingadmissionpolicybindings.admissionregistration.k8s.io',
      'validatingwebhookconfigurations.admissionregistration.k8s.io',
    ]);
    for (const name of withGeneration) {
      expect(create(name, { metadata }).object.metadata.generation).toBe(1);
    }
  });

  test.each(names)('%s: an empty object never throws, and selectable fields are text', (name) => {
    const rules = rulesOf(name);
    const { object } = create(name, {});
    const old = decoded(name, {});
    rules.applyDefaults(old, ruleContext());
    for (const update of ['prepareForUpdate', 'prepareForStatusUpdate'] as const) {
      rules[update](object, old, ruleContext());
    }
    expect(rules.validateUpdate(object, old, ruleContext()).length).toBeGreaterThan(0);
    expect(rules.validateStatusUpdate(object, old, ruleContext()).length).toBeGreaterThan(0);
    for (const get of Object.values(rules.fieldSelectors)) expect(get(object)).toBeTypeOf('string');
  });
});
