import { describe, expect, test } from 'vitest';
import type { Pod } from '../generated/types.ts';
import { create, NOW } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const container = (fields: JsonObject = {}): JsonObject => ({
  name: 'c',
  image: 'app:1',
  ...fields,
});
const body = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'p' },
  spec: { serviceAccountName: 'default', containers: [container()], ...spec },
});
const made = (spec?: JsonObject) => create<Pod>('pods', body(spec));
const errorsOf = (spec: JsonObject) => made(spec).errors;
const containerErrors = (fields: JsonObject) => errorsOf({ containers: [container(fields)] });
const firstContainer = (fields: JsonObject) =>
  made({ containers: [container(fields)] }).object.spec?.containers[0];
const volume = (source: JsonObject): JsonObject => ({ volumes: [{ name: 'v', ...source }] });
const C = 'spec.containers[0]';

describe('defaults of pods', () => {
  test('API-923: a plain pod', () => {
    const { object, errors } = made();
    expect(errors).toEqual([]);
    expect(object.spec).toEqual({
      serviceAccount: 'default',
      serviceAccountName: 'default',
      containers: [
        {
          name: 'c',
          image: 'app:1',
          imagePullPolicy: 'IfNotPresent',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
    expect(object.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test.each([
    ['app', 'Always'],
    ['app:latest', 'Always'],
    ['reg.example:5000/app', 'Always'],
    ['app:1', 'IfNotPresent'],
    [`app@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
    ['Not An Image', 'IfNotPresent'],
  ])('API-923: image %s is pulled %s', (image, policy) => {
    expect(firstContainer({ image })?.imagePullPolicy).toBe(policy);
  });

  test('API-923: requests are the limits unless given, in pods only', () => {
    const resources = { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '250m' } };
    const { object } = made({ containers: [container({ resources })] });
    expect(object.spec?.containers[0]?.resources?.requests).toEqual({
      cpu: '250m',
      memory: '64Mi',
    });
    expect(object.status?.qosClass).toBe('Burstable');
  });

  test('API-923: quantities are rounded up to thousandths', () => {
    const resources = { requests: { cpu: '100u' } };
    expect(firstContainer({ resources })?.resources?.requests).toEqual({ cpu: '1m' });
  });

  test('API-923: probes, hooks and ports', () => {
    const fields = {
      ports: [{ containerPort: 80 }],
      livenessProbe: { grpc: { port: 90 } },
      readinessProbe: { httpGet: { port: 'web' }, periodSeconds: 4 },
      lifecycle: { preStop: { httpGet: { port: 80 } } },
    };
    expect(firstContainer(fields)).toMatchObject({
      ports: [{ containerPort: 80, protocol: 'TCP' }],
      livenessProbe: {
        grpc: { port: 90, service: '' },
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      readinessProbe: { httpGet: { path: '/', port: 'web', scheme: 'HTTP' }, periodSeconds: 4 },
      lifecycle: { preStop: { httpGet: { path: '/', scheme: 'HTTP' } } },
    });
  });

  test('API-923: volumes', () => {
    const volumes = [
      { name: 'none' },
      { name: 'cm', configMap: { name: 'c' } },
      { name: 'host', hostPath: { path: '/x' } },
      {
        name: 'down',
        downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'metadata.uid' } }] },
      },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      { name: 'image', image: { reference: 'app' } },
    ];
    const { object, errors } = made({ volumes });
    expect(errors).toEqual([]);
    expect(object.spec?.volumes).toEqual([
      { name: 'none', emptyDir: {} },
      { name: 'cm', configMap: { name: 'c', defaultMode: 420 } },
      { name: 'host', hostPath: { path: '/x', type: '' } },
      {
        name: 'down',
        downwardAPI: {
          defaultMode: 420,
          items: [{ path: 'a', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.uid' } }],
        },
      },
      {
        name: 'token',
        projected: {
          defaultMode: 420,
          sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }],
        },
      },
      { name: 'image', image: { reference: 'app', pullPolicy: 'Always' } },
    ]);
  });

  test('API-923: with the host network ports are those of the host', () => {
    const containers = [container({ ports: [{ containerPort: 80 }] })];
    const { object } = made({ hostNetwork: true, containers });
    expect(object.spec?.containers[0]?.ports?.[0]?.hostPort).toBe(80);
  });

  test('a negative grace period becomes 1', () => {
    const { object } = made({ terminationGracePeriodSeconds: -5 });
    expect(object.spec?.terminationGracePeriodSeconds).toBe(1);
  });

  test('a gated pod says from the start why it waits', () => {
    const { object } = made({ schedulingGates: [{ name: 'g' }] });
    expect(object.status?.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', lastTransitionTime: NOW },
    ]);
  });

  test('matchLabelKeys become expressions with the values of the pod', () => {
    const constraint = {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
      matchLabelKeys: ['rev'],
    };
    const { object, errors } = create<Pod>('pods', {
      metadata: { labels: { rev: '7' } },
      spec: { containers: [container()], topologySpreadConstraints: [constraint] },
    });
    expect(errors).toEqual([]);
    expect(object.spec?.topologySpreadConstraints?.[0]?.labelSelector).toEqual({
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'rev', operator: 'In', values: ['7'] }],
    });
  });
});

describe('containers', () => {
  test('name and image are required; names are unique across sorts', () => {
    expect(errorsOf({ containers: [{}] })).toEqual([
      `${C}.name: Required value`,
      `${C}.image: Required value`,
    ]);
    expect(errorsOf({ containers: [container(), container()] })).toEqual([
      'spec.containers[1].name: Duplicate value: "c"',
    ]);
    expect(errorsOf({ initContainers: [container()] })).toEqual([
      'spec.initContainers[0].name: Duplicate value: "c"',
    ]);
    expect(errorsOf({ containers: [] })).toEqual(['spec.containers: Required value']);
    expect(containerErrors({ image: ' app ' })).toEqual([
      `${C}.image: Invalid value: " app ": must not have leading or trailing whitespace`,
    ]);
  });

  test('ports', () => {
    const ports = [
      { containerPort: 0, name: 'x' },
      { containerPort: 65536, name: 'x' },
      { containerPort: 80, protocol: 'HTTP', name: 'A_b' },
      { containerPort: 80, hostPort: 1 },
      { containerPort: 81, hostPort: 1 },
    ];
    expect(containerErrors({ ports })).toEqual([
      `${C}.ports[0].containerPort: Required value`,
      `${C}.ports[1].name: Duplicate value: "x"`,
      `${C}.ports[1].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive`,
      `${C}.ports[2].name: Invalid value: "A_b": ` +
        'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      `${C}.ports[2].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"`,
      `${C}.ports[4].hostPort: Duplicate value: "TCP//1"`,
    ]);
  });

  test('environment', () => {
    const env = [
      { name: 'a=b' },
      { name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'B', valueFrom: { fieldRef: { fieldPath: 'spec.color' } } },
      { name: 'C', valueFrom: {} },
      { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1Mi' } } },
      { name: 'E', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a b']" } } },
    ];
    expect(containerErrors({ env, envFrom: [{}] })).toEqual([
      `${C}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist ` +
        "only of printable ASCII characters other than '='",
      `${C}.env[1].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
      `${C}.env[2].valueFrom.fieldRef.fieldPath: Invalid value: "spec.color": ` +
        'error converting fieldPath: field label not supported: spec.color',
      `${C}.env[3].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, ` +
        '`resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      `${C}.env[4].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": ` +
        "only divisor's values 1m and 1 are supported with the cpu resource",
      expect.stringMatching(
        /^spec.containers\[0\].env\[5\].valueFrom.fieldRef: Invalid value: "a b"/,
      ),
      `${C}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
    ]);
  });

  test('probes and hooks', () => {
    expect(
      containerErrors({
        livenessProbe: { exec: {}, tcpSocket: { port: 1 }, successThreshold: 2 },
        readinessProbe: { httpGet: { port: 0, scheme: 'FTP' }, terminationGracePeriodSeconds: 3 },
        startupProbe: { failureThreshold: -1 },
        lifecycle: { preStop: {}, postStart: { sleep: { seconds: 31 } } },
      }),
    ).toEqual([
      `${C}.lifecycle.postStart.sleep: Invalid value: 31: ` +
        'must be non-negative and less than terminationGracePeriodSeconds (30)',
      `${C}.lifecycle.preStop: Required value: must specify a handler type`,
      `${C}.livenessProbe.exec.command: Required value`,
      `${C}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`,
      `${C}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
      `${C}.readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
      `${C}.readinessProbe.httpGet.scheme: Unsupported value: "FTP": ` +
        'supported values: "HTTP", "HTTPS"',
      `${C}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: ` +
        'must not be set for readinessProbes',
      `${C}.startupProbe: Required value: must specify a handler type`,
      `${C}.startupProbe.failureThreshold: Invalid value: -1: must be greater than or equal to 0`,
    ]);
  });

  test('only sidecars among init containers have probes', () => {
    const probe = { livenessProbe: { exec: { command: ['x'] } } };
    const init = (fields: JsonObject) => errorsOf({ initContainers: [container(fields)] });
    expect(init({ name: 'i', ...probe })).toEqual([
      'spec.initContainers[0].livenessProbe: Forbidden: ' +
        'may not be set for init containers without restartPolicy=Always',
    ]);
    expect(init({ name: 'i', ...probe, restartPolicy: 'Always' })).toEqual([]);
  });

  test('resources', () => {
    const resources = {
      requests: { cpu: '2', disk: '1', 'example.com/gpu': '1', memory: '-1' },
      limits: { cpu: '1', 'example.com/gpu': '2' },
    };
    expect(containerErrors({ resources })).toEqual([
      `${C}.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
      `${C}.resources.requests[disk]: Invalid value: "disk": ` +
        'must be a standard resource type or fully qualified',
      `${C}.resources.requests[disk]: Invalid value: "disk": ` +
        'must be a standard resource for containers',
      `${C}.resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2`,
      `${C}.resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0`,
    ]);
  });

  test('security contexts', () => {
    const securityContext = { privileged: true, allowPrivilegeEscalation: false, runAsUser: -1 };
    const errors = containerErrors({ securityContext });
    expect(errors[0]).toBe(
      `${C}.securityContext.runAsUser: Invalid value: -1: ` +
        'must be between 0 and 2147483647, inclusive',
    );
    expect(errors[1]).toMatch(/"Privileged":true.*cannot set `allowPrivilegeEscalation` to false/);
    const seccompProfile = { type: 'Localhost' };
    expect(errorsOf({ securityContext: { seccompProfile } })).toEqual([
      'spec.securityContext.seccompProfile.localhostProfile: Required value: ' +
        'must be set when seccomp type is Localhost',
    ]);
  });
});

describe('volumes and mounts', () => {
  test('a volume has a name and one source', () => {
    expect(errorsOf({ volumes: [{ emptyDir: {} }] })).toEqual([
      'spec.volumes[0].name: Required value',
    ]);
    expect(errorsOf(volume({ emptyDir: {}, hostPath: { path: '/a' } }))).toEqual([
      'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
    ]);
    expect(errorsOf(volume({ hostPath: { path: '/a/../b', type: 'Disk' } }))).toEqual([
      `spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
      'spec.volumes[0].hostPath.type: Unsupported value: "Disk": supported values: "", ' +
        '"BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", ' +
        '"Socket"',
    ]);
  });

  test('projected volumes hold every file once', () => {
    const items = [{ key: 'k', path: 'f' }];
    const sources = [{ secret: { name: 's', items } }, { configMap: { name: 'c', items } }];
    expect(errorsOf(volume({ projected: { sources, defaultMode: 512 } }))).toEqual([
      'spec.volumes[0].projected.defaultMode: Invalid value: 512: ' +
        'must be a number between 0 and 0777 (octal), both inclusive',
      'spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths',
    ]);
  });

  test('mounts name volumes of the pod, each path once', () => {
    const volumeMounts = [
      { name: 'v', mountPath: '/a', subPath: '../x' },
      { name: 'v', mountPath: '/a' },
      { name: 'w' },
    ];
    const containers = [container({ volumeMounts })];
    expect(errorsOf({ ...volume({ emptyDir: {} }), containers })).toEqual([
      `${C}.volumeMounts.subPath: Invalid value: "../x": must not contain '..'`,
      `${C}.volumeMounts[1].mountPath: Invalid value: "/a": must be unique`,
      `${C}.volumeMounts[2].name: Not found: "w"`,
      `${C}.volumeMounts[2].mountPath: Required value`,
    ]);
  });
});

describe('the spec as a whole', () => {
  const affinity = (required: JsonObject): JsonObject => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
  });

  test.each<[field: string, spec: JsonObject, message: string]>([
    [
      'restartPolicy',
      { restartPolicy: 'Maybe' },
      'Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      'dnsConfig',
      { dnsPolicy: 'None' },
      'Required value: must provide `dnsConfig` when `dnsPolicy` is None',
    ],
    [
      'activeDeadlineSeconds',
      { activeDeadlineSeconds: 0 },
      'Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
    [
      'hostAliases[0].ip',
      { hostAliases: [{ ip: 'x' }] },
      'Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      'tolerations[0].operator',
      { tolerations: [{ key: 'a', operator: 'Exists', value: 'v' }] },
      'Invalid value: "v": value must be empty when `operator` is \'Exists\'',
    ],
    [
      'os',
      { os: { name: 'beos' } },
      'Unsupported value: "beos": supported values: "linux", "windows"',
    ],
    [
      'nodeName',
      { nodeName: 'n', schedulingGates: [{ name: 'g' }] },
      'Forbidden: cannot be set until all schedulingGates have been cleared',
    ],
    [
      'ephemeralContainers',
      { ephemeralContainers: [container({ name: 'e' })] },
      'Forbidden: cannot be set on create',
    ],
    [
      'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms',
      affinity({}),
      'Required value: must have at least one node selector term',
    ],
  ])('%s', (field, spec, message) => {
    expect(errorsOf(spec)).toEqual([`spec.${field}: ${message}`]);
  });

  test('host users: what a user namespace excludes', () => {
    expect(errorsOf({ hostUsers: false, hostPID: true })).toEqual([
      'spec.HostPID: Forbidden: when `hostUsers` is false',
    ]);
  });

  test('warnings: names that are no labels, hidden variables, duplicate ports', () => {
    const env = [{ name: 'A' }, { name: 'A', value: 'x' }];
    const ports = [{ containerPort: 80 }, { containerPort: 80 }];
    const { warnings } = create<Pod>('pods', {
      metadata: { name: 'a.b' },
      spec: { containers: [container({ env, ports })] },
    });
    expect(warnings).toEqual([
      "metadata.name: this is used in the Pod's hostname, which can result in surprising " +
        'behavior; a DNS label is recommended: [must not contain dots]',
      `${C}.env[1]: hides previous definition of "A", which may be dropped when using apply`,
      `${C}.ports[1]: duplicate port definition with ${C}.ports[0]`,
    ]);
  });
});
