// The cells are those of a recorded reference server.
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { builtinResources } from '../../api/resources.ts';
import { kindTable } from './kind-tables.ts';
import { loadTables, parseIncludeObject } from './table.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const CREATED = '2026-01-01T23:59:30Z';

const ago = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString();
const definitionOf = (resource: string) =>
  builtinResources.find((definition) => definition.resource === resource)!;

function cells(resource: string, content: object, metadata: object = {}): unknown[] {
  const object = {
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'x', creationTimestamp: CREATED, ...metadata },
    ...content,
  } as KubernetesObject;
  return kindTable(definitionOf(resource), '').cells(object, NOW_MS);
}

interface PodParts {
  spec?: object;
  status?: object;
  metadata?: object;
}

function podCells({ spec, status, metadata }: PodParts): unknown[] {
  const containers = [{ name: 'c', image: 'i' }];
  const content = { spec: { containers, ...spec }, status: { phase: 'Pending', ...status } };
  return cells('pods', content, metadata).slice(1, 4);
}

const container = (name: string, state: object, extra: object = {}) => ({
  name,
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
  ...extra,
});
const running = { running: { startedAt: '2024-01-01T00:00:00Z' } };
const init = (...names: string[]) => names.map((name) => ({ name, image: 'i' }));

describe('API-820: pods', () => {
  it.each<[string, PodParts, unknown[]]>([
    ['new', {}, ['0/1', 'Pending', '0']],
    [
      'running',
      {
        status: { phase: 'Running', containerStatuses: [container('c', running, { ready: true })] },
      },
      ['1/1', 'Running', '0'],
    ],
    [
      'crash loop',
      {
        status: {
          phase: 'Running',
          containerStatuses: [
            container(
              'c',
              { waiting: { reason: 'CrashLoopBackOff' } },
              {
                restartCount: 7,
                lastState: { terminated: { exitCode: 1, finishedAt: ago(7500) } },
              },
            ),
          ],
        },
      },
      ['0/1', 'CrashLoopBackOff', '7 (125m ago)'],
    ],
    [
      'completed',
      {
        status: {
          phase: 'Succeeded',
          containerStatuses: [container('c', { terminated: { exitCode: 0, reason: 'Completed' } })],
        },
      },
      ['0/1', 'Completed', '0'],
    ],
    [
      'exit code without reason',
      {
        status: {
          phase: 'Failed',
          containerStatuses: [container('c', { terminated: { exitCode: 3 } })],
        },
      },
      ['0/1', 'ExitCode:3', '0'],
    ],
    ['evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, ['0/1', 'Evicted', '0']],
    [
      'init container failed',
      {
        spec: { initContainers: init('i') },
        status: {
          initContainerStatuses: [
            container('i', { terminated: { exitCode: 2, reason: 'Error' } }, { restartCount: 3 }),
          ],
        },
      },
      ['0/1', 'Init:Error', '3'],
    ],
    [
      'init container killed by a signal',
      {
        spec: { initContainers: init('i') },
        status: {
          initContainerStatuses: [container('i', { terminated: { exitCode: 9, signal: 9 } })],
        },
      },
      ['0/1', 'Init:Signal:9', '0'],
    ],
    [
      'second init container runs',
      {
        spec: { initContainers: init('i', 'j') },
        status: {
          initContainerStatuses: [
            container('i', { terminated: { exitCode: 0 } }),
            container('j', running),
          ],
          containerStatuses: [container('c', { waiting: { reason: 'PodInitializing' } })],
        },
      },
      ['0/1', 'Init:1/2', '0'],
    ],
    [
      'sidecar starts',
      {
        spec: { initContainers: [{ name: 's', image: 'i', restartPolicy: 'Always' }] },
        status: { initContainerStatuses: [container('s', running, { started: false })] },
      },
      ['0/2', 'Init:0/1', '0'],
    ],
    [
      'one container done, one runs',
      {
        spec: { containers: init('c', 'd') },
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [
            container('c', { terminated: { exitCode: 0, reason: 'Completed' } }),
            container('d', running, { ready: true }),
          ],
        },
      },
      ['1/2', 'Running', '0'],
    ],
    [
      'one container done, one failed, one runs',
      {
        spec: { containers: init('c', 'd', 'e') },
        status: {
          phase: 'Running',
          containerStatuses: [
            container('c', { terminated: { exitCode: 0, reason: 'Completed' } }),
            container('d', { terminated: { exitCode: 1, reason: 'Error' } }),
            container('e', running, { ready: true }),
          ],
        },
      },
      ['1/3', 'Error', '0'],
    ],
    [
      'terminating',
      {
        metadata: { deletionTimestamp: CREATED },
        status: { phase: 'Running', containerStatuses: [container('c', running, { ready: true })] },
      },
      ['1/1', 'Terminating', '0'],
    ],
    [
      'lost with its node',
      {
        metadata: { deletionTimestamp: CREATED },
        status: { phase: 'Running', reason: 'NodeLost' },
      },
      ['0/1', 'Unknown', '0'],
    ],
    [
      'gated',
      {
        status: {
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
        },
      },
      ['0/1', 'SchedulingGated', '0'],
    ],
  ])('%s', (_title, parts, expected) => {
    expect(podCells(parts)).toEqual(expected);
  });
});

it('SS-744: sets show Name, Ready and Age; wide their containers and images', () => {
  const { columns } = kindTable(definitionOf('statefulsets'), '');
  expect(columns.map(({ name, priority }) => `${name} ${priority}`)).toEqual([
    'Name 0',
    'Ready 0',
    'Age 0',
    'Containers 1',
    'Images 1',
  ]);
  const spec = { replicas: 3, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } };
  const content = { spec, status: { replicas: 3, readyReplicas: 2 } };
  expect(cells('statefulsets', content)).toEqual(['x', '2/3', '30s', 'c', 'i']);
});

describe('API-801: cells of other kinds', () => {
  const template = {
    spec: {
      containers: [
        { name: 'c', image: 'reg.example/app:1' },
        { name: 'd', image: 'x:1' },
      ],
    },
  };
  it.each<[string, object, unknown[]]>([
    [
      'statefulsets',
      { spec: { replicas: 3, template }, status: { replicas: 3, readyReplicas: 2 } },
      ['x', '2/3', '30s', 'c,d', 'reg.example/app:1,x:1'],
    ],
    [
      'deployments',
      {
        spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template },
        status: { replicas: 5, readyReplicas: 3, updatedReplicas: 2, availableReplicas: 1 },
      },
      ['x', '3/4', 2, 1, '30s', 'c,d', 'reg.example/app:1,x:1', 'app=web'],
    ],
    [
      'services',
      {
        spec: {
          type: 'NodePort',
          clusterIPs: ['10.96.0.7'],
          ports: [
            { port: 80, nodePort: 30080, protocol: 'TCP' },
            { port: 53, nodePort: 30053, protocol: 'UDP' },
          ],
          selector: { app: 'web' },
        },
      },
      ['x', 'NodePort', '10.96.0.7', '<none>', '80:30080/TCP,53:30053/UDP', '30s', 'app=web'],
    ],
    [
      'services',
      { spec: { type: 'LoadBalancer', clusterIPs: ['10.96.0.7'] } },
      ['x', 'LoadBalancer', '10.96.0.7', '<pending>', '<none>', '30s', '<none>'],
    ],
    [
      'services',
      { spec: { type: 'ExternalName', externalName: 'db.example.com' } },
      ['x', 'ExternalName', '<none>', 'db.example.com', '<none>', '30s', '<none>'],
    ],
    [
      'endpointslices',
      {
        addressType: 'IPv4',
        endpoints: ['1', '2', '3', '4'].map((last) => ({ addresses: [`10.0.0.${last}`] })),
        ports: [80, 81, 82, 83].map((port) => ({ port })),
      },
      ['x', 'IPv4', '80,81,82 + 1 more...', '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...', '30s'],
    ],
    ['endpointslices', { addressType: 'IPv4' }, ['x', 'IPv4', '<unset>', '<unset>', '30s']],
    ['endpoints', {}, ['x', '<none>', '30s']],
    [
      'persistentvolumeclaims',
      {
        spec: { volumeName: 'pv1', storageClassName: 'fast', volumeMode: 'Filesystem' },
        status: {
          phase: 'Bound',
          capacity: { storage: '2Gi' },
          accessModes: ['ReadOnlyMany', 'ReadWriteOnce', 'ReadWriteMany'],
        },
      },
      ['x', 'Bound', 'pv1', '2Gi', 'RWO,ROX,RWX', 'fast', '<unset>', '30s', 'Filesystem'],
    ],
    [
      'persistentvolumeclaims',
      { spec: { volumeName: 'x', storageClassName: 'fast' }, status: { phase: 'Lost' } },
      ['x', 'Lost', 'x', '0', '', 'fast', '<unset>', '30s', '<unset>'],
    ],
    [
      'persistentvolumes',
      {
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: ['ReadWriteOncePod'],
          persistentVolumeReclaimPolicy: 'Delete',
          claimRef: { namespace: 'default', name: 'data' },
        },
        status: { phase: 'Released', reason: 'why' },
      },
      // prettier-ignore
      ['x', '1Gi', 'RWOP', 'Delete', 'Released', 'default/data', '', '<unset>', 'why', '30s', '<unset>'],
    ],
    [
      'nodes',
      {
        spec: { unschedulable: true },
        status: { conditions: [{ type: 'Ready', status: 'False' }] },
      },
      // prettier-ignore
      ['x', 'NotReady,SchedulingDisabled', '<none>', '30s', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>'],
    ],
    ['poddisruptionbudgets', { spec: { maxUnavailable: '50%' } }, ['x', 'N/A', '50%', 0, '30s']],
    [
      'mutatingadmissionpolicybindings',
      {
        spec: {
          policyName: 'p',
          paramRef: {
            selector: {
              matchLabels: { b: '2', a: '1' },
              matchExpressions: [{ key: 'k', operator: 'In', values: ['u', 'v'] }],
            },
          },
        },
      },
      [
        'x',
        'p',
        '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:' +
          '[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[u v],},},}',
        '30s',
      ],
    ],
    [
      'mutatingadmissionpolicies',
      { spec: { mutations: [{}], paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } } },
      ['x', 1, 'v1/ConfigMap', '30s'],
    ],
    [
      'validatingadmissionpolicybindings',
      { spec: { policyName: 'p', paramRef: { name: 'n' } } },
      ['x', 'p', '*/n', '30s'],
    ],
    [
      'ingresses',
      {
        spec: {
          rules: [{ host: 'a' }, {}, { host: 'b' }, { host: 'c' }, { host: 'd' }, {}],
          tls: [{}],
        },
        status: {
          loadBalancer: { ingress: [{ ip: '2.2.2.2' }, { hostname: 'h' }, { ip: '1.1.1.1' }] },
        },
      },
      ['x', '<none>', 'a,b,c + 3 more...', '1.1.1.1,2.2.2.2,h', '80, 443', '30s'],
    ],
    [
      'ingressclasses',
      {
        metadata: {
          name: 'x',
          creationTimestamp: ago(30),
          annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' },
        },
        spec: { controller: 'c', parameters: { apiGroup: 'g', kind: 'K', name: 'n' } },
      },
      ['x (default)', 'c', 'K.g/n', '30s'],
    ],
    [
      'ipaddresses',
      { spec: { parentRef: { group: '', resource: 'services', namespace: 'n', name: 's' } } },
      ['x', 'services/n/s', '30s'],
    ],
    [
      'prioritylevelconfigurations',
      { spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 3 } } },
      ['x', 'Exempt', '<none>', '<none>', '<none>', '<none>', '30s'],
    ],
    ['configmaps', { data: { a: '', b: '' }, binaryData: { c: '' } }, ['x', 3, '30s']],
    ['leases', { spec: { holderIdentity: 'me' } }, ['x', 'me', '30s']],
    ['storageclasses', { provisioner: 'p' }, ['x', 'p', 'Delete', 'Immediate', false, '30s']],
    [
      'events',
      {
        involvedObject: { kind: 'Pod', name: 'web-0', fieldPath: 'spec.containers{c}' },
        reason: 'R',
        message: ' text \n',
        type: 'Normal',
        eventTime: ago(13000),
        series: { count: 9, lastObservedTime: ago(7000) },
        reportingComponent: 'example.com/ctl',
        reportingInstance: 'i',
      },
      // prettier-ignore
      ['116m', 'Normal', 'R', 'pod/web-0', 'spec.containers{c}', 'example.com/ctl, i', 'text', '3h36m', 9, 'x'],
    ],
  ])('%s %#', (resource, content, expected) => {
    expect(cells(resource, content)).toEqual(expected);
  });

  it('every kind has as many cells as columns, also for an object with metadata only (API-806)', () => {
    for (const definition of builtinResources) {
      for (const subresource of ['', 'scale']) {
        const table = kindTable(definition, subresource);
        const bare = { apiVersion: 'v1', kind: 'X', metadata: { resourceVersion: '5' } };
        const isOdd = subresource === '' && definition.resource === 'ipaddresses';
        const count = table.columns.length + (isOdd ? 1 : 0);
        expect(table.cells(bare, NOW_MS), definition.resource).toHaveLength(count);
      }
    }
  });
});

describe('API-801: the table', () => {
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cm' }, data: {} };
  const request = {
    resource: definitionOf('configmaps'),
    subresource: '',
    version: 'v1',
    headers: true,
    nowMs: NOW_MS,
    metadata: { resourceVersion: '3' },
  };

  it('has columns with the texts of their fields, and rows with metadata', async () => {
    const table = (await loadTables())([configMap], { ...request, includeObject: 'Metadata' });
    expect(table).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '3' },
      columnDefinitions: [
        { name: 'Name', type: 'string', format: 'name', priority: 0 },
        { name: 'Data', type: 'string', format: '', priority: 0 },
        { name: 'Age', description: expect.stringMatching(/^CreationTimestamp is a timestamp/) },
      ],
      rows: [
        {
          cells: ['cm', 0, '<unknown>'],
          object: {
            kind: 'PartialObjectMetadata',
            apiVersion: 'meta.k8s.io/v1',
            metadata: { name: 'cm' },
          },
        },
      ],
    });
  });

  it('API-802: includes whole objects or none when asked, and refuses other words', async () => {
    const print = await loadTables();
    const options = { ...request, headers: false };
    expect(print([configMap], { ...options, includeObject: 'Object' })).toMatchObject({
      columnDefinitions: null,
      rows: [{ object: configMap }],
    });
    expect(print([configMap], { ...options, includeObject: 'None' })).toMatchObject({
      rows: [{ object: null }],
    });
    expect(() => parseIncludeObject('Other')).toThrow(
      "Unable to convert to Table as requested: includeObject: Invalid value: \"Other\": must be 'Metadata', 'Object', 'None', or empty",
    );
  });
});

it('API-820: API services show who serves, and why nobody does', () => {
  const condition = (status: string, reason = '') => ({
    status: { conditions: [{ type: 'Available', status, reason }] },
  });
  const remote = { spec: { service: { namespace: 'n', name: 's' } } };
  const shown = (content: object) => cells('apiservices', content).slice(1, 3);
  expect(shown({ spec: {}, ...condition('True', 'Local') })).toEqual(['Local', 'True']);
  expect(shown(remote)).toEqual(['n/s', 'Unknown']);
  expect(shown({ ...remote, ...condition('False', 'Why') })).toEqual(['n/s', 'False (Why)']);
  expect(shown({ ...remote, ...condition('False') })).toEqual(['n/s', 'False']);
});

it('API-820: a node without drivers has none', () => {
  expect(cells('csinodes', { spec: {} }).slice(0, 2)).toEqual(['x', 0]);
});
