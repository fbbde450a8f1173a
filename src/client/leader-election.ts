// Leader election over a Lease, with client-go's rules: whoever holds the lease renews it; others
// take it when it has not changed for a lease duration. Time is measured in waits of our own, never
// by the times written in the lease nor by the wall clock, so that clock jumps on any machine
// cannot make two leaders.
import type { Lease, LeaseSpec } from '../api/generated/types.ts';
import { isConflict, isNotFound } from '../api/meta/status-error.ts';
import { leases } from '../api/resources.ts';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import { formatMicroTime } from '../base/time.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Random } from '../base/random.ts';
import type { Runnable } from '../base/runnable.ts';
import { aborted, unlessAborted } from './abort.ts';
import type { Client, ResourceClient } from './client.ts';
import type { EventRecorder } from './controller-context.ts';

/** The lease could not be renewed, stop() was called, or the work threw. */
export type LeadershipEnd = 'lost' | 'stopped' | 'failed';

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly lock: { readonly namespace: string; readonly name: string };
  /** Unique among the candidates: host name and a UUID, say. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Told about every change of leadership, as an event of the lease (client-go's). */
  readonly recorder?: EventRecorder;
  /**
   * Does the work of the leader. `signal` is aborted when leadership ends; the promise should
   * resolve when nothing of the work runs any more: the lease is kept until then if possible.
   * Throwing ends the leadership.
   */
  onStartedLeading(signal: AbortSignal): void | Promise<void>;
  /** Called once, after the work has ended, if this candidate has led. */
  onStoppedLeading?(why: LeadershipEnd): void | Promise<void>;
  /** Default 15 s: a lease that was not renewed for so long may be taken. */
  readonly leaseDurationMs?: number;
  /** Default 10 s: the leader resigns when it could not renew for so long. */
  readonly renewDeadlineMs?: number;
  /** Default 2 s: between tries. */
  readonly retryPeriodMs?: number;
}

/** One candidacy: campaigns from start() on, leads at most once, ends with stop() or the loss. */
export interface LeaderElector extends Runnable {
  readonly isLeader: boolean;
  /** Identity of the holder last seen; empty when there is none. */
  readonly leader: string;
}

/** Waiting candidates retry after 1 to 2.2 periods. */
const JITTER = 1.2;

type Attempt = 'ours' | 'theirs';

/** `start()` resolves at once. Durations must be in this order: lease > deadline > 1.2 periods. */
export function createLeaderElector(options: LeaderElectionOptions): LeaderElector {
  return new LeaseElector(options);
}

class LeaseElector implements LeaderElector {
  readonly #options: LeaderElectionOptions;
  readonly #leases: ResourceClient<Lease>;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #isLeader = false;
  #lease: Lease | undefined;
  /** How long the lease has surely not changed. */
  #unchangedMs = 0;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leases = options.client.resource(leases);
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    assert(this.#leaseDurationMs > this.#renewDeadlineMs, 'lease duration > renew deadline');
    assert(this.#renewDeadlineMs > this.#retryPeriodMs * JITTER, 'renew deadline > retry period');
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get leader(): string {
    return this.#lease?.spec?.holderIdentity ?? '';
  }

  async start(): Promise<void> {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    if (!(await this.#campaign())) return;
    if (this.#stopping.signal.aborted) return this.#release();
    const { lock, identity, logger } = this.#options;
    this.#isLeader = true;
    logger.info('became leader', { ...lock, identity });
    this.#recordEvent('became leader');
    const why = await this.#lead();
    logger.info('stopped leading', { ...lock, identity, why });
    this.#recordEvent('stopped leading');
    await this.#options.onStoppedLeading?.(why);
  }

  #recordEvent(what: string): void {
    const { recorder, identity, lock } = this.#options;
    const metadata = { ...lock, ...this.#lease?.metadata };
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
    recorder?.event(lease, 'Normal', {
      reason: 'LeaderElection',
      message: `${identity} ${what}`,
    });
  }

  /** Resolves with true when the lease is ours, with false when stopped before. */
  async #campaign(): Promise<boolean> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if ((await this.#attempt(signal)) === 'ours') return true;
      const delayMs = this.#retryPeriodMs + random.integer(Math.ceil(this.#retryPeriodMs * JITTER));
      await sleep(clock, delayMs, signal);
      this.#unchangedMs += delayMs;
    }
    return false;
  }

  /** Runs the work and renews the lease until the work is over or the lease is lost. */
  async #lead(): Promise<LeadershipEnd> {
    const { clock } = this.#options;
    const term = new AbortController();
    let pause = new AbortController();
    let finished = false;
    let failed = false;
    const endTerm = () => term.abort();
    this.#stopping.signal.addEventListener('abort', endTerm, { once: true });
    const work = this.#work(term.signal).then(async (done) => {
      failed = !done;
      if (done) await aborted(term.signal);
      finished = true;
      pause.abort();
    });
    let deadline = this.#deadline(() => pause.abort());
    let theirs = false;
    while (!theirs && !finished && !deadline.signal.aborted) {
      pause = new AbortController();
      await sleep(clock, this.#retryPeriodMs, pause.signal);
      if (pause.signal.aborted) break;
      const next = this.#deadline(() => pause.abort());
      const result = await this.#attempt(deadline.signal);
      theirs = result === 'theirs';
      (result === 'ours' ? deadline : next).cancel();
      if (result === 'ours') deadline = next;
    }
    const kept = finished;
    deadline.cancel();
    this.#isLeader = false;
    endTerm();
    await work;
    this.#stopping.signal.removeEventListener('abort', endTerm);
    if (!kept) return 'lost';
    await this.#release();
    return failed ? 'failed' : 'stopped';
  }

  /** True when the work ended in good order. */
  async #work(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.onStartedLeading(signal);
      return true;
    } catch (error) {
      this.#options.logger.error('the work of the leader failed', { error: errorMessage(error) });
      return false;
    }
  }

  /** Aborts its signal when the lease must be counted as lost. */
  #deadline(onDue = () => {}): { signal: AbortSignal; cancel(): void } {
    const controller = new AbortController();
    const timer = this.#options.clock.schedule(this.#renewDeadlineMs, () => {
      controller.abort();
      onDue();
    });
    return { signal: controller.signal, cancel: () => timer.cancel() };
  }

  /** Tries once to get or renew the lease; undefined when that failed for another reason. */
  async #attempt(signal: AbortSignal): Promise<Attempt | undefined> {
    try {
      // A request that hangs, whatever the transport does, must not keep us in office.
      return await unlessAborted(this.#acquireOrRenew(signal), signal);
    } catch (error) {
      const fields = { ...this.#options.lock, error: errorMessage(error) };
      if (!signal.aborted) this.#options.logger.warn('lease request failed', fields);
      return undefined;
    }
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<Attempt> {
    if (this.#isLeader && this.#lease !== undefined) {
      try {
        return await this.#write(this.#lease, signal);
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    }
    const { lock, identity } = this.#options;
    let lease: Lease;
    try {
      lease = await this.#leases.get(lock, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const metadata = { ...lock };
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
      return this.#write(body, signal);
    }
    this.#observe(lease);
    const { holderIdentity = '', leaseDurationSeconds } = lease.spec ?? {};
    const durationMs = (leaseDurationSeconds ?? this.#leaseDurationMs / 1000) * 1000;
    const free = holderIdentity === '' || holderIdentity === identity;
    if (!free && (this.#isLeader || this.#unchangedMs < durationMs)) return 'theirs';
    return this.#write(lease, signal);
  }

  #observe(lease: Lease): void {
    if (JSON.stringify(lease.spec) !== JSON.stringify(this.#lease?.spec)) this.#unchangedMs = 0;
    this.#lease = lease;
  }

  /** Writes our name into the lease; throws Conflict when it is not the newest state. */
  async #write(lease: Lease, signal: AbortSignal): Promise<Attempt> {
    const { identity, clock } = this.#options;
    const now = formatMicroTime(clock.now());
    const { spec } = lease;
    const mine = spec?.holderIdentity === identity;
    const next: LeaseSpec = {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
      renewTime: now,
      acquireTime: mine ? (spec.acquireTime ?? now) : now,
      leaseTransitions: (spec?.leaseTransitions ?? 0) + (mine || spec === undefined ? 0 : 1),
    };
    const body = { ...lease, spec: next };
    const isNew = lease.metadata.resourceVersion === undefined;
    this.#observe(
      await (isNew ? this.#leases.create(body, { signal }) : this.#leases.update(body, { signal })),
    );
    return 'ours';
  }

  /** Lets others take over at once instead of after the lease duration. */
  async #release(): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    const deadline = this.#deadline();
    const now = formatMicroTime(this.#options.clock.now());
    const times = { renewTime: now, acquireTime: now, leaseDurationSeconds: 1 };
    const spec = { ...lease.spec, ...times, holderIdentity: '' };
    try {
      this.#observe(await this.#leases.update({ ...lease, spec }, deadline));
    } catch (error) {
      this.#options.logger.warn('could not release the lease', { error: errorMessage(error) });
    } finally {
      deadline.cancel();
    }
  }
}
