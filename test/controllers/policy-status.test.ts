import { expect, it } from 'vitest';
import { isEstablished, namesOfDefinition } from '../../src/api/apiextensions/custom-kind.ts';
import type {
  CustomResourceDefinition,
  ValidatingAdmissionPolicySpec,
} from '../../src/api/generated/types.ts';
import { customResourceDefinitions, validatingPolicies } from '../../src/api/other-resources.ts';
import { useCluster } from './control-plane.ts';

const cluster = useCluster({ controllers: 'validatingadmissionpolicy-status-controller' });

const matching = (apiGroups: string[], apiVersions: string[], resources: string[]) => ({
  matchConstraints: {
    resourceRules: [{ apiGroups, apiVersions, operations: ['CREATE'], resources }],
  },
});
const onDeployments = matching(['apps'], ['v1'], ['deployments']);

async function statusOf(name: string, spec: ValidatingAdmissionPolicySpec) {
  await cluster.create(validatingPolicies, { metadata: { name }, spec });
  const status = async () => (await cluster.get(validatingPolicies, { name }))?.status;
  await cluster.eventually(async () => (await status())?.observedGeneration, 1);
  return status();
}

async function warningsOf(name: string, spec: ValidatingAdmissionPolicySpec) {
  return (await statusOf(name, spec))?.typeChecking?.expressionWarnings;
}

it('API-931: a policy that fits has an empty type check, by the manager of the reference', async () => {
  const validations = [
    {
      expression:
        'object.spec.replicas <= 5 && object.metadata.labels.all(k, k != request.name) && ' +
        "(type(object.spec.strategy.rollingUpdate.maxSurge) == int || object.kind == 'x')",
      messageExpression: "'at ' + string(object.metadata.creationTimestamp)",
    },
  ];
  const status = await statusOf('fits', { ...onDeployments, validations });
  expect(status).toEqual({ observedGeneration: 1, typeChecking: {} });
  const policy = await cluster.get(validatingPolicies, { name: 'fits' });
  const managers = (policy?.metadata.managedFields ?? []).map(
    ({ manager, operation, subresource }) => [manager, operation, subresource],
  );
  expect(managers).toContainEqual(['validatingadmissionpolicy-status', 'Apply', 'status']);
});

it('API-931: fields that a kind does not have are warned of, messages too', async () => {
  const warnings = await warningsOf('foo', {
    ...onDeployments,
    validations: [
      { expression: 'object.foo > 1' },
      { expression: 'true', messageExpression: 'string(object.spec.replicas) + oldObject.bar' },
    ],
  });
  expect(warnings).toEqual([
    {
      fieldRef: 'spec.validations[0].expression',
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'foo'\n" +
        ' | object.foo > 1\n | ......^\n',
    },
    {
      fieldRef: 'spec.validations[1].messageExpression',
      warning:
        "apps/v1, Kind=Deployment: ERROR: <input>:1:41: undefined field 'bar'\n" +
        ' | string(object.spec.replicas) + oldObject.bar\n' +
        ' | ........................................^\n',
    },
  ]);
});

it('API-931: each of several kinds is told of, in order; wildcards are not looked at', async () => {
  const validations = [{ expression: 'object.spec.replicas > 1' }];
  const rules = [
    ...matching(['', 'apps'], ['v1'], ['pods', 'deployments', 'configmaps', 'pods/status'])
      .matchConstraints.resourceRules,
    ...matching(['*'], ['v1'], ['secrets']).matchConstraints.resourceRules,
  ];
  const matchConstraints = { resourceRules: rules };
  const [warning] = (await warningsOf('several', { matchConstraints, validations })) ?? [];
  expect(warning?.warning).toBe(
    "/v1, Kind=ConfigMap: ERROR: <input>:1:7: undefined field 'spec'\n" +
      ' | object.spec.replicas > 1\n | ......^\n\n' +
      "/v1, Kind=Pod: ERROR: <input>:1:12: undefined field 'replicas'\n" +
      ' | object.spec.replicas > 1\n | ...........^\n',
  );
});

it('API-931: variables have types, parameters those of their kind', async () => {
  const warnings = await warningsOf('typed', {
    ...onDeployments,
    paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
    variables: [
      { name: 'count', expression: 'object.spec.replicas' },
      { name: 'spec', expression: 'object.spec' },
    ],
    validations: [
      { expression: "variables.count == 'a'" },
      { expression: 'params.spec == null' },
      { expression: "params.data['a'] == 'b' && variables.spec.anything == 1" },
      { expression: "authorizer.requestResource.check('get').allowed()" },
    ],
  });
  const shown = warnings?.map(({ fieldRef, warning }) => [
    /\d/.exec(fieldRef)?.[0],
    warning.split('\n')[0]?.split(': ').slice(2).join(': '),
  ]);
  expect(shown).toEqual([
    ['0', "<input>:1:17: found no matching overload for '_==_' applied to '(int, string)'"],
    ['1', "<input>:1:7: undefined field 'spec'"],
    ['3', "<input>:1:11: unexpected failed resolution of 'kubernetes.authorization.Authorizer'"],
  ]);
});

it('API-931: custom kinds are checked by their schema; a changed policy is checked again', async () => {
  const definition: CustomResourceDefinition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'crontabs.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'crontabs', kind: 'CronTab' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { 'a-b': { type: 'integer' } } } },
            },
          },
        },
      ],
    },
  };
  await cluster.client.resource(customResourceDefinitions).create(definition);
  const { name } = definition.metadata;
  await cluster.eventually(async () => {
    const found = await cluster.get(customResourceDefinitions, { name: name ?? '' });
    return found !== undefined && isEstablished(found) && namesOfDefinition(found).length;
  }, 1);
  const spec = (expression: string) => ({
    ...matching(['example.com'], ['v1'], ['crontabs']),
    validations: [{ expression }],
  });
  const policy = { name: 'custom' };
  const wrong = 'object.spec.c == 1 && object.metadata.name == request.name';
  const [warning] = (await warningsOf(policy.name, spec(wrong))) ?? [];
  expect(warning?.warning).toMatch(
    /^example\.com\/v1, Kind=CronTab: ERROR: <input>:1:12: undefined field 'c'\n/,
  );
  const found = await cluster.get(validatingPolicies, policy);
  if (!found) throw new Error('no policy');
  const right = spec('object.spec.a__dash__b == 1 && object.metadata.uid != "x"');
  await cluster.client.resource(validatingPolicies).update({ ...found, spec: right });
  const status = async () => (await cluster.get(validatingPolicies, policy))?.status;
  await cluster.eventually(status, { observedGeneration: 2, typeChecking: {} });
});
