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

/** A request as one short text. */
function requestText({ method, path, body }: TransportRequest): string {
  const place = path.replace(/^.*\/namespaces\/[^/]+\//, '');
  const name = method === 'POST' ? `/${nameOf((body ?? {}) as Pod)}` : '';
  return `${method} ${place}${name}`;
}

/** The controller on a fake API, with shortcuts around the set `web`. */
export class TestController {
  readonly #options: EngineOptions;
  #parts: Parts | undefined;
  /** Requests that `writes` has told of. */
  #told = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#told = 0;
    this.#parts = await startParts(this.#options);
  }

  async stop(): Promise<void> {
    await this.#parts?.stop();
  }

  get #running(): Parts {
    return found(this.#parts);
  }

  get clock(): ManualClock {
    return this.#running.clock;
  }

  get api(): FakeApi {
    return this.#running.api;
  }

  get client(): Client {
    return this.#running.client;
  }

  get controller(): StatefulSetController {
    return this.#running.controller;
  }

  get metrics(): MetricRegistry {
    return this.#running.metrics;
  }

  /** Lets everything happen that is due within 400 ms. */
  converge(): Promise<void> {
    return this.pass(400);
  }

  /** Moves time by so much in small steps. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await settle();
      this.clock.advance(Math.min(left, STEP_MS));
    }
    await settle();
  }

  /** Creates the set `web` and converges. */
  async create(spec: Partial<StatefulSet['spec']> = {}, metadata: JsonObject = {}): Promise<void> {
    this.#told = 0;
    const set = { ...buildSet(spec), metadata: { namespace, name: 'web', ...metadata } };
    await this.client.resource(statefulSets).create(set);
    await this.converge();
  }

  /** Changes the stored set and converges. */
  async change(change: (set: StatefulSet) => void): Promise<void> {
    const set = structuredClone(this.set());
    change(set);
    await this.client.resource(statefulSets).update(set);
    await this.converge();
  }

  set(): StatefulSet {
    return found(this.api.get(statefulSets, { namespace, name: 'web' }));
  }

  pod(name: string): Pod {
    return found(this.api.get(pods, { namespace, name }));
  }

  podNames(): string[] {
    return this.api.list(pods, namespace).map(nameOf);
  }

  /** Gives pods one after the other phase Running and condition Ready True. */
  async ready(...names: string[]): Promise<void> {
    for (const name of names) await this.#report(name, { phase: 'Running', ready: 'True' });
  }

  /** Gives a pod a phase, with condition Ready False. */
  phase(name: string, phase: string): Promise<void> {
    return this.#report(name, { phase, ready: 'False' });
  }

  async #report(name: string, { phase, ready }: { phase: string; ready: string }): Promise<void> {
    const lastTransitionTime = formatTime(this.clock.now());
    const conditions = [{ type: 'Ready', status: ready, lastTransitionTime }];
    const pod = this.pod(name);
    await this.client.resource(pods).updateStatus({ ...pod, status: { phase, conditions } });
    await this.converge();
  }

  /** Creates a pod of the template's labels that nobody controls. */
  async createOrphan(name: string, metadata: Partial<Pod['metadata']> = {}): Promise<void> {
    const labels = { app: 'web' };
    await this.client.resource(pods).create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name, labels, ...metadata },
      spec: { containers: [] },
    });
    await this.converge();
  }

  /** `Reason: message` of all events, equal ones together, in order of the first. */
  async eventTexts(): Promise<string[]> {
    await this.pass(1000);
    return this.api
      .list(events, namespace)
      .flatMap(({ reason, message, count = 1 }) =>
        Array<string>(count).fill(`${reason}: ${message}`),
      );
  }

  /** Writes since the last call: `POST pods/web-0`, `PUT statefulsets/web/status`. */
  writes(): string[] {
    const fresh = this.api.requests.slice(this.#told);
    this.#told = this.api.requests.length;
    return fresh
      .filter(({ method }) => method !== 'GET')
      .map(requestText)
      .filter((text) => !/ events|^PUT pods\/[^/]+\/status$/.test(text));
  }

  /** Requests whose text (as of `writes`) matches are answered with `error`; undefined: no more. */
  refuse(pattern: RegExp, error: (() => Error) | undefined): void {
    this.api.beforeRequest = (request) => {
      if (error && pattern.test(requestText(request))) throw error();
    };
  }
}

/** Starts before each test of the file and stops after it. */
export function useController(options: EngineOptions = DEFAULT_OPTIONS): TestController {
  const kit = new TestController(options);
  beforeEach(() => kit.start());
  afterEach(() => kit.stop());
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
