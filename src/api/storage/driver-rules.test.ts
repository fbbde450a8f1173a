import { expect, it } from 'vitest';
import type { CSIDriver, CSINode, VolumeAttachment } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const DRIVERS = 'csidrivers.storage.k8s.io';
const NODES = 'csinodes.storage.k8s.io';
const CAPACITIES = 'csistoragecapacities.storage.k8s.io';
const ATTACHMENTS = 'volumeattachments.storage.k8s.io';
const CLASSES = 'volumeattributesclasses.storage.k8s.io';

const ofNode = (...drivers: JsonObject[]) => ({ spec: { drivers } });

it.each<[string, JsonObject, string[]]>([
  [DRIVERS, { spec: {} }, []],
  [
    DRIVERS,
    { spec: { fsGroupPolicy: 'X', volumeLifecycleModes: ['Y'] } },
    [
      'spec.fsGroupPolicy: Unsupported value: "X": ' +
        'supported values: "File", "None", "ReadWriteOnceWithFSType"',
      'spec.volumeLifecycleModes: Unsupported value: "Y": ' +
        'supported values: "Persistent", "Ephemeral"',
    ],
  ],
  [
    DRIVERS,
    { spec: { tokenRequests: [{ audience: 'a', expirationSeconds: 1 }, { audience: 'a' }] } },
    [
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 1: ' +
        'may not specify a duration less than 10 minutes',
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
    ],
  ],
  [
    DRIVERS,
    { spec: { nodeAllocatableUpdatePeriodSeconds: 9, serviceAccountTokenInSecrets: true } },
    [
      'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: ' +
        'must be greater than or equal to 10 seconds',
      'spec.serviceAccountTokenInSecrets: Invalid value: true: ' +
        'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
    ],
  ],
  [
    NODES,
    ofNode({ name: 'a', nodeID: '', topologyKeys: ['k', 'k'] }, { name: 'a', nodeID: 'n' }),
    [
      'spec.drivers[0].nodeID: Required value',
      'spec.drivers[0]: Duplicate value: "k"',
      'spec.drivers[1].name: Duplicate value: "a"',
    ],
  ],
  [
    CAPACITIES,
    { storageClassName: 'c', capacity: '-1' },
    ['capacity: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    ATTACHMENTS,
    { spec: { attacher: 'a', nodeName: 'n', source: {} } },
    [
      'spec.source: Required value: ' +
        'must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ],
  ],
  [
    ATTACHMENTS,
    { spec: { attacher: 'a', nodeName: 'n', source: { inlineVolumeSpec: { claimRef: {} } } } },
    [
      'spec.source.inlineVolumeSpec.claimRef: Forbidden: ' +
        'may not be specified in the context of inline volumes',
      'spec.source.inlineVolumeSpec.csi: Required value: ' +
        'has to be specified in the context of inline volumes',
      'spec.source.inlineVolumeSpec.accessModes: Required value',
      'spec.source.inlineVolumeSpec: Required value: must specify a volume type',
    ],
  ],
  [
    CLASSES,
    { driverName: '' },
    [
      'driverName: Required value',
      'parameters: Required value: must contain at least one key/value pair',
    ],
  ],
])('API-314: a new object of %s: %j', (kind, body, errors) => {
  expect(create(kind, body).errors).toEqual(errors);
});

it('API-314: of a driver the ways to attach never change', () => {
  const { errors, object } = update<CSIDriver>(DRIVERS, { spec: {} }, ({ spec }) => {
    spec.attachRequired = false;
  });
  expect(errors).toEqual(['spec.attachedRequired: Invalid value: false: field is immutable']);
  expect(object.metadata.generation).toBe(1);
});

it('API-314: of the drivers of a node only the number of volumes may change', () => {
  const body = ofNode({ name: 'a', nodeID: 'n' });
  const change = (driver: JsonObject) =>
    update<CSINode>(NODES, body, ({ spec }) => Object.assign(spec.drivers[0]!, driver)).errors;
  expect(change({ allocatable: { count: 3 } })).toEqual([]);
  expect(change({ nodeID: 'm' })).toEqual([
    'spec.drivers: Invalid value: ' +
      '{"Name":"a","NodeID":"m","TopologyKeys":null,"Allocatable":null}: field is immutable',
  ]);
});

it('API-314: a status tells of errors that are not too long', () => {
  const body = { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } } };
  const { object, errors } = update<VolumeAttachment>(
    ATTACHMENTS,
    body,
    ({ metadata, status }) => {
      metadata.labels = { a: 'b' };
      status!.attachError = { message: 'x'.repeat(1025), errorCode: -1 };
    },
    { subresource: 'status' },
  );
  expect(object.metadata.labels).toBeUndefined();
  expect(errors).toEqual([
    'status.attachError.message: Too long: may not be more than 262144 bytes',
    'status.attachError.errorCode: Invalid value: -1: ' +
      'must be between 0 and 2147483647, inclusive',
  ]);
});

it('API-314: drivers that get tokens among the attributes are warned about', () => {
  const { warnings } = create(DRIVERS, { spec: { tokenRequests: [{ audience: 'a' }] } });
  expect(warnings.join()).toContain('spec.serviceAccountTokenInSecrets is unset');
});
