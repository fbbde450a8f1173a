// Pods that found no node, and when each may try again.
import { backoffMs } from '../../base/backoff.ts';

const RETRY = { initialMs: 20, maxMs: 10_000 };

export class PendingPods {
  readonly #pods = new Map<string, { attempts: number; message: string }>();

  /** Notes a failed attempt; true when its message is news. */
  fail(key: string, message: string): boolean {
    const previous = this.#pods.get(key);
    this.#pods.set(key, { attempts: (previous?.attempts ?? 0) + 1, message });
    return previous?.message !== message;
  }

  delete(key: string): void {
    this.#pods.delete(key);
  }

  /** Calls `retry` with every pod and the milliseconds it shall wait: something has changed. */
  wake(retry: (key: string, delayMs: number) => void): void {
    for (const [key, { attempts }] of this.#pods) retry(key, backoffMs(attempts - 1, RETRY));
  }
}
