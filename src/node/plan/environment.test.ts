// Environment, expansion, field references, users, DNS and admission: what a container is given.
import { describe, expect, test } from 'vitest';
import type { ConfigMap, Container, Pod, Secret, Service } from '../../api/generated/types.ts';
import { admitPod } from './admit-pod.ts';
import { containerUser } from './container-user.ts';
import { containerEnvironment } from './environment.ts';
import { expandVariables } from './expand-variables.ts';
import { fieldValue, resourceValue } from './field-ref.ts';
import { parseResolvConf, podDns, podHostname } from './pod-dns.ts';
import { apiServerService, serviceEnvironment } from './service-environment.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-0',
    namespace: 'shop',
    uid: 'u',
    labels: { app: 'web', 'a.b/c': 'x"y' },
    annotations: { note: 'n' },
  },
  spec: {
    containers: [{ name: 'main' }],
    nodeName: 'ordinal-0',
    serviceAccountName: 'runner',
    hostname: 'web-0',
    subdomain: 'nginx',
  },
};
const facts = { podIP: '10.244.0.7', hostIP: '10.1.1.1', allocatable: { cpu: '4', memory: '8Gi' } };

test.each([
  ['$(A)', 'one'],
  ['<$(A)$(B)>', '<onetwo>'],
  ['$(MISSING)', '$(MISSING)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$A $', '$A $'],
  ['$(A', '$(A'],
])('expandVariables(%j) is %j', (text, expected) => {
  const known = new Map([
    ['A', 'one'],
    ['B', 'two'],
  ]);
  expect(expandVariables(text, (name) => known.get(name))).toBe(expected);
});

test.each([
  ['metadata.name', 'web-0'],
  ['metadata.namespace', 'shop'],
  ['metadata.uid', 'u'],
  ["metadata.labels['a.b/c']", 'x"y'],
  ["metadata.annotations['absent']", ''],
  ['metadata.labels', 'a.b/c="x\\"y"\napp="web"'],
  ['spec.nodeName', 'ordinal-0'],
  ['spec.serviceAccountName', 'runner'],
  ['status.podIP', '10.244.0.7'],
  ['status.hostIP', '10.1.1.1'],
  ['status.nonsense', undefined],
])('fieldRef %s is %j', (fieldPath, expected) => {
  expect(fieldValue(pod, fieldPath, facts)).toBe(expected);
});

test.each([
  ['limits.cpu', undefined, '2'],
  ['limits.cpu', '1m', '1500'],
  ['limits.memory', '1Mi', '64'],
  ['requests.memory', undefined, '0'],
  ['limits.ephemeral-storage', undefined, '0'],
  ['cpu', undefined, undefined],
])('resourceFieldRef %s in units of %s is %s', (resource, divisor, expected) => {
  const limits = { cpu: '1500m', memory: '64Mi' };
  const container: Container = { name: 'main', resources: { limits } };
  expect(resourceValue(container, { resource, divisor }, facts)).toBe(expected);
});

test('a container without limits sees those of the node', () => {
  const selector = { resource: 'limits.memory', divisor: '1Gi' };
  expect(resourceValue({ name: 'main' }, selector, facts)).toBe('8');
});

describe('containerEnvironment()', () => {
  const configMap: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {},
    data: { A: 'from-map', B: 'b' },
  };
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {},
    data: { KEY: Buffer.from('hidden').toString('base64') },
  };
  const sources = {
    configMaps: new Map([
      ['cm', configMap],
      ['none', undefined],
    ]),
    secrets: new Map([['s', secret]]),
  };
  const services = new Map([['WEB_SERVICE_HOST', '10.96.0.9']]);
  const environment = (container: Partial<Container>) =>
    Object.fromEntries(
      containerEnvironment({
        pod,
        container: { name: 'c', ...container },
        facts,
        sources,
        services,
      }),
    );

  test('env wins over envFrom, which wins over services', () => {
    const all = environment({
      envFrom: [{ configMapRef: { name: 'cm' } }, { prefix: 'P_', secretRef: { name: 's' } }],
      env: [{ name: 'A', value: 'own' }],
    });
    expect(all).toEqual({ A: 'own', B: 'b', P_KEY: 'hidden', WEB_SERVICE_HOST: '10.96.0.9' });
  });

  test('$(NAME) sees what was defined before it, and services', () => {
    const all = environment({
      env: [
        { name: 'EARLY', value: '$(LATE)' },
        { name: 'LATE', value: '$(WEB_SERVICE_HOST):80' },
        { name: 'LAST', value: '$(LATE)/x' },
      ],
    });
    expect(all).toMatchObject({
      EARLY: '$(LATE)',
      LATE: '10.96.0.9:80',
      LAST: '10.96.0.9:80/x',
    });
  });

  test.each<[string, Container['env'], string]>([
    [
      'no config map',
      [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'none', key: 'k' } } }],
      'configmap "none" not found',
    ],
    [
      'no secret',
      [{ name: 'X', valueFrom: { secretKeyRef: { name: 'none', key: 'k' } } }],
      'secret "none" not found',
    ],
    [
      'no key',
      [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }],
      "couldn't find key k in ConfigMap shop/cm",
    ],
  ])('%s: says what is missing', (_what, env, message) => {
    expect(() => environment({ env })).toThrow(message);
  });

  test('optional references may be absent', () => {
    const valueFrom = { configMapKeyRef: { name: 'none', key: 'k', optional: true } };
    const envFrom = [{ secretRef: { name: 'none', optional: true } }];
    expect(environment({ env: [{ name: 'X', valueFrom }], envFrom })).not.toHaveProperty('X');
  });
});

test('serviceEnvironment() names hosts, ports and links; headless services have none', () => {
  const service = (name: string, clusterIP: string): Service => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { clusterIP, ports: [{ name: 'http-main', port: 80, protocol: 'TCP' }] },
  });
  const all = [service('my-web', '10.96.0.9'), service('nginx', 'None')];
  expect(Object.fromEntries(serviceEnvironment(all))).toEqual({
    MY_WEB_SERVICE_HOST: '10.96.0.9',
    MY_WEB_SERVICE_PORT: '80',
    MY_WEB_SERVICE_PORT_HTTP_MAIN: '80',
    MY_WEB_PORT: 'tcp://10.96.0.9:80',
    MY_WEB_PORT_80_TCP: 'tcp://10.96.0.9:80',
    MY_WEB_PORT_80_TCP_PROTO: 'tcp',
    MY_WEB_PORT_80_TCP_PORT: '80',
    MY_WEB_PORT_80_TCP_ADDR: '10.96.0.9',
  });
  const own = serviceEnvironment([apiServerService({ host: '10.96.0.1', port: 443 })]);
  expect(own.get('KUBERNETES_SERVICE_HOST')).toBe('10.96.0.1');
  expect(own.get('KUBERNETES_SERVICE_PORT_HTTPS')).toBe('443');
});

describe('containerUser()', () => {
  const defaults = { uid: 0, groupOf: (uid: number) => (uid === 999 ? 998 : 0) };
  const user = (podContext: object, context: object) =>
    containerUser(
      { ...pod, spec: { containers: [], securityContext: podContext } },
      { name: 'c', securityContext: context },
      defaults,
    );

  test('the container wins over the pod; groups are those of the pod', () => {
    expect(user({ runAsUser: 1, fsGroup: 7, supplementalGroups: [8] }, { runAsUser: 999 })).toEqual(
      {
        uid: 999,
        gid: 998,
        supplementalGroups: [8, 7],
      },
    );
    expect(user({ runAsUser: 1, runAsGroup: 2 }, {})).toMatchObject({ uid: 1, gid: 2 });
    expect(user({}, {})).toEqual({ uid: 0, gid: 0, supplementalGroups: [] });
  });

  test('runAsNonRoot refuses root', () => {
    const where = '(pod: "web-0_shop(u)", container: c)';
    expect(() => user({ runAsNonRoot: true }, {})).toThrow(
      `container has runAsNonRoot and image will run as root ${where}`,
    );
    expect(() => user({ runAsNonRoot: true }, { runAsUser: 0 })).toThrow(
      `container's runAsUser breaks non-root policy ${where}`,
    );
    expect(user({ runAsNonRoot: true, runAsUser: 5 }, {})).toMatchObject({ uid: 5 });
  });
});

describe('DNS', () => {
  const host = parseResolvConf('nameserver 1.1.1.1 # x\nsearch lan corp\noptions edns0 ndots:2\n');
  const context = { clusterIp: '10.96.0.10', clusterDomain: 'cluster.local', host };
  const withSpec = (more: object): Pod => ({ ...pod, spec: { containers: [], ...more } });

  test('ClusterFirst searches the namespace first', () => {
    expect(podDns(pod, context)).toEqual({
      nameservers: ['10.96.0.10'],
      searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan', 'corp'],
      options: ['ndots:5'],
    });
  });

  test('Default, host network and None', () => {
    expect(podDns(withSpec({ dnsPolicy: 'Default' }), context)).toEqual(host);
    expect(podDns(withSpec({ hostNetwork: true }), context)).toEqual(host);
    const dnsConfig = { nameservers: ['9.9.9.9'], options: [{ name: 'ndots', value: '1' }] };
    expect(podDns(withSpec({ dnsPolicy: 'None', dnsConfig }), context)).toEqual({
      nameservers: ['9.9.9.9'],
      searches: [],
      options: ['ndots:1'],
    });
  });

  test('SS-901: short host name and full name', () => {
    expect(podHostname(pod, 'cluster.local')).toEqual({
      hostname: 'web-0',
      fullyQualifiedName: 'web-0.nginx.shop.svc.cluster.local',
    });
    const long = withSpec({ hostname: `${'a'.repeat(62)}-b` });
    expect(podHostname(long, 'cluster.local').hostname).toBe('a'.repeat(62));
    const full = withSpec({ hostname: 'h', subdomain: 's', setHostnameAsFQDN: true });
    expect(podHostname(full, 'cluster.local').hostname).toBe('h.s.shop.svc.cluster.local');
  });
});

describe('admitPod()', () => {
  const asking = (cpu: string, hostPort?: number): Pod => ({
    ...pod,
    spec: {
      containers: [
        {
          name: 'main',
          resources: { requests: { cpu } },
          ...(hostPort === undefined ? {} : { ports: [{ containerPort: 80, hostPort }] }),
        },
      ],
    },
  });
  const allocatable = { cpu: '1', pods: '2' };

  test.each<[string, Pod, Pod[], string | undefined]>([
    ['fits', asking('600m'), [asking('400m')], undefined],
    ['too much processor time', asking('600m'), [asking('500m')], 'OutOfcpu'],
    ['too many pods', asking('0'), [asking('0'), asking('0')], 'OutOfpods'],
    ['host port taken', asking('0', 80), [asking('0', 80)], 'NodePorts'],
    ['another host port', asking('0', 80), [asking('0', 81)], undefined],
  ])('%s', (_what, one, others, reason) => {
    expect(admitPod(one, others, allocatable)?.reason).toBe(reason);
  });
});
