// Looks after one pod: whenever something has changed it takes a snapshot, lets the planner decide
// and carries the actions out, one look at a time. Stops and hooks run beside it and report back.
import type { Pod } from '../api/generated/types.ts';
import { uidOf } from '../api/meta/object.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';
import { computePodActions, deadlineOf } from './plan/compute-pod-actions.ts';
import { podStatus } from './plan/pod-status.ts';
import { podText } from './plan/pod-snapshot.ts';
import type { PodVerdict } from './plan/pod-snapshot.ts';
import { earliest } from './plan/pod-actions.ts';
import type { ContainerWait, PodActions } from './plan/pod-actions.ts';
import type { PodEvents } from './pod-events.ts';
import { PodRunner } from './pod-runner.ts';
import type { PodRunnerOptions } from './pod-runner.ts';
import { PodState, allContainers } from './pod-state.ts';
import type { ProbeManager } from './probe/probe-manager.ts';
import type { StatusManager } from './status-manager.ts';

export interface PodWorkerOptions extends Omit<PodRunnerOptions, 'poke'> {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly runtime: ContainerRuntime;
  readonly probes: ProbeManager;
  readonly statuses: StatusManager;
  readonly events: PodEvents;
  readonly hostIP: string;
  /** May the pod run on this node? Asked once, before anything of it has run. */
  admit(pod: Pod): PodVerdict | undefined;
  /** False while an earlier pod of the same name still ends. */
  mayStart(pod: Pod): boolean;
  /** Nothing of the pod is left on the node. */
  onGone(pod: Pod): void;
}

const RETRY_MS = 1000;

export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #state: PodState;
  readonly #runner: PodRunner;
  /** Containers whose back-off has been told in an event, by id. */
  readonly #told = new Set<string>();
  #pod: Pod;
  #gone = false;
  #finished = false;
  #stopped = false;
  #admitted = false;
  #again = false;
  #flight: Promise<void> | undefined;
  #timer: Timer | undefined;

  constructor(options: PodWorkerOptions, pod: Pod) {
    this.#options = options;
    this.#pod = pod;
    this.#state = new PodState(options);
    this.#runner = new PodRunner({ ...options, poke: () => this.poke() }, this.#state);
    this.#state.recover(pod);
    this.#admitted = this.#state.sandboxes(uidOf(pod)).length > 0;
  }

  get pod(): Pod {
    return this.#pod;
  }

  /** True from the moment the pod has its share of the node until nothing of it runs any more. */
  get occupies(): boolean {
    return this.#admitted && this.#state.verdict === undefined && !this.#finished && !this.#gone;
  }

  /** True once nothing of the pod runs or will run again. */
  get finished(): boolean {
    return this.#finished;
  }

  /** A newer version of the pod's object. */
  update(pod: Pod): void {
    this.#pod = pod;
    this.poke();
  }

  /** The object is gone from the API. */
  remove(): void {
    this.#gone = true;
    this.#options.statuses.forget(uidOf(this.#pod));
    this.poke();
  }

  /** Something has changed: have a look soon. */
  poke(): void {
    this.#again = true;
    if (this.#stopped || this.#flight !== undefined) return;
    this.#flight = this.#run().finally(() => {
      this.#flight = undefined;
      if (this.#again) this.poke();
    });
  }

  /** Lets go of the pod without stopping it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#options.probes.remove(uidOf(this.#pod));
    await this.#flight;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        await this.#sync();
      } catch (error) {
        const pod = podText(this.#pod);
        this.#options.logger.warn('pod not synced', { pod, error: errorMessage(error) });
        this.#wakeAt(this.#options.clock.now() + RETRY_MS);
      }
    }
  }

  async #sync(): Promise<void> {
    const pod = this.#pod;
    await this.#state.readMessages(pod);
    this.#judge(pod);
    const actions = this.#plan(pod);
    this.#publish(pod, actions);
    this.#tellWaits(pod, actions.waits);
    let wakeAtMs = actions.wakeAtMs;
    if (actions.createSandbox && !this.#options.mayStart(pod)) {
      wakeAtMs = earliest(wakeAtMs, this.#options.clock.now() + RETRY_MS);
    } else {
      const retryAtMs = await this.#runner.apply(pod, actions, { gone: this.#gone });
      wakeAtMs = earliest(wakeAtMs, retryAtMs);
    }
    this.#probe(pod);
    this.#publish(pod, this.#plan(pod));
    if (actions.ended) await this.#end(pod);
    this.#wakeAt(wakeAtMs);
  }

  #plan(pod: Pod): PodActions {
    return computePodActions(this.#snapshot(pod));
  }

  #snapshot(pod: Pod) {
    return this.#state.snapshot(pod, { gone: this.#gone, nowMs: this.#options.clock.now() });
  }

  /** Gives up pods that may not run here or have run too long. */
  #judge(pod: Pod): void {
    const { phase } = pod.status ?? {};
    if (phase === 'Failed' || phase === 'Succeeded' || this.#gone) return;
    if (pod.metadata.deletionTimestamp !== undefined || this.#state.verdict !== undefined) return;
    if (!this.#admitted) {
      this.#state.verdict = this.#options.admit(pod);
      this.#admitted = true;
      if (this.#state.verdict !== undefined) {
        const { reason, message } = this.#state.verdict;
        this.#options.events.warning(pod, reason, message);
      }
    }
    const deadlineMs = deadlineOf({ ...pod, status: this.#options.statuses.current(pod) });
    if (deadlineMs !== undefined && this.#options.clock.now() >= deadlineMs && !this.#finished) {
      const message = 'Pod was active on the node longer than the specified deadline';
      this.#state.verdict = { reason: 'DeadlineExceeded', message };
      this.#options.events.normal(pod, 'DeadlineExceeded', message);
    }
  }

  #publish(pod: Pod, actions: PodActions): void {
    const { statuses, runtime, hostIP } = this.#options;
    if (this.#gone) return;
    const status = podStatus({
      snapshot: this.#snapshot(pod),
      waits: actions.waits,
      previous: statuses.current(pod),
      runtimeName: runtime.name,
      hostIP,
      ended: actions.ended,
    });
    statuses.set(pod, status);
  }

  #tellWaits(pod: Pod, waits: readonly ContainerWait[]): void {
    for (const { container, containerId } of waits) {
      if (this.#told.has(containerId)) continue;
      this.#told.add(containerId);
      const { name } = container;
      const message = `Back-off restarting failed container ${name} in pod ${podText(pod)}`;
      this.#options.events.about(pod, name).warning('BackOff', message);
    }
  }

  #probe(pod: Pod): void {
    const { probes } = this.#options;
    const snapshot = this.#snapshot(pod);
    const ending = computePodActions(snapshot).ending;
    const running = snapshot.containers.flatMap(({ id, name, state, startedAtMs }) => {
      const container = allContainers(pod).find((item) => item.name === name);
      if (state !== 'running' || container === undefined) return [];
      if (snapshot.stopping.has(id) && !ending) return [];
      const now = this.#options.clock.now();
      return [{ container, containerId: id, startedAtMs: startedAtMs ?? now }];
    });
    const podIP = snapshot.sandboxes.find(({ ready }) => ready)?.ip ?? '';
    probes.sync(pod, running, { podIP, ending });
  }

  /** Nothing runs any more: frees what the pod held, then lets its object go. */
  async #end(pod: Pod): Promise<void> {
    this.#finished = true;
    this.#options.probes.remove(uidOf(pod));
    await this.#runner.release(pod);
    const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    if (this.#gone) {
      await this.#runner.erase(pod);
      this.#stopped = true;
      this.#options.onGone(pod);
    } else if (deletionTimestamp !== undefined && deletionGracePeriodSeconds !== 0) {
      this.#options.statuses.remove(pod);
    }
  }

  #wakeAt(atMs: number | undefined): void {
    this.#timer?.cancel();
    if (atMs === undefined || this.#stopped) return;
    const delayMs = Math.max(atMs - this.#options.clock.now(), 0);
    this.#timer = this.#options.clock.schedule(delayMs, () => this.poke());
  }
}
