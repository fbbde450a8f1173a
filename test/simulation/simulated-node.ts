// A node and its agent, as a model: real informer and client, made-up containers. It starts what is
// bound to it, tells the API, ends what is to end, and finds its processes again after a restart.
import type { Node, Pod, PodCondition } from '../../src/api/generated/types.ts';
import { isConditionTrue } from '../../src/api/meta/conditions.ts';
import { isTerminating, keyOf, nameOf, namespaceOf, uidOf } from '../../src/api/meta/object.ts';
import { isConflict, isNotFound } from '../../src/api/meta/status-error.ts';
import { leases, nodes, persistentVolumeClaims, pods } from '../../src/api/resources.ts';
import { sleep } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { formatMicroTime, formatTime } from '../../src/base/time.ts';
import type { Client } from '../../src/client/client.ts';
import { createInformerFactory } from '../../src/client/informer-factory.ts';
import type { Informer } from '../../src/client/informer.ts';
import { internalErrors } from './internal-errors.ts';
import type { Reality } from './reality.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Program } from './supervised-process.ts';
import type { World } from './world.ts';

/** What a pod does from now on, other than running and being ready. */
export type PodMood = 'unready' | 'failed' | 'succeeded';

/** What nodes are told by faults; pods by uid. */
export class PodMoods {
  readonly #moods = new Map<string, PodMood>();
  /** Pods that don't end. */
  readonly stuck = new Set<string>();
  readonly #listeners = new Set<(uid: string) => void>();

  of(uid: string): PodMood | undefined {
    return this.#moods.get(uid);
  }

  set(uid: string, mood: PodMood | undefined): void {
    if (mood === undefined) this.#moods.delete(uid);
    else this.#moods.set(uid, mood);
    this.poke(uid);
  }

  /** Something about the pod has changed. */
  poke(uid: string): void {
    for (const listener of this.#listeners) listener(uid);
  }

  /** Everybody feels well again. */
  heal(): void {
    const uids = [...this.#moods.keys(), ...this.stuck];
    for (const [uid, mood] of this.#moods) if (mood === 'unready') this.#moods.delete(uid);
    this.stuck.clear();
    for (const uid of uids) this.poke(uid);
  }

  /** Returns the unsubscriber. */
  onChange(listener: (uid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

export interface NodeProgramOptions {
  readonly world: World;
  readonly reality: Reality;
  readonly moods: PodMoods;
  readonly nodeName: string;
  /** Starting and stopping a container takes so long at most, in milliseconds. */
  readonly paceMs: number;
}

/** Images that never get ready. */
export const BROKEN_IMAGE = 'app:broken';

export function nodeProgram(options: NodeProgramOptions): Program {
  return ({ process, client, random }) => {
    const logger = internalErrors(options.world, process.name);
    const { clock } = process;
    const informers = createInformerFactory({ client, clock, random, logger });
    const selection = { fieldSelector: `spec.nodeName=${options.nodeName}` };
    const informer = informers.informer(pods, selection);
    const agent = new NodeAgent(options, { process, client, random, informer });
    void informers.start();
    void agent.run();
    return options.moods.onChange((uid) => agent.poke(uid));
  };
}

interface Parts {
  readonly process: SimulatedProcess;
  readonly client: Client;
  readonly random: Random;
  readonly informer: Informer<Pod>;
}

const RETRY_MS = 1_000;
const BEAT_MS = 10_000;

class NodeAgent {
  readonly #options: NodeProgramOptions;
  readonly #parts: Parts;
  /** Pods by uid, as last seen. */
  readonly #pods = new Map<string, Pod>();
  /** Looks that are under way, and whether another is due after it. */
  readonly #looking = new Map<string, boolean>();

  constructor(options: NodeProgramOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { informer, process } = this.#parts;
    informer.addEventHandler({
      add: (pod) => this.#see(pod),
      update: (_previous, pod) => this.#see(pod),
      delete: (pod) => this.#gone(uidOf(pod)),
    });
    await informer.synced();
    // Processes of an earlier life whose pods are gone.
    for (const running of this.#options.reality.processes.values()) {
      const isOurs = running.node === this.#options.nodeName;
      if (isOurs && !this.#pods.has(running.uid)) this.#gone(running.uid);
    }
    while (process.alive) {
      await this.#beat().catch(() => {});
      await sleep(process.clock, BEAT_MS);
    }
  }

  poke(uid: string): void {
    if (!this.#pods.has(uid) && !this.#looking.has(uid)) return;
    if (this.#looking.has(uid)) this.#looking.set(uid, true);
    else void this.#look(uid);
  }

  #see(pod: Pod): void {
    this.#pods.set(uidOf(pod), pod);
    this.poke(uidOf(pod));
  }

  #gone(uid: string): void {
    this.#pods.delete(uid);
    // The process is ended, but that takes a moment.
    this.#parts.process.deliver(this.#pace(), () => this.#end(uid));
  }

  #end(uid: string): void {
    const ended = this.#options.reality.processes.get(uid);
    this.#options.reality.end(uid);
    // Whoever waits for the name may go on.
    for (const [other, pod] of this.#pods) if (keyOf(pod) === ended?.podKey) this.poke(other);
  }

  #pace(): number {
    return 1 + this.#parts.random.integer(this.#options.paceMs);
  }

  async #look(uid: string): Promise<void> {
    const { process } = this.#parts;
    do {
      this.#looking.set(uid, false);
      try {
        await this.#sync(uid);
      } catch {
        await sleep(process.clock, RETRY_MS);
        this.#looking.set(uid, true);
      }
    } while (this.#looking.get(uid) === true);
    this.#looking.delete(uid);
  }

  async #sync(uid: string): Promise<void> {
    const pod = this.#pods.get(uid);
    if (!pod) return;
    if (isTerminating(pod)) return this.#terminate(pod);
    const mood = this.#options.moods.of(uid);
    const phase = pod.status?.phase;
    if (phase === 'Failed' || phase === 'Succeeded') {
      // Others may have declared it so while it ran: as the node agent, this one ends it then.
      this.#options.reality.end(uid);
      return isReady(pod) ? this.#report(pod, phase, false) : undefined;
    }
    if (mood === 'failed' || mood === 'succeeded') {
      this.#options.reality.end(uid);
      return this.#report(pod, mood === 'failed' ? 'Failed' : 'Succeeded', false);
    }
    if (!this.#options.reality.processes.has(uid) && !(await this.#start(pod))) return;
    const broken = pod.spec?.containers[0]?.image === BROKEN_IMAGE;
    const ready = !broken && this.#options.moods.of(uid) === undefined;
    const isReported = phase === 'Running' && isReady(pod) === ready;
    if (isReported) return;
    await this.#pause();
    // It may have changed its mind.
    const now = this.#options.moods.of(uid);
    if (now === 'failed' || now === 'succeeded' || !this.#pods.has(uid)) return this.poke(uid);
    await this.#report(pod, 'Running', !broken && now === undefined);
  }

  /** False if it can't start yet. */
  async #start(pod: Pod): Promise<boolean> {
    const { reality, nodeName } = this.#options;
    const others = [...reality.processes.values()].filter(({ node }) => node === nodeName);
    // An earlier pod of the name still ends: its end pokes us.
    if (others.some(({ podKey }) => podKey === keyOf(pod))) return false;
    const volumes = new Map<string, string>();
    for (const { persistentVolumeClaim } of pod.spec?.volumes ?? []) {
      if (!persistentVolumeClaim) continue;
      const name = { namespace: namespaceOf(pod), name: persistentVolumeClaim.claimName };
      const claim = await this.#parts.client.resource(persistentVolumeClaims).get(name);
      const volume = claim.spec?.volumeName ?? '';
      if (volume === '' || claim.status?.phase !== 'Bound') throw new Error('claim is not bound');
      volumes.set(keyOf(claim), volume);
    }
    await this.#pause();
    const latest = this.#pods.get(uidOf(pod));
    if (!latest || isTerminating(latest)) return false;
    if (!reality.processes.has(uidOf(pod))) {
      reality.start({ podKey: keyOf(pod), uid: uidOf(pod), node: nodeName, volumes });
    }
    return true;
  }

  async #terminate(pod: Pod): Promise<void> {
    const uid = uidOf(pod);
    if (this.#options.moods.stuck.has(uid)) return;
    if (this.#options.reality.processes.has(uid)) {
      await this.#pause();
      this.#end(uid);
    }
    const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
    const options = { gracePeriodSeconds: 0, preconditions: { uid } };
    try {
      await this.#parts.client.resource(pods).delete(name, options);
    } catch (error) {
      if (isNotFound(error)) return;
      // Another pod of the name by now, or a conflict that was made up: the informer will tell.
      if (!isConflict(error)) throw error;
      const now = await this.#parts.client.resource(pods).get(name);
      if (uidOf(now) === uid) throw error;
    }
  }

  async #pause(): Promise<void> {
    await sleep(this.#parts.process.clock, this.#pace());
  }

  /** Writes the status of the pod, on top of whatever it is by now. */
  async #report(pod: Pod, phase: string, ready: boolean): Promise<void> {
    const api = this.#parts.client.resource(pods);
    const name = { namespace: namespaceOf(pod), name: nameOf(pod) };
    let current: Pod;
    try {
      current = await api.get(name);
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    if (uidOf(current) !== uidOf(pod)) return;
    const now = formatTime(this.#parts.process.clock.now());
    const conditions = withReady(current.status?.conditions ?? [], ready, now);
    await api.updateStatus({ ...current, status: { ...current.status, phase, conditions } });
  }

  /** Keeps the Node object in being, and shows that we are there. */
  async #beat(): Promise<void> {
    const api = this.#parts.client.resource(nodes);
    const { nodeName } = this.#options;
    const node = await orUndefined(api.get({ name: nodeName }));
    if (node === undefined) await api.create(nodeObject(nodeName));
    else if (!isReady(node)) {
      const { conditions } = nodeObject(nodeName).status ?? {};
      await api.updateStatus({ ...node, status: { ...node.status, conditions } });
    }
    await this.#renewLease();
  }

  async #renewLease(): Promise<void> {
    const api = this.#parts.client.resource(leases);
    const name = { namespace: 'kube-node-lease', name: this.#options.nodeName };
    const lease = await orUndefined(api.get(name));
    const renewTime = formatMicroTime(this.#parts.process.clock.now());
    const spec = { holderIdentity: name.name, leaseDurationSeconds: 40, renewTime };
    if (lease) await api.update({ ...lease, spec });
    else
      await api.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: name,
        spec,
      });
  }
}

/** The object; undefined when the server says that it is not there. */
async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function nodeObject(name: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: {
      allocatable: { cpu: '16', memory: '64Gi', pods: '110' },
      capacity: { cpu: '16', memory: '64Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

function isReady({ status }: Pod | Node): boolean {
  return isConditionTrue(status?.conditions, 'Ready');
}

function withReady(
  conditions: readonly PodCondition[],
  ready: boolean,
  now: string,
): PodCondition[] {
  const status = ready ? 'True' : 'False';
  const before = conditions.find(({ type }) => type === 'Ready');
  const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
  const others = conditions.filter(({ type }) => type !== 'Ready');
  return [...others, { type: 'Ready', status, lastTransitionTime }];
}
