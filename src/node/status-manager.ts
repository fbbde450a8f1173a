// Writes pod statuses to the API: only what changed, newest last, retried until it is there; and
// deletes the object of a pod that has ended.
import type { Pod, PodStatus } from '../api/generated/types.ts';
import { jsonEqual } from '../api/meta/json-equal.ts';
import { nameOf, namespaceOf, uidOf } from '../api/meta/object.ts';
import { isConflict, isForbidden, isNotFound } from '../api/meta/status-error.ts';
import { pods } from '../api/resources.ts';
import { backoffMs } from '../base/backoff.ts';
import { sleep } from '../base/clock.ts';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Client } from '../client/client.ts';
import { OWN_CONDITIONS } from './plan/pod-conditions.ts';

export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The pod as the cache knows it. */
  cached(pod: Pod): Pod | undefined;
}

const RETRY = { initialMs: 100, maxMs: 10_000 };

interface Task {
  pod: Pod;
  status: PodStatus | undefined;
  remove: boolean;
  running: boolean;
  /** Newest object that a write of ours returned. */
  known: Pod | undefined;
  /** The object is gone, or has another uid: nothing more to write. */
  over: boolean;
}

export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #abort = new AbortController();
  readonly #flights = new Set<Promise<void>>();

  constructor(options: StatusManagerOptions) {
    this.#options = options;
  }

  /** The newest status: asked for, written, or else as the API shows it. */
  current(pod: Pod): PodStatus {
    const task = this.#tasks.get(uidOf(pod));
    const newest = this.#newest(pod, task?.known);
    return task?.status === undefined ? (newest.status ?? {}) : mergeStatus(newest, task.status);
  }

  /** Has this status written, instead of any earlier one that is still waiting. */
  set(pod: Pod, status: PodStatus): void {
    if (jsonEqual(this.current(pod), status)) return;
    const task = this.#task(pod);
    task.status = status;
    this.#run(task);
  }

  /** After the last status: deletes the object for good (grace 0, only this uid). */
  remove(pod: Pod): void {
    const task = this.#task(pod);
    if (task.remove) return;
    task.remove = true;
    this.#run(task);
  }

  /** The pod is gone: drops what was still to be written. */
  forget(podUid: string): void {
    const task = this.#tasks.get(podUid);
    if (task !== undefined) task.over = true;
    this.#tasks.delete(podUid);
  }

  /** Gives up what has not been written yet; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#flights);
  }

  #task(pod: Pod): Task {
    const known = this.#tasks.get(uidOf(pod));
    if (known !== undefined) {
      known.pod = pod;
      return known;
    }
    const fresh: Omit<Task, 'pod'> = {
      status: undefined,
      remove: false,
      running: false,
      known: undefined,
      over: false,
    };
    const task = { ...fresh, pod };
    this.#tasks.set(uidOf(pod), task);
    return task;
  }

  #run(task: Task): void {
    if (task.running || this.#abort.signal.aborted) return;
    task.running = true;
    const flight = this.#work(task).finally(() => this.#flights.delete(flight));
    this.#flights.add(flight);
  }

  async #work(task: Task): Promise<void> {
    const { clock, logger } = this.#options;
    // Decided and noted without a pause, so that nothing set meanwhile is overlooked.
    const hasWork = () => !task.over && (task.status !== undefined || task.remove);
    for (let failures = 0; hasWork() && !this.#abort.signal.aborted;) {
      try {
        await this.#step(task);
        failures = 0;
      } catch (error) {
        const pod = `${namespaceOf(task.pod)}/${nameOf(task.pod)}`;
        logger.debug('pod status not written', { pod, error: errorMessage(error) });
        // The first conflict is expected: another has written, and the object was read anew.
        const isExpected = isConflict(error) && failures === 0;
        failures++;
        if (!isExpected) await sleep(clock, backoffMs(failures - 1, RETRY), this.#abort.signal);
      }
    }
    task.running = false;
  }

  /** One write: the status first, then the removal. */
  async #step(task: Task): Promise<void> {
    const { status } = task;
    if (status === undefined) return this.#delete(task);
    await this.#write(task, status);
    if (task.status === status) task.status = undefined;
  }

  async #write(task: Task, status: PodStatus): Promise<void> {
    const resource = this.#options.client.resource(pods);
    const current = this.#newest(task.pod, task.known);
    try {
      task.known = await resource.updateStatus({
        ...current,
        status: mergeStatus(current, status),
      });
    } catch (error) {
      if (isNotFound(error)) task.over = true;
      else if (isConflict(error)) await this.#refresh(task);
      throw error;
    }
  }

  /** The newest object known, so that most writes need no extra read. */
  #newest(pod: Pod, known: Pod | undefined): Pod {
    const candidates = [known, this.#options.cached(pod), pod].filter((one) => one !== undefined);
    const version = (one: Pod) => BigInt(one.metadata.resourceVersion ?? '0');
    return candidates.reduce((a, b) => (version(b) > version(a) ? b : a));
  }

  async #refresh(task: Task): Promise<void> {
    const name = { namespace: namespaceOf(task.pod), name: nameOf(task.pod) };
    const found = await this.#options.client
      .resource(pods)
      .get(name)
      .catch((error: unknown) => {
        // Pods that are not on a node are none of its agent's business: so says the server.
        if (isNotFound(error) || isForbidden(error)) return undefined;
        throw error;
      });
    if (found === undefined || uidOf(found) !== uidOf(task.pod)) task.over = true;
    else task.known = found;
  }

  async #delete(task: Task): Promise<void> {
    const name = { namespace: namespaceOf(task.pod), name: nameOf(task.pod) };
    const preconditions = { uid: uidOf(task.pod) };
    task.remove = false;
    try {
      await this.#options.client
        .resource(pods)
        .delete(name, { gracePeriodSeconds: 0, preconditions });
    } catch (error) {
      // Gone already, or another pod has the name by now: both are what was wanted.
      if (isNotFound(error) || isConflict(error)) return;
      task.remove = true;
      throw error;
    }
  }
}

/** Our status with the conditions that others set as the newest object has them. */
function mergeStatus(newest: Pod, status: PodStatus): PodStatus {
  const present = newest.status?.conditions ?? [];
  const others = present.filter(({ type }) => !OWN_CONDITIONS.includes(type));
  const ours = (status.conditions ?? []).filter(({ type }) => OWN_CONDITIONS.includes(type));
  const scheduled = (status.conditions ?? []).filter(
    ({ type }) => type === 'PodScheduled' && !others.some((other) => other.type === type),
  );
  return { ...status, conditions: [...ours, ...scheduled, ...others] };
}
