import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import {
  controllerRevisions,
  events,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../api/resources.ts';
import { silentLogger } from '../../base/logger.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi, type FakeApi } from '../../client/testing/fake-api.ts';
import { settle } from '../../client/testing/settle.ts';
import { buildSet } from './plan/set-builder.ts';
import { createStatefulSetController } from './statefulset-controller.ts';

const namespace = 'shop';
let clock: ManualClock;
let api: FakeApi;
let client: Client;
let running: Runnable[];

beforeEach(async () => {
  clock = new ManualClock();
  const random = seededRandom(1);
  api = createFakeApi({ clock, random });
  client = createClient(api.transport);
  const informers = createInformerFactory({ client, clock, random, logger: silentLogger });
  const controller = createStatefulSetController(
    { client, informers, clock, random, logger: silentLogger },
    { maxUnavailable: false, emulatedVersion: '1.36' },
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
  for (let turn = 0; turn < 20; turn++) {
    await settle();
    clock.advance(20);
  }
  await settle();
}

async function makeReady(name: string): Promise<void> {
  const pod = await client.resource(pods).get({ namespace, name });
  const condition = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' };
  const status: Pod['status'] = { phase: 'Running', conditions: [condition] };
  await client.resource(pods).updateStatus({ ...pod, status });
  await converge();
}

const podNames = () => api.list(pods, namespace).map(nameOf);

async function createWeb(spec: Parameters<typeof buildSet>[0] = {}): Promise<void> {
  const set = buildSet(spec);
  await client.resource(statefulSets).create({ ...set, metadata: { name: 'web', namespace } });
  await converge();
}

/** The fake server has no defaulting: a new pod gets its phase here. */
async function startPods(...names: string[]): Promise<void> {
  for (const name of names) await makeReady(name);
}

const claimTemplate = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data' },
  spec: { accessModes: ['ReadWriteOnce'] },
};

describe('StatefulSet controller', () => {
  it('SS-208, SS-320, SS-524: revision, claim and pod, then the next pod when the first is ready', async () => {
    await createWeb({ volumeClaimTemplates: [claimTemplate] });
    expect(podNames()).toEqual(['web-0']);
    expect(api.list(persistentVolumeClaims, namespace).map(nameOf)).toEqual(['data-web-0']);
    expect(api.list(controllerRevisions, namespace)).toHaveLength(1);
    await startPods('web-0', 'web-1', 'web-2');
    expect(podNames()).toEqual(['web-0', 'web-1', 'web-2']);
    const revision = api.list(controllerRevisions, namespace).map(nameOf)[0];
    expect(api.get(statefulSets, { namespace, name: 'web' })?.status).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      currentReplicas: 3,
      updatedReplicas: 3,
      currentRevision: revision,
      updateRevision: revision,
      observedGeneration: 1,
    });
  });

  it('SS-651: one SuccessfulCreate a pod and one a claim', async () => {
    await createWeb({ replicas: 1, volumeClaimTemplates: [claimTemplate] });
    clock.advance(1000);
    await converge();
    expect(api.list(events, namespace).map(({ reason, message }) => [reason, message])).toEqual([
      ['SuccessfulCreate', 'Create Claim data-web-0 Pod web-0 in StatefulSet web success'],
      ['SuccessfulCreate', 'Create Pod web-0 in StatefulSet web successful'],
    ]);
  });

  it('SS-402, SS-431: a new template rolls from the highest ordinal, one pod at a time', async () => {
    await createWeb();
    await startPods('web-0', 'web-1', 'web-2');
    const before = new Map(api.list(pods, namespace).map((pod) => [nameOf(pod), pod.metadata.uid]));
    const set = structuredClone(
      await client.resource(statefulSets).get({ namespace, name: 'web' }),
    );
    const container = set.spec?.template.spec?.containers[0];
    if (container) container.image = 'nginx:2';
    await client.resource(statefulSets).update(set);
    await converge();
    const replaced = () =>
      api
        .list(pods, namespace)
        .filter((pod) => pod.metadata.uid !== before.get(nameOf(pod)))
        .map(nameOf);
    expect(replaced()).toEqual(['web-2']);
    await startPods('web-2');
    expect(replaced()).toEqual(['web-1', 'web-2']);
    await startPods('web-1', 'web-0');
    const { status } = await client.resource(statefulSets).get({ namespace, name: 'web' });
    expect(status?.currentRevision).toBe(status?.updateRevision);
    expect(status?.updatedReplicas).toBe(3);
  });

  it('SS-801: with a cache older than its own write it does not act', async () => {
    await createWeb();
    api.pauseWatches();
    await client.resource(pods).delete({ namespace, name: 'web-0' });
    await converge();
    const creations = () =>
      api.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/pods')).length;
    const before = creations();
    clock.advance(60_000);
    await converge();
    expect(creations()).toBe(before);
    api.resumeWatches();
    clock.advance(60_000);
    await converge();
    expect(podNames()).toEqual(['web-0']);
  });
});
