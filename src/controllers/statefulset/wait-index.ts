// What each set waits for since its last sync, and who waits for a given object.
import { splitKey } from '../../api/meta/object.ts';
import type { Wait } from './plan/snapshot.ts';

export class WaitIndex {
  readonly #waits = new Map<string, readonly Wait[]>();
  readonly #waiters = new Map<string, Set<string>>();

  set(key: string, waits: readonly Wait[]): void {
    this.delete(key);
    if (waits.length === 0) return;
    this.#waits.set(key, waits);
    for (const wait of waits) {
      const target = targetKey(splitKey(key).namespace, wait.waitsFor.object);
      const waiters = this.#waiters.get(target) ?? new Set();
      this.#waiters.set(target, waiters.add(key));
    }
  }

  delete(key: string): void {
    for (const wait of this.of(key)) {
      const target = targetKey(splitKey(key).namespace, wait.waitsFor.object);
      const waiters = this.#waiters.get(target);
      waiters?.delete(key);
      if (waiters?.size === 0) this.#waiters.delete(target);
    }
    this.#waits.delete(key);
  }

  of(key: string): readonly Wait[] {
    return this.#waits.get(key) ?? [];
  }

  /** Keys of the sets that wait for an object (`Kind/name`) of their namespace. */
  waitingFor(namespace: string, object: string): readonly string[] {
    return [...(this.#waiters.get(targetKey(namespace, object)) ?? [])];
  }
}

function targetKey(namespace: string, object: string): string {
  return `${namespace}/${object}`;
}
