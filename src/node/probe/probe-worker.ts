// Runs one probe of one container again and again and counts towards its thresholds.
// A container that was never ready yet is looked at more often than its period says: such an extra
// look can only make it ready earlier; when it fails it counts for nothing and nobody hears of it.
import type { Probe } from '../../api/generated/types.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import { failed } from './probe-outcome.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly clock: Clock;
  /** When the container started, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly run: () => Promise<ProbeOutcome>;
  /** A single run failed. */
  readonly onFailure: (output: string) => void;
  /** A threshold was reached and the result is another one than before. */
  readonly onResult: (success: boolean) => void;
}

/** Delay of the first extra look; doubled each time. */
const EXTRA_DELAY_MS = 100;

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  #timer: Timer | undefined;
  #stopped = false;
  #last: boolean | undefined;
  #count = 0;
  #result: boolean | undefined;
  #wasReady: boolean;
  /** When the next run of the probe's own period is due. */
  #dueMs = 0;
  #extraDelayMs = EXTRA_DELAY_MS;

  /** `result`: what is known already, from before a restart of the agent. */
  constructor(options: ProbeWorkerOptions, result: boolean | undefined) {
    this.#options = options;
    this.#result = result;
    this.#wasReady = result === true;
  }

  start(): void {
    const { clock, probe, startedAtMs } = this.#options;
    this.#dueMs = Math.max(startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000, clock.now());
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    const { clock, probe, kind } = this.#options;
    const eager = kind === 'readiness' && !this.#wasReady && (probe.successThreshold ?? 1) === 1;
    const leftMs = Math.max(this.#dueMs - clock.now(), 0);
    const extra = eager && this.#last === false && this.#extraDelayMs < leftMs;
    const delayMs = extra ? this.#extraDelayMs : leftMs;
    if (extra) this.#extraDelayMs *= 2;
    this.#timer = clock.schedule(delayMs, () => void this.#tick(extra));
  }

  async #tick(extra: boolean): Promise<void> {
    const { clock, probe, run } = this.#options;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    if (!extra) this.#dueMs = clock.now() + periodMs;
    const outcome = await run().catch((error: unknown) => failed(errorMessage(error)));
    if (this.#stopped) return;
    if (!extra || outcome.success) this.#record(outcome);
    if (!this.#onHold()) this.#schedule();
  }

  #record(outcome: ProbeOutcome): void {
    this.#count = this.#last === outcome.success ? this.#count + 1 : 1;
    this.#last = outcome.success;
    if (!outcome.success) this.#options.onFailure(outcome.output);
    this.#judge(outcome.success);
  }

  #judge(success: boolean): void {
    const { probe, onResult } = this.#options;
    const threshold = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#count < threshold || this.#result === success) return;
    this.#result = success;
    this.#wasReady ||= success;
    onResult(success);
  }

  /** A startup probe has one result; a container whose liveness probe failed is restarted. */
  #onHold(): boolean {
    const { kind } = this.#options;
    if (kind === 'startup') return this.#result !== undefined;
    return kind === 'liveness' && this.#result === false;
  }
}
