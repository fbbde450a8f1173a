// Everything a test of the agent needs: the fake API, an informer factory, the agent on a temporary
// directory, and waiting for things to come true under a clock that stands still.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, Pod, PodSpec } from '../../api/generated/types.ts';
import { pods } from '../../api/resources.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { seededRandom } from '../../base/random.ts';
import { createClient } from '../../client/create-client.ts';
import { createInformerFactory } from '../../client/informer-factory.ts';
import { createFakeApi } from '../../client/testing/fake-api.ts';
import { createNodeAgent } from '../kubelet.ts';
import type { NodeAgent } from '../kubelet.ts';
import type { ContainerRuntime } from '../runtime/runtime.ts';
import { FakeRuntime } from './fake-runtime.ts';
import type { FakeRuntimeOptions } from './fake-runtime.ts';

export const NODE_NAME = 'ordinal-0';

/** A pod bound to the node, with one container `main` unless the spec says otherwise. */
export function testPod(name: string, spec: Partial<PodSpec> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'web' } },
    spec: {
      nodeName: NODE_NAME,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      containers: [testContainer('main')],
      ...spec,
    },
  };
}

export function testContainer(name: string, more: Partial<Container> = {}): Container {
  return { name, image: 'example/image:1', command: ['run'], ...more };
}

/** Lets promises and file operations go on without moving time. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const WAIT_MS_MAX = 10_000;

/** Polls until `check` returns something; throws with `what` when that takes too long. */
export async function until<T>(what: string, check: () => T | undefined | false): Promise<T> {
  const endMs = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > endMs) throw new Error(`waited in vain for: ${what}`);
    await breathe();
  }
}

export interface AgentHarnessOptions extends Partial<Omit<FakeRuntimeOptions, 'clock'>> {
  readonly capacity?: Readonly<Record<string, string>>;
}

/** A fake cluster with one agent; `close()` stops it and removes its files. */
export class AgentHarness {
  readonly clock = new ManualClock();
  readonly random = seededRandom(1);
  readonly api = createFakeApi({ clock: this.clock, random: this.random });
  readonly client = createClient(this.api.transport);
  readonly runtime: FakeRuntime;
  readonly stateDir = mkdtempSync(join(tmpdir(), 'ordinal-agent-'));
  readonly #options: AgentHarnessOptions;
  #stopInformers: (() => Promise<void>) | undefined;
  agent: NodeAgent | undefined;

  constructor(options: AgentHarnessOptions = {}) {
    this.#options = options;
    this.runtime = new FakeRuntime({ ...options, clock: this.clock });
  }

  /** Starts an agent; after `stopAgent` a new one on the same directory and runtime. */
  async startAgent(runtime: ContainerRuntime = this.runtime): Promise<NodeAgent> {
    const { client, clock, random } = this;
    const logger = silentLogger;
    const informers = createInformerFactory({ client, clock, random, logger });
    const agent = createNodeAgent({
      nodeName: NODE_NAME,
      client,
      informers,
      runtime,
      clock,
      random,
      logger,
      stateDir: this.stateDir,
      clusterDns: { ip: '10.96.0.10', domain: 'cluster.local' },
      apiServerAddress: { host: '10.96.0.1', port: 443 },
      address: '10.244.0.1',
      version: 'v1.36.0',
      ...(this.#options.capacity === undefined ? {} : { capacity: this.#options.capacity }),
    });
    await informers.start();
    await agent.start();
    this.agent = agent;
    this.#stopInformers = () => informers.stop();
    return agent;
  }

  async stopAgent(): Promise<void> {
    await this.agent?.stop();
    await this.#stopInformers?.();
    this.agent = undefined;
  }

  async close(): Promise<void> {
    await this.stopAgent();
    rmSync(this.stateDir, { recursive: true, force: true });
  }

  /** Moves time in small steps, letting the agent work in between. */
  async advance(ms: number, stepMs = 500): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      for (let turn = 0; turn < 10; turn++) await breathe();
    }
  }

  pod(name: string): Pod | undefined {
    return this.api.get(pods, { namespace: 'default', name });
  }

  /** Waits until the stored pod passes `check`; returns it. */
  untilPod(name: string, what: string, check: (pod: Pod) => boolean | undefined): Promise<Pod> {
    return until(`${name} ${what}`, () => {
      const pod = this.pod(name);
      return pod !== undefined && check(pod) === true ? pod : undefined;
    });
  }
}

/** Is the pod's condition of this type True? */
export function isTrue(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.find((condition) => condition.type === type)?.status === 'True';
}
