// Kinds with few rules: namespaces, nodes, endpoints, slices, events, leases, classes, budgets,
// revisions and deployments.
import { describe, expect, test } from 'vitest';
import type {
  ControllerRevision,
  Deployment,
  EndpointSlice,
  Lease,
  Namespace,
  Node,
  PersistentVolume,
  PodDisruptionBudget,
  StorageClass,
} from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

describe('namespaces', () => {
  test('API-909: a new one is active, labelled with its name and held by kubernetes', () => {
    const { object, errors } = create<Namespace>('namespaces', { metadata: { name: 'n' } });
    expect(errors).toEqual([]);
    expect(object).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });

  test('API-909: the phase says whether it is being deleted', () => {
    const { errors } = update<Namespace>(
      'namespaces',
      { metadata: { name: 'n' } },
      ({ status }) => (status!.phase = 'Terminating'),
      { subresource: 'status' },
    );
    expect(errors).toEqual([
      'status.Phase: Invalid value: "Terminating": ' +
        "may only be 'Active' if `deletionTimestamp` is empty",
    ]);
  });
});

describe('nodes', () => {
  test('a node keeps the status it registers with', () => {
    const { object } = create<Node>('nodes', { status: { capacity: { cpu: '2' } } });
    expect(object.status).toMatchObject({ capacity: { cpu: '2' }, allocatable: { cpu: '2' } });
  });

  test('taints are unique by key and effect', () => {
    const taint = { key: 'a', effect: 'NoSchedule' };
    expect(create('nodes', { spec: { taints: [taint, taint, { key: 'b' }] } }).errors).toEqual([
      'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule",' +
        '"TimeAdded":null}: taints must be unique by key and effect pair',
      'metadata.taints[2].effect: Required value',
    ]);
  });

  test('a pod range is set once', () => {
    const { errors } = update<Node>('nodes', { spec: { podCIDR: '10.1.0.0/24' } }, ({ spec }) =>
      Object.assign(spec!, { podCIDR: '10.2.0.0/24', podCIDRs: ['10.2.0.0/24'] }),
    );
    expect(errors).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    ]);
  });
});

describe('endpoints and slices', () => {
  const SLICES = 'endpointslices.discovery.k8s.io';
  const slice = (fields: JsonObject): JsonObject => ({ addressType: 'IPv4', ...fields });

  test('endpoints have addresses', () => {
    const subsets = [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }, {}];
    const { errors } = create('endpoints', { subsets });
    expect(errors).toEqual([
      'subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`',
    ]);
  });

  test('addresses of a slice are of its type', () => {
    const ports = [
      { name: 'a', port: 1 },
      { name: 'a', port: 2 },
    ];
    const endpoints = [{ addresses: ['::1', 'x'] }, { addresses: [] }];
    expect(create(SLICES, slice({ ports, endpoints })).errors).toEqual([
      'ports[1].name: Duplicate value: "a"',
      'endpoints[0].addresses: Invalid value: "::1": must be an IPv4 address',
      'endpoints[0].addresses[0]: Invalid value: "::1": ' +
        'may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'endpoints[0].addresses[1]: Invalid value: "x": ' +
        'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'endpoints[1].addresses: Required value: must contain at least 1 address',
    ]);
  });

  test('API-404: labels of a slice bump its generation, annotations do not', () => {
    const generation = (edit: (object: EndpointSlice) => void) =>
      update<EndpointSlice>(SLICES, slice({}), edit).object.metadata.generation;
    expect(generation(({ metadata }) => (metadata.labels = { a: 'b' }))).toBe(2);
    expect(generation(({ metadata }) => (metadata.annotations = { a: 'b' }))).toBe(1);
  });
});

describe('events', () => {
  const event = (fields: JsonObject) => create('events', fields).errors;

  test('an event is in the namespace of what it is about', () => {
    expect(event({ involvedObject: { namespace: 'ns' } })).toEqual([]);
    expect(event({ involvedObject: { namespace: 'other' } })).toEqual([
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ]);
    const metadata = { name: 'e', namespace: 'default' };
    expect(event({ metadata, involvedObject: { kind: 'Node' } })).toEqual([]);
  });

  test('an event with eventTime says who reports what', () => {
    const involvedObject = { namespace: 'ns' };
    const eventTime = '2026-01-02T03:04:05.000000Z';
    const reportingComponent = 'example.com/x';
    expect(event({ involvedObject, eventTime, reportingComponent, reason: 'R' })).toEqual([
      'reportingInstance: Required value',
      'action: Required value',
    ]);
  });
});

describe('leases, classes, budgets and revisions', () => {
  test('lease durations are positive', () => {
    const spec = { leaseDurationSeconds: 0, leaseTransitions: -1 };
    expect(create<Lease>('leases.coordination.k8s.io', { spec }).errors).toEqual([
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });

  test('storage classes: defaults, modes and what never changes', () => {
    const CLASSES = 'storageclasses.storage.k8s.io';
    const { object } = create<StorageClass>(CLASSES, { provisioner: 'local' });
    expect(object).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
    expect(create(CLASSES, { volumeBindingMode: 'Later' }).errors).toEqual([
      'provisioner: Required value',
      'volumeBindingMode: Unsupported value: "Later": ' +
        'supported values: "Immediate", "WaitForFirstConsumer"',
    ]);
    const { errors } = update<StorageClass>(CLASSES, { provisioner: 'local' }, (changed) => {
      changed.allowVolumeExpansion = true;
      changed.parameters = { a: 'b' };
      changed.provisioner = 'x';
    });
    expect(errors).toEqual([
      'parameters: Invalid value: {"a":"b"}: field is immutable',
      'provisioner: Invalid value: "x": field is immutable',
    ]);
  });

  test('budgets: one bound, a number or a percentage', () => {
    const errorsOf = (spec: JsonObject) =>
      create<PodDisruptionBudget>('poddisruptionbudgets.policy', { spec }).errors;
    expect(errorsOf({ minAvailable: 1, maxUnavailable: 1 })).toEqual([
      'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,' +
        '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ]);
    expect(errorsOf({ minAvailable: '101%' })).toEqual([
      'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
    ]);
    expect(errorsOf({ maxUnavailable: 'half' })[0]).toMatch(/a valid percent string must be/);
  });

  test('SS-534: the data of a revision is an object and never changes', () => {
    const REVISIONS = 'controllerrevisions.apps';
    expect(create(REVISIONS, { revision: 1 }).errors).toEqual([
      'data: Required value: data is mandatory',
    ]);
    const { errors } = update<ControllerRevision>(
      REVISIONS,
      { revision: 1, data: { a: 1 } },
      (revision) => {
        revision.data = { a: 2 };
        revision.revision = -1;
      },
    );
    expect(errors).toEqual([
      'revision: Invalid value: -1: must be greater than or equal to 0',
      'data: Invalid value: {"a":2}: field is immutable',
    ]);
  });
});

describe('deployments', () => {
  const DEPLOYMENTS = 'deployments.apps';
  const body = (spec: JsonObject = {}): JsonObject => ({
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
      ...spec,
    },
  });
  const errorsOf = (spec: JsonObject) => create<Deployment>(DEPLOYMENTS, body(spec)).errors;

  test('API-923: strategy, deadline and history', () => {
    expect(create<Deployment>(DEPLOYMENTS, body()).object.spec).toMatchObject({
      replicas: 1,
      strategy: {
        type: 'RollingUpdate',
        rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' },
      },
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
    });
  });

  test('strategy and deadline', () => {
    expect(errorsOf({ strategy: { type: 'Recreate', rollingUpdate: {} } })).toEqual([
      'spec.strategy.rollingUpdate: Forbidden: ' +
        "may not be specified when strategy `type` is 'Recreate'",
    ]);
    const rollingUpdate = { maxSurge: 0, maxUnavailable: 0 };
    expect(errorsOf({ strategy: { rollingUpdate }, minReadySeconds: 600 })).toEqual([
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: ' +
        'may not be 0 when `maxSurge` is 0',
      'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
    ]);
  });

  test('API-404: annotations count for the generation', () => {
    const { object } = update<Deployment>(
      DEPLOYMENTS,
      body(),
      ({ metadata }) => (metadata.annotations = { a: 'b' }),
    );
    expect(object.metadata.generation).toBe(2);
  });

  test('the selector never changes', () => {
    const { errors } = update<Deployment>(DEPLOYMENTS, body(), ({ spec }) => {
      spec!.selector = { matchLabels: { app: 'x' } };
      spec!.template!.metadata!.labels = { app: 'x' };
    });
    expect(errors).toEqual([
      'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable',
    ]);
  });
});

test('a cluster-scoped object has no namespace', () => {
  const metadata = { name: 'v', namespace: 'ns' };
  expect(create<PersistentVolume>('persistentvolumes', { metadata }).errors[0]).toBe(
    'metadata.namespace: Forbidden: not allowed on this type',
  );
});
