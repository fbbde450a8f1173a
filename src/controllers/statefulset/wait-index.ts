// What each set waits for since its last sync, and which sets have a pod that waits for a claim to
// go: of all objects that close gates, claims alone queue nothing otherwise (SS-833).
import { splitKey } from '../../api/meta/object.ts';
import type { Wait } from './plan/snapshot.ts';
import { claimObject } from './plan/waits.ts';

export class WaitIndex {
  readonly #waits = new Map<string, readonly Wait[]>();
  /** Keys of sets by the claim that they wait for, `namespace/PersistentVolumeClaim/name`. */
  readonly #waiters = new Map<string, Set<string>>();

  set(key: string, waits: readonly Wait[]): void {
    this.delete(key);
    if (waits.length === 0) return;
    this.#waits.set(key, waits);
    for (const claim of claimsOf(key, waits)) {
      const waiters = this.#waiters.get(claim) ?? new Set();
      this.#waiters.set(claim, waiters.add(key));
    }
  }

  delete(key: string): void {
    for (const claim of claimsOf(key, this.of(key))) {
      const waiters = this.#waiters.get(claim);
      waiters?.delete(key);
      if (waiters?.size === 0) this.#waiters.delete(claim);
    }
    this.#waits.delete(key);
  }

  of(key: string): readonly Wait[] {
    return this.#waits.get(key) ?? [];
  }

  /** Keys of the sets that wait for a claim of their namespace. */
  waitingForClaim(namespace: string, name: string): readonly string[] {
    return [...(this.#waiters.get(`${namespace}/${claimObject(name)}`) ?? [])];
  }
}

function claimsOf(key: string, waits: readonly Wait[]): string[] {
  const { namespace } = splitKey(key);
  const onClaims = waits.filter(({ gate }) => gate === 'ClaimStale' || gate === 'ClaimTerminating');
  return onClaims.map(({ waitsFor }) => `${namespace}/${waitsFor.object}`);
}
