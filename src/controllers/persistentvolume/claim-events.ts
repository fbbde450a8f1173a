// Events about claims: each is told when it is news and then every 15 seconds, not at every look.
import type { PersistentVolumeClaim } from '../../api/generated/types.ts';
import { keyOf } from '../../api/meta/object.ts';
import type { Clock } from '../../base/clock.ts';
import type { EventRecorder } from '../../client/controller-context.ts';
import type { ClaimEvent } from './plan/plan-claim.ts';

/** The resync period of upstream's binder. */
export const RESYNC_MS = 15_000;

export class ClaimEvents {
  readonly #recorder: EventRecorder;
  readonly #clock: Clock;
  readonly #told = new Map<string, { text: string; timeMs: number }>();

  constructor({ recorder, clock }: { recorder: EventRecorder; clock: Clock }) {
    this.#recorder = recorder;
    this.#clock = clock;
  }

  tell(claim: PersistentVolumeClaim, { type, reason, message }: ClaimEvent): void {
    const text = `${claim.metadata.uid} ${reason} ${message}`;
    const timeMs = this.#clock.now();
    const last = this.#told.get(keyOf(claim));
    if (last?.text === text && timeMs - last.timeMs < RESYNC_MS) return;
    this.#told.set(keyOf(claim), { text, timeMs });
    this.#recorder.event(claim, type, { reason, message });
  }

  forget(key: string): void {
    this.#told.delete(key);
  }
}
