// What the binder writes, write by write. Its answers to users are proven against the real server
// in test/controllers/volumes.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from '../../api/generated/types.ts';
import {
  events,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../api/resources.ts';
import { nameOf } from '../../api/meta/object.ts';
import { present } from '../../base/assert.ts';
import { silentLogger } from '../../base/logger.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi, type FakeApi } from '../../client/testing/fake-api.ts';
import { settle } from '../../client/testing/settle.ts';
import type { VolumeBackend } from './volume-backend.ts';
import { createPersistentVolumeController } from './persistentvolume-controller.ts';

const namespace = 'shop';
const claimName = { namespace, name: 'data' };
let clock: ManualClock;
let api: FakeApi;
let client: Client;
let running: Runnable[];
/** How often removing the data of a volume goes wrong. */
let failures: number;
/** Names of the volumes whose data were removed. */
let removed: string[];

const backend: VolumeBackend = {
  create: async () => {},
  async delete(volume) {
    if (failures-- > 0) throw new Error('the disk is busy');
    removed.push(nameOf(volume));
  },
};

beforeEach(async () => {
  failures = 0;
  removed = [];
  clock = new ManualClock();
  const random = seededRandom(1);
  api = createFakeApi({ clock, random });
  client = createClient(api.transport);
  const logger = silentLogger;
  const informers = createInformerFactory({ client, clock, random, logger });
  const controller = createPersistentVolumeController(
    { client, informers, clock, random, logger },
    { volumesDirectory: '/volumes', backend },
  );
  running = [controller, informers];
  await informers.start();
  await controller.start();
  await settle();
});

afterEach(async () => {
  for (const part of running) await part.stop();
});

async function converge(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await settle();
    clock.advance(20);
  }
  await settle();
}

/** What was written to claims and volumes so far, in order, each as a few words. */
function writes(): string[] {
  return api.requests.flatMap(({ method, path, body }) => {
    if (method !== 'PUT') return [];
    const isVolume = path.includes('/persistentvolumes/');
    const isStatus = path.endsWith('/status');
    const written = body as PersistentVolume & PersistentVolumeClaim;
    if (isVolume && isStatus) return [`volume phase ${written.status?.phase}`];
    if (isVolume) {
      const { claimRef, capacity } = written.spec ?? {};
      return [`volume for ${claimRef?.name} of ${capacity?.['storage']}`];
    }
    if (!isStatus) return [`claim of ${written.spec?.volumeName}`];
    const { phase, capacity, conditions = [] } = written.status ?? {};
    const types = conditions.map(({ type, status }) => `${type}=${status}`);
    return [['claim', phase, capacity?.['storage'], ...types].join(' ')];
  });
}

async function createClass(parts: Partial<StorageClass>): Promise<void> {
  const storageClass = { provisioner: 'example.com/disk', ...parts };
  const metadata = { name: 'disk' };
  await client
    .resource(storageClasses)
    .create({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata, ...storageClass });
}

async function createVolume(name: string, spec: PersistentVolume['spec'] = {}): Promise<void> {
  await client.resource(persistentVolumes).create({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'disk',
      ...spec,
    },
  });
  await converge();
}

async function createClaim(): Promise<void> {
  await client.resource(persistentVolumeClaims).create({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: claimName,
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'disk',
      resources: { requests: { storage: '1Gi' } },
    },
  });
  await converge();
}

async function request(storage: string): Promise<void> {
  const body = { spec: { resources: { requests: { storage } } } };
  await client.resource(persistentVolumeClaims).patch(claimName, { type: 'merge', body });
  await converge();
}

const claimStatus = () => api.get(persistentVolumeClaims, claimName)?.status;

const reasons = async () => {
  clock.advance(1000);
  await settle();
  return api.list(events, namespace).map(({ type, reason }) => `${type} ${reason}`);
};

describe('binding', () => {
  it('SS-861: volume, phase of the volume, claim, phase of the claim: in this order', async () => {
    await createVolume('a');
    expect(writes()).toEqual(['volume phase Available']);
    await createClaim();
    expect(writes().slice(1)).toEqual([
      'volume for data of 1Gi',
      'volume phase Bound',
      'claim of a',
      'claim Bound 1Gi',
    ]);
  });

  it.each([1, 2, 3, 4])('SS-861: a binding that fails at write %s is completed', async (nth) => {
    await createVolume('a');
    let count = 0;
    api.beforeRequest = ({ method }) => {
      if (method === 'PUT' && ++count === nth) throw new Error('connection lost');
    };
    await createClaim();
    clock.advance(60_000);
    await converge();
    expect(count).toBe(5);
    expect(claimStatus()).toMatchObject({ phase: 'Bound', capacity: { storage: '1Gi' } });
    expect(api.get(persistentVolumes, { name: 'a' })?.status?.phase).toBe('Bound');
  });
});

async function createNode(): Promise<void> {
  const labels = { 'kubernetes.io/hostname': 'machine' };
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels } };
  const ready = { conditions: [{ type: 'Ready', status: 'True' }] };
  const created = await client.resource(nodes).create(node);
  await client.resource(nodes).updateStatus({ ...created, status: ready });
}

describe('the end of a claim', () => {
  it('SS-869: Delete removes data and volume; a failure is told and tried again', async () => {
    await createNode();
    await createClass({ provisioner: 'ordinal.dev/local' });
    await createClaim();
    const volume = nameOf(present(api.list(persistentVolumes)[0], 'volume'));
    failures = 1;
    let phases: (string | undefined)[] = [];
    api.beforeRequest = ({ method, path, body }) => {
      if (method !== 'PUT' || !path.includes('/persistentvolumes/')) return;
      phases = [...phases, (body as PersistentVolume).status?.phase];
    };
    await client.resource(persistentVolumeClaims).delete(claimName);
    await converge();
    clock.advance(60_000);
    await converge();
    expect(phases).toEqual(['Released', 'Failed']);
    expect(removed).toEqual([volume]);
    expect(api.list(persistentVolumes)).toEqual([]);
  });
});

describe('growth', () => {
  it('SS-874: a volume of ours grows; the claim says Resizing until its capacity has followed', async () => {
    await createNode();
    await createClass({ provisioner: 'ordinal.dev/local', allowVolumeExpansion: true });
    await createClaim();
    const before = writes().length;
    await request('3Gi');
    expect(writes().slice(before)).toEqual([
      'claim Bound 1Gi Resizing=True',
      'volume for data of 3Gi',
      'claim Bound 3Gi',
    ]);
    expect(await reasons()).toContain('Normal VolumeResizeSuccessful');
  });

  it('SS-874: a volume of somebody else is left to its provisioner, and an event says so', async () => {
    await createClass({ allowVolumeExpansion: true });
    await createVolume('a');
    await createClaim();
    const before = writes().length;
    await request('3Gi');
    expect(writes().slice(before)).toEqual([]);
    expect(claimStatus()?.capacity).toEqual({ storage: '1Gi' });
    expect(await reasons()).toContain('Normal ExternalExpanding');
  });
});
