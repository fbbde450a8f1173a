import { describe, expect, it } from 'vitest';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../../api/generated/types.ts';
import { nameOf } from '../../../api/meta/object.ts';
import { chooseNode } from './choose-node.ts';
import { buildCluster, buildNode, buildPod } from './cluster.fixture.ts';
import { podFacts } from './pod-facts.ts';
import type { VolumeView } from './pod-volumes.ts';

const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-0' } }];
const pod = buildPod('web-0', { spec: { volumes } });
const nodes = [buildNode('a'), buildNode('b')];

function buildClaim(change: Partial<PersistentVolumeClaim> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data-web-0', namespace: 'shop', uid: 'claim-uid', ...change.metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      resources: { requests: { storage: '1Gi' } },
      ...change.spec,
    },
    status: change.status ?? { phase: 'Pending' },
  };
}

function buildVolume(name: string, node: string, storage = '1Gi'): PersistentVolume {
  const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } },
    },
    status: { phase: 'Available' },
  };
}

const localClass = (provisioner: string): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local' },
  provisioner,
  volumeBindingMode: 'WaitForFirstConsumer',
});

function decide(claim: PersistentVolumeClaim | undefined, view: Partial<VolumeView> = {}) {
  const cluster = buildCluster(nodes, {
    claim: () => claim,
    storageClass: () => localClass('ordinal.dev/local'),
    ...view,
  });
  return chooseNode(podFacts(pod), cluster);
}

function message(claim: PersistentVolumeClaim | undefined, view: Partial<VolumeView> = {}): string {
  const decision = decide(claim, view);
  return decision.node ? '' : decision.message;
}

const bound = buildClaim({
  metadata: { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
  spec: { volumeName: 'pv' },
  status: { phase: 'Bound' },
});

describe('claims that no node can help', () => {
  it.each([
    ['missing', undefined, 'persistentvolumeclaim "data-web-0" not found'],
    [
      'being deleted',
      buildClaim({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      'persistentvolumeclaim "data-web-0" is being deleted',
    ],
    [
      'lost',
      buildClaim({ spec: { volumeName: 'pv' }, status: { phase: 'Lost' } }),
      'persistentvolumeclaim "data-web-0" bound to non-existent persistentvolume "pv"',
    ],
    [
      'bound to a volume that is gone',
      bound,
      'persistentvolumeclaim "data-web-0" bound to non-existent persistentvolume "pv"',
    ],
  ])('SS-873: a claim that is %s', (_, claim, reason) => {
    expect(message(claim)).toBe(`0/2 nodes are available: ${reason}.`);
  });

  it('SS-864: an unbound claim of an immediate class is the binder’s turn', () => {
    expect(message(buildClaim(), { storageClass: () => undefined })).toBe(
      '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
    );
  });

  it('SS-875: ReadWriteOncePod is for one pod in the whole cluster', () => {
    const claim = buildClaim({ spec: { accessModes: ['ReadWriteOncePod'] } });
    expect(message(claim, { isUsedByOther: () => true })).toContain('ReadWriteOncePod');
    expect(decide(claim).node).toBeDefined();
  });
});

describe('volumes choose nodes', () => {
  it('a bound volume takes the pod to its node', () => {
    expect(decide(bound, { volume: () => buildVolume('pv', 'b') }).node?.name).toBe('b');
    expect(message(bound, { volume: () => buildVolume('pv', 'elsewhere') })).toBe(
      "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
    );
  });

  it('SS-864: a waiting claim takes a volume of the node, the smallest that suffices', () => {
    const all = [buildVolume('large', 'b', '9Gi'), buildVolume('small', 'b', '2Gi')];
    const decision = decide(buildClaim(), {
      storageClass: () => localClass('kubernetes.io/no-provisioner'),
      volumesOf: () => all,
    });
    expect(decision.node?.name).toBe('b');
    const reserved = decision.node ? decision.volumes.reserve : [];
    expect(reserved.map(({ volume }) => nameOf(volume))).toEqual(['small']);
  });

  it('leaves a volume that was promised to another claim', () => {
    const view = {
      storageClass: () => localClass('kubernetes.io/no-provisioner'),
      volumesOf: () => [buildVolume('pv', 'b')],
    };
    expect(message(buildClaim(), { ...view, reservation: () => 'shop/other' })).toBe(
      "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.",
    );
    expect(
      decide(buildClaim(), { ...view, reservation: () => 'shop/data-web-0' }).node,
    ).toBeDefined();
  });

  it('SS-864: a claim whose node was selected stays with it', () => {
    const annotations = { 'volume.kubernetes.io/selected-node': 'b' };
    const decision = decide(buildClaim({ metadata: { annotations } }));
    expect(decision.node?.name).toBe('b');
    expect(decision.node && decision.volumes.provision.map(nameOf)).toEqual(['data-web-0']);
  });
});
