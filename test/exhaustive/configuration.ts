// What one search is about: a small set, how it may be changed by its user, and what may go wrong.
import type { StatefulSetUpdateStrategy } from '../../src/api/generated/types.ts';
import type { EngineOptions } from '../../src/controllers/statefulset/plan/snapshot.ts';

/** What the user asks for. */
export interface Wish {
  readonly replicas: number;
  readonly start: number;
  /** Index of the template: 0 or 1. */
  readonly revision: number;
}

export interface Retention {
  readonly whenScaled: 'Retain' | 'Delete';
  readonly whenDeleted: 'Retain' | 'Delete';
}

export interface Configuration {
  readonly name: string;
  readonly policy: 'OrderedReady' | 'Parallel';
  readonly strategy: StatefulSetUpdateStrategy;
  readonly options: EngineOptions;
  /** The user goes from any of these to any other at any time; the first is the beginning. */
  readonly wishes: readonly Wish[];
  /** Begin with the first wish fulfilled; otherwise with no pod at all. */
  readonly settled: boolean;
  /** Pods become unready, fail, and are deleted by hand at any time. */
  readonly faults: boolean;
  /** Ready pods may become unready for good. */
  readonly breaks: boolean;
  /** Pods of this template never become ready. */
  readonly brokenRevision: number | undefined;
  /** With minReadySeconds: a ready pod becomes available in a step of its own. */
  readonly minReady: boolean;
  /** Each pod has a claim; undefined: no claims. */
  readonly retention: Retention | undefined;
  /** Events of pods (and of claims) that the controller's cache may lag behind. */
  readonly lag: number;
  /** The cache may also lag behind the user's wish. */
  readonly wishLag: boolean;
  /** No sync begins before the cache has seen the controller's own deletions, too. */
  readonly awaitsDeletions: boolean;
}

/** Ordinals that can have a pod: 0 … n - 1. */
export function ordinalCount({ wishes }: Configuration): number {
  return Math.max(...wishes.map(({ start, replicas }) => start + replicas));
}

/** SS-422: without a block, the stored status decides what a new pod is built from. */
export function countsCurrent({ strategy }: Configuration): boolean {
  return strategy.type === 'RollingUpdate' && strategy.rollingUpdate === undefined;
}

export function inRange({ start, replicas }: Wish, ordinal: number): boolean {
  return ordinal >= start && ordinal < start + replicas;
}
