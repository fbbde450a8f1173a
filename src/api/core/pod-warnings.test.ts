import { expect, it } from 'vitest';
import type { Pod, PodStatus } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const container = { name: 'c', image: 'i' };
const podOf = (spec: JsonObject, metadata: JsonObject = {}) => ({
  metadata,
  spec: { containers: [container], ...spec },
});
const volume = (source: JsonObject) => podOf({ volumes: [{ name: 'v', ...source }] });
const affinity = (kind: string, term: JsonObject) =>
  podOf({ affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: term } } });

it.each<[JsonObject, string[]]>([
  [podOf({}), []],
  [
    podOf({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }),
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; ' +
        'use "kubernetes.io/os" instead',
    ],
  ],
  [
    affinity('nodeAffinity', {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'beta.kubernetes.io/arch', operator: 'Exists' }] },
      ],
    }),
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.' +
        'nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is ' +
        'deprecated since v1.14; use "kubernetes.io/arch" instead',
    ],
  ],
  [
    podOf({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'k', whenUnsatisfiable: 'DoNotSchedule' },
      ],
    }),
    [
      'spec.topologySpreadConstraints[0].labelSelector: ' +
        'a null labelSelector results in matching no pod',
    ],
  ],
  [
    podOf({ imagePullSecrets: [{ name: '' }] }),
    ['spec.imagePullSecrets[0].name: invalid empty name ""'],
  ],
  [
    podOf({ containers: [{ ...container, env: [{ name: 'A' }, { name: 'A', value: '1' }] }] }),
    [
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when ' +
        'using apply',
    ],
  ],
  [
    podOf({ containers: [{ ...container, resources: { requests: { memory: '500m' } } }] }),
    [
      'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
    ],
  ],
  [
    volume({ gitRepo: { repository: 'r' } }),
    ['spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+'],
  ],
  [
    podOf({ hostAliases: [{ ip: 'FE80::1' }] }),
    [
      'spec.hostAliases[0].ip: IPv6 address "FE80::1" should be in RFC 5952 canonical format ' +
        '("fe80::1")',
    ],
  ],
])('API-314: warnings about %j', (body, warnings) => {
  expect(create('pods', body).warnings).toEqual(warnings);
});

it.each<[JsonObject, string[]]>([
  [
    volume({ rbd: { monitors: [], image: '' } }),
    ['spec.volumes[0].rbd.monitors: Required value', 'spec.volumes[0].rbd.image: Required value'],
  ],
  [volume({ cephfs: { monitors: [] } }), ['spec.volumes[0].cephfs.monitors: Required value']],
  [
    volume({ azureDisk: { diskName: 'd', diskURI: 'u' } }),
    [
      'spec.volumes[0].azureDisk.diskURI: Unsupported value: "u": supported values: ' +
        '"https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
    ],
  ],
  [volume({ flexVolume: { driver: '' } }), ['spec.volumes[0].flexVolume.driver: Required value']],
  [
    volume({ iscsi: { targetPortal: '', iqn: 'x', lun: 256 } }),
    [
      'spec.volumes[0].iscsi.targetPortal: Required value',
      'spec.volumes[0].iscsi.iqn: Invalid value: "x": ' +
        'must be valid format starting with iqn, eui, or naa',
      'spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ],
  ],
  [
    podOf({ os: { name: 'linux' }, securityContext: { windowsOptions: { runAsUserName: 'u' } } }),
    [
      'spec.securityContext.windowsOptions: Forbidden: ' +
        'windows options cannot be set for a linux pod',
    ],
  ],
  [
    podOf({ overhead: { cpu: '-1' } }),
    ['spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
])('API-314: errors of %j', (body, errors) => {
  expect(create('pods', body).errors).toEqual(errors);
});

it('API-923: what is behind a gate that is off is not stored', () => {
  const { object } = create<Pod>(
    'pods',
    podOf({
      containers: [{ ...container, lifecycle: { stopSignal: 'SIGTERM' } }],
      os: { name: 'linux' },
      schedulingGroup: { podGroupName: 'g' },
    }),
  );
  expect(object.spec!.containers[0]!.lifecycle?.stopSignal).toBeUndefined();
  expect(object.spec!.schedulingGroup).toBeUndefined();
});

const statusOf = (status: PodStatus) =>
  update<Pod>('pods', podOf({}), (pod) => Object.assign(pod.status!, status), {
    subresource: 'status',
  });

it('API-314: a status speaks of claims and resources that the pod has', () => {
  const named = { name: 'c', image: 'i', imageID: '', ready: true, restartCount: 0 };
  const resources = [
    { resourceID: 'r', health: 'X' },
    { resourceID: 'r', health: 'Healthy' },
  ];
  const { errors } = statusOf({
    resourceClaimStatuses: [{ name: 'x' }],
    containerStatuses: [
      {
        ...named,
        user: { linux: { uid: -1, gid: 0 } },
        allocatedResourcesStatus: [{ name: 'example.com/r', resources }],
      },
    ],
  });
  expect(errors).toEqual([
    'status.resourceClaimStatuses[0].name: Invalid value: "x": ' +
      'must match the name of an entry in `spec.resourceClaims`',
    'status.containerStatuses[0].user.linux.uid: Invalid value: -1: ' +
      'must be between 0 and 2147483647, inclusive',
    'status.containerStatuses[0].allocatedResourcesStatus[0].name: ' +
      'Invalid value: "example.com/r": must match one of the container\'s resource requests',
    'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: ' +
      'Unsupported value: "X": supported values: "Healthy", "Unhealthy", "Unknown"',
    'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: ' +
      'Duplicate value: "r"',
  ]);
});

it('API-314: addresses in odd forms are warned about', () => {
  const ip = 'FE80::1';
  const form = `IPv6 address "${ip}" should be in RFC 5952 canonical format ("fe80::1")`;
  const { warnings } = statusOf({ podIPs: [{ ip }], hostIP: ip, hostIPs: [{ ip }] });
  expect(warnings).toEqual([`status.podIPs[0].ip: ${form}`, `status.hostIPs[0].ip: ${form}`]);
});
