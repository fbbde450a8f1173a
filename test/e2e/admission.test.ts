// What controller authors test against, with the real kubectl: webhooks, admission policies,
// quotas, limit ranges and pod security levels.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { patchWith, startWebhookServer } from '../../src/apiserver/testing/webhook-server.ts';
import type { WebhookServer } from '../../src/apiserver/testing/webhook-server.ts';
import { describeWithKubectl, TestServer } from './server.ts';
import { until } from './until.ts';

const pod = (name: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  containers: [{name: c, image: app}]
`;

const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: small}
spec:
  matchConstraints:
    resourceRules:
    - apiGroups: [apps]
      apiVersions: [v1]
      operations: [CREATE, UPDATE]
      resources: [statefulsets]
  validations:
  - expression: object.spec.replicas <= 5
    messageExpression: "'replicas must be at most 5, not ' + string(object.spec.replicas)"
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: small}
spec: {policyName: small, validationActions: [Deny]}
`;

const set = (replicas: number) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: ${replicas}
  serviceName: web
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: app}]}
`;

describeWithKubectl('kubectl and admission', () => {
  const server = new TestServer('--nodes', '0');
  let webhook: WebhookServer;
  const refused = async (yaml: string, ...args: string[]) => {
    const result = await server.run(['apply', '-f', '-', ...args], { stdin: yaml });
    expect(result.code).toBe(1);
    return result.stderr;
  };

  beforeAll(async () => {
    await server.start();
    webhook = await startWebhookServer(({ object }, path) => {
      const { name } = (object ?? {})['metadata'] as { name: string };
      if (path === '/mutate') {
        return patchWith({ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } });
      }
      const allowed = !name.startsWith('bad');
      return { allowed, warnings: ['looked at'], status: { message: 'that name is taken' } };
    });
  });
  afterAll(async () => {
    await webhook.stop();
    await server.dispose();
  });

  test('API-930: webhooks change and refuse what kubectl creates', async () => {
    const { caBundle } = webhook;
    const hook = (kind: string, path: string) => `
apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}WebhookConfiguration
metadata: {name: hooks}
webhooks:
- name: hooks.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig: {url: "${webhook.clientConfig(path).url}", caBundle: "${caBundle}"}
  rules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}
`;
    await server.apply(hook('Mutating', '/mutate'));
    await server.apply(hook('Validating', '/validate'));
    const made = await server.run(['create', 'configmap', 'good', '--from-literal=a=1']);
    expect([made.code, made.stderr]).toEqual([0, 'Warning: looked at\n']);
    const label = '{.metadata.labels.seen}';
    const labels = await server.kubectl('get', 'cm', 'good', '-o', `jsonpath=${label}`);
    expect(labels).toBe('yes');
    const bad = await server.run(['create', 'configmap', 'bad', '--from-literal=a=1']);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain(
      'admission webhook "hooks.example.com" denied the request: that name is taken',
    );
    await server.kubectl(
      'delete',
      'mutatingwebhookconfiguration,validatingwebhookconfiguration',
      'hooks',
    );
  });

  test('API-931: a policy refuses what its expression says', async () => {
    await server.apply(POLICY);
    expect(await refused(set(6))).toContain(
      "ValidatingAdmissionPolicy 'small' with binding 'small' denied request: " +
        'replicas must be at most 5, not 6',
    );
    await server.apply(set(0));
    const scale = await server.run(['patch', 'sts', 'web', '-p', '{"spec":{"replicas":9}}']);
    expect(scale.stderr).toContain('replicas must be at most 5, not 9');
  });

  test('API-931: quotas are kept by admission and their controller', async () => {
    await server.kubectl('create', 'namespace', 'tight');
    await server.kubectl('create', 'quota', 'q', '--hard=pods=1', '-n', 'tight');
    const used = () =>
      server.kubectl('get', 'quota', 'q', '-n', 'tight', '-o', 'jsonpath={.status.used.pods}');
    await until('the quota is counted', async () => (await used()) === '0');
    await until('the account is there', async () => {
      const account = await server.run(['get', 'sa', 'default', '-n', 'tight']);
      return account.code === 0;
    });
    await server.apply(pod('one'), '-n', 'tight');
    expect(await used()).toBe('1');
    expect(await refused(pod('two'), '-n', 'tight')).toContain(
      'pods "two" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    );
    await server.kubectl('delete', 'pod', 'one', '-n', 'tight', '--now');
    await until('the pod is no longer counted', async () => (await used()) === '0');
    await server.apply(pod('two'), '-n', 'tight');
  });

  test('API-931: limit ranges and pod security levels', async () => {
    await server.apply(`
apiVersion: v1
kind: LimitRange
metadata: {name: l}
spec:
  limits: [{type: Container, default: {memory: 64Mi}, max: {memory: 1Gi}}]
`);
    await server.apply(pod('limited'));
    const limit = '{.spec.containers[0].resources.limits.memory}';
    expect(await server.kubectl('get', 'pod', 'limited', '-o', `jsonpath=${limit}`)).toBe('64Mi');
    const labelled = await server.run([
      'label',
      'ns',
      'default',
      'pod-security.kubernetes.io/enforce=restricted',
    ]);
    expect(labelled.stderr).toContain(
      'Warning: existing pods in namespace "default" violate the new PodSecurity enforce level',
    );
    expect(await refused(pod('loose'))).toContain(
      'pods "loose" is forbidden: violates PodSecurity "restricted:latest": ' +
        'allowPrivilegeEscalation != false',
    );
  });
});
