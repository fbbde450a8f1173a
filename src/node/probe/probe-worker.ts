// Runs one probe of one container again and again and counts towards its thresholds.
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

export class ProbeWorker {
  readonly #options: ProbeWorkerOptions;
  #timer: Timer | undefined;
  #stopped = false;
  #last: boolean | undefined;
  #count = 0;
  #result: boolean | undefined;

  /** `result`: what is known already, from before a restart of the agent. */
  constructor(options: ProbeWorkerOptions, result: boolean | undefined) {
    this.#options = options;
    this.#result = result;
  }

  start(): void {
    const { clock, probe, startedAtMs } = this.#options;
    const dueMs = startedAtMs + (probe.initialDelaySeconds ?? 0) * 1000;
    this.#schedule(Math.max(dueMs - clock.now(), 0));
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.schedule(delayMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    const { clock, probe, run } = this.#options;
    const startMs = clock.now();
    const outcome = await run().catch((error: unknown) => failed(errorMessage(error)));
    if (this.#stopped) return;
    this.#count = this.#last === outcome.success ? this.#count + 1 : 1;
    this.#last = outcome.success;
    if (!outcome.success) this.#options.onFailure(outcome.output);
    this.#judge(outcome.success);
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    // A tick that took longer than the period is followed by the next one at once.
    if (!this.#onHold()) this.#schedule(Math.max(startMs + periodMs - clock.now(), 0));
  }

  #judge(success: boolean): void {
    const { probe, onResult } = this.#options;
    const threshold = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#count < threshold || this.#result === success) return;
    this.#result = success;
    onResult(success);
  }

  /** A startup probe has one result; a container whose liveness probe failed is restarted. */
  #onHold(): boolean {
    const { kind } = this.#options;
    if (kind === 'startup') return this.#result !== undefined;
    return kind === 'liveness' && this.#result === false;
  }
}
