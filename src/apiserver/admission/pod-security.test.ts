import { beforeEach, describe, expect, it } from 'vitest';
import { createTestApi } from '../testing/test-api.ts';
import type { TestApi } from '../testing/test-api.ts';

const LABEL = 'pod-security.kubernetes.io/';
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
  return () => api.store.stop();
});

async function namespace(levels: Record<string, string>) {
  const labels = Object.fromEntries(
    Object.entries(levels).map(([mode, level]) => [LABEL + mode, level]),
  );
  await api.ok('PATCH /api/v1/namespaces/default', { metadata: { labels } });
}

const container = (extra: object = {}) => ({ name: 'c', image: 'reg.example/app:1', ...extra });

function createPod(spec: object = {}, name = 'p') {
  const full = { containers: [container()], ...spec };
  return api.call('POST /api/v1/namespaces/default/pods', {
    body: { metadata: { name }, spec: full },
  });
}

const hardened = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    container({
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      },
    }),
  ],
};

describe('pod security', () => {
  it('API-931: restricted refuses pods that are not hardened', async () => {
    await namespace({ enforce: 'restricted' });
    expect((await createPod()).body).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "p" is forbidden: violates PodSecurity "restricted:latest": ' +
        'allowPrivilegeEscalation != false (container "c" must set ' +
        'securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "c" must set ' +
        'securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to ' +
        '"RuntimeDefault" or "Localhost")',
    });
    expect((await createPod(hardened)).code).toBe(201);
  });

  it.each([
    [{ hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
    [{ volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [
      { containers: [container({ ports: [{ containerPort: 80, hostPort: 80 }] })] },
      'hostPort (container "c" uses hostPort 80)',
    ],
    [
      { containers: [container({ securityContext: { privileged: true } })] },
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      { containers: [container({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } })] },
      'non-default capabilities (container "c" must not include "SYS_ADMIN" in ' +
        'securityContext.capabilities.add)',
    ],
    [
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      {
        securityContext: {
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'constructor', value: '1' },
          ],
        },
      },
      'forbidden sysctls (kernel.msgmax, constructor)',
    ],
    [
      { securityContext: { seLinuxOptions: { type: 'spc_t', user: 'me' } } },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; ' +
        'user may not be set)',
    ],
  ])('API-931: baseline refuses %j', async (spec, text) => {
    await namespace({ enforce: 'baseline' });
    expect((await createPod(spec)).body).toMatchObject({
      message: `pods "p" is forbidden: violates PodSecurity "baseline:latest": ${text}`,
    });
    expect((await createPod({}, 'fine')).code).toBe(201);
  });

  it('API-931: warns without refusing, pods and what makes pods', async () => {
    await namespace({ warn: 'restricted', 'warn-version': 'v1.20' });
    const reply = await createPod();
    expect(reply.code).toBe(201);
    expect(reply.warnings.join()).toContain('would violate PodSecurity "restricted:v1.20": ');
    expect(reply.warnings.join()).not.toContain('unrestricted capabilities');
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container()] } };
    const set = await api.call('POST /apis/apps/v1/namespaces/default/statefulsets', {
      body: {
        metadata: { name: 's' },
        spec: { serviceName: 's', selector: { matchLabels: { a: 'b' } }, template },
      },
    });
    expect(set.code).toBe(201);
    expect(set.warnings.join()).toContain('would violate PodSecurity');
  });

  it('API-931: a namespace that becomes stricter tells of its pods', async () => {
    await createPod({}, 'a');
    await createPod({}, 'b');
    const { warnings } = await api.call('PATCH /api/v1/namespaces/default', {
      body: { metadata: { labels: { [`${LABEL}enforce`]: 'restricted' } } },
    });
    expect(warnings).toEqual([
      'existing pods in namespace "default" violate the new PodSecurity enforce level ' +
        '"restricted:latest"',
      'a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, ' +
        'runAsNonRoot != true, seccompProfile',
    ]);
  });

  it('API-931: labels that mean nothing are refused', async () => {
    const status = await api.fails('PATCH /api/v1/namespaces/default', {
      metadata: { labels: { [`${LABEL}enforce`]: 'strict', [`${LABEL}warn-version`]: '1.2' } },
    });
    expect(status).toMatchObject({
      code: 422,
      message:
        'Namespace "default" is invalid: ' +
        '[metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": ' +
        'must be one of privileged, baseline, restricted, ' +
        'metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.2": ' +
        'must be "latest" or "v1.x"]',
    });
  });
});
