// Runs the controller against the fake API under simulated time, for tests that prove rules.
import { afterEach, beforeEach } from 'vitest';
import type { Pod, StatefulSet } from '../../api/generated/types.ts';
import { nameOf, type JsonObject } from '../../api/meta/object.ts';
import { events, pods, statefulSets } from '../../api/resources.ts';
import { silentLogger } from '../../base/logger.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { MetricRegistry } from '../../base/metric-registry.ts';
import { seededRandom } from '../../base/random.ts';
import { formatTime } from '../../base/time.ts';
import type { Client } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi, type FakeApi } from '../../client/testing/fake-api.ts';
import { settle } from '../../client/testing/settle.ts';
import type { TransportRequest } from '../../client/transport.ts';
import { buildSet, DEFAULT_OPTIONS } from './plan/set-builder.ts';
import type { EngineOptions } from './plan/snapshot.ts';
import {
  createStatefulSetController,
  type StatefulSetController,
} from './statefulset-controller.ts';

export const namespace = 'shop';

const STEP_MS = 10;

export interface TestController {
  readonly clock: ManualClock;
  readonly api: FakeApi;
  readonly client: Client;
  readonly controller: StatefulSetController;
  readonly metrics: MetricRegistry;
  /** Lets everything happen that is due within 400 ms. */
  converge(): Promise<void>;
  /** Moves time by so much in small steps. */
  pass(ms: number): Promise<void>;
  /** Creates the set `web` and converges. */
  create(spec?: Partial<StatefulSet['spec']>, metadata?: JsonObject): Promise<void>;
  /** Changes the stored set and converges. */
  change(change: (set: StatefulSet) => void): Promise<void>;
  set(): StatefulSet;
  pod(name: string): Pod;
  podNames(): string[];
  /** Gives pods one after the other phase Running and condition Ready True. */
  ready(...names: string[]): Promise<void>;
  /** Gives a pod a phase, with condition Ready False. */
  phase(name: string, phase: string): Promise<void>;
  /** Creates a pod of the template's labels that nobody controls. */
  createOrphan(name: string, metadata?: Partial<Pod['metadata']>): Promise<void>;
  /** `Reason: message` of all events, equal ones together, in order of the first. */
  eventTexts(): Promise<string[]>;
  /** Writes since the last call: `POST pods/web-0`, `PUT statefulsets/web/status`. */
  writes(): string[];
  /** Requests whose text (as of `writes`) matches are answered with `error`; undefined: no more. */
  refuse(pattern: RegExp, error: (() => Error) | undefined): void;
}

/** A request as one short text. */
export function requestText({ method, path, body }: TransportRequest): string {
  const place = path.replace(/^.*\/namespaces\/[^/]+\//, '');
  const name = method === 'POST' ? `/${nameOf((body ?? {}) as Pod)}` : '';
  return `${method} ${place}${name}`;
}

/** Starts before each test of the file and stops after it. */
export function useController(options: EngineOptions = DEFAULT_OPTIONS): TestController {
  let parts: Parts;
  beforeEach(async () => {
    parts = await startParts(options);
  });
  afterEach(() => parts.stop());
  const name = { namespace, name: 'web' };
  let seen = 0;
  const kit: TestController = {
    get clock() {
      return parts.clock;
    },
    get api() {
      return parts.api;
    },
    get client() {
      return parts.client;
    },
    get controller() {
      return parts.controller;
    },
    get metrics() {
      return parts.metrics;
    },
    converge: () => kit.pass(400),
    async pass(ms) {
      for (let left = ms; left > 0; left -= STEP_MS) {
        await settle();
        kit.clock.advance(Math.min(left, STEP_MS));
      }
      await settle();
    },
    async create(spec = {}, metadata = {}) {
      seen = 0;
      const set = buildSet(spec);
      await kit.client
        .resource(statefulSets)
        .create({ ...set, metadata: { ...name, ...metadata } });
      await kit.converge();
    },
    async change(change) {
      const set = structuredClone(kit.set());
      change(set);
      await kit.client.resource(statefulSets).update(set);
      await kit.converge();
    },
    set: () => found(kit.api.get(statefulSets, name)),
    pod: (pod) => found(kit.api.get(pods, { namespace, name: pod })),
    podNames: () => kit.api.list(pods, namespace).map(nameOf),
    async ready(...names) {
      for (const pod of names) await reportStatus(kit, pod, { phase: 'Running', ready: 'True' });
    },
    phase: (pod, phase) => reportStatus(kit, pod, { phase, ready: 'False' }),
    async createOrphan(pod, metadata = {}) {
      const labels = { app: 'web' };
      await kit.client.resource(pods).create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace, name: pod, labels, ...metadata },
        spec: { containers: [] },
      });
      await kit.converge();
    },
    async eventTexts() {
      await kit.pass(1000);
      return kit.api
        .list(events, namespace)
        .flatMap(({ reason, message, count = 1 }) =>
          Array<string>(count).fill(`${reason}: ${message}`),
        );
    },
    writes() {
      const fresh = kit.api.requests.slice(seen);
      seen = kit.api.requests.length;
      return fresh
        .filter(({ method }) => method !== 'GET')
        .map(requestText)
        .filter((text) => !/ events|^PUT pods\/[^/]+\/status$/.test(text));
    },
    refuse(pattern, error) {
      kit.api.beforeRequest = (request) => {
        if (error && pattern.test(requestText(request))) throw error();
      };
    },
  };
  return kit;
}

interface Parts {
  readonly clock: ManualClock;
  readonly api: FakeApi;
  readonly client: Client;
  readonly controller: StatefulSetController;
  readonly metrics: MetricRegistry;
  stop(): Promise<void>;
}

async function startParts(options: EngineOptions): Promise<Parts> {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const api = createFakeApi({ clock, random });
  const client = createClient(api.transport);
  const logger = silentLogger;
  const informers = createInformerFactory({ client, clock, random, logger });
  const metrics = new MetricRegistry();
  const controller = createStatefulSetController(
    { client, informers, clock, random, logger, metrics },
    options,
  );
  await informers.start();
  await controller.start();
  await settle();
  const stop = async () => {
    let stopped = false;
    const stopping = controller.stop().then(() => (stopped = true));
    for (await settle(); !stopped; await settle()) clock.advance(1000); // a sync may be sleeping
    await stopping;
    await informers.stop();
  };
  return { clock, api, client, controller, metrics, stop };
}

function found<T>(object: T | undefined): T {
  if (object === undefined) throw new Error('the object is not there');
  return object;
}

async function reportStatus(
  kit: TestController,
  name: string,
  { phase, ready }: { phase: string; ready: string },
): Promise<void> {
  const lastTransitionTime = formatTime(kit.clock.now());
  const conditions = [{ type: 'Ready', status: ready, lastTransitionTime }];
  const pod = kit.pod(name);
  await kit.client.resource(pods).updateStatus({ ...pod, status: { phase, conditions } });
  await kit.converge();
}
