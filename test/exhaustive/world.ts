// One state of the small world: what the API holds, what the controller's caches hold, and how far
// a sync has got. Pods and claims are small numbers, so that a state is a short string.
import { ordinalCount, type Configuration } from './configuration.ts';

/** State of a pod: the lower three bits of its code. */
export const KIND = {
  absent: 0,
  pending: 1,
  unready: 2,
  /** Ready, but not for minReadySeconds. */
  young: 3,
  /** Ready and available. */
  ready: 4,
  failed: 5,
  terminating: 6,
  /** Running, and never ready again. */
  broken: 7,
} as const;

export type PodKind = (typeof KIND)[keyof typeof KIND];

export const kindOf = (pod: number): PodKind => (pod & 7) as PodKind;

/** Index of the template that the pod was built from. */
export const revisionOfPod = (pod: number): number => (pod >> 3) & 1;

/** Tells a pod from its predecessor; kept while there is none. Changes only where claims exist. */
export const instanceOf = (pod: number): number => (pod >> 4) & 1;

export const podCode = (kind: PodKind, revision: number, instance: number): number =>
  kind | (revision << 3) | (instance << 4);

export const withKind = (pod: number, kind: PodKind): number => (pod & ~7) | kind;

/** State of a claim, by its owner. */
export const CLAIM = { absent: 0, free: 1, ofSet: 2, ofPod0: 3, ofPod1: 4 } as const;

export type ClaimState = (typeof CLAIM)[keyof typeof CLAIM];

/** The stored status, as far as later decisions depend on it. */
export interface Stored {
  /** Index of the template of currentRevision plus 1; 0: none yet. */
  readonly current: number;
  /** Kept at 0 where nothing depends on it. */
  readonly currentReplicas: number;
}

/** An event that the cache has not seen yet. */
export interface News {
  readonly ordinal: number;
  readonly code: number;
  /** The controller's own doing, which it waits to see (SS-801). */
  readonly own: boolean;
}

/** A sync between its decision and the write of the status. */
export interface Sync {
  /** Number of the decision. */
  readonly decision: number;
  /** Effects done of each task, or FAILED. */
  readonly progress: readonly number[];
  /** Ordinals whose pod is not any more the one decided on, as bits. */
  readonly replaced: number;
  /** Ordinals whose claim has changed since, as bits. */
  readonly claimChanged: number;
}

export const FAILED = 15;

export interface World {
  /** Index of the user's wish, and of the one in the cache. */
  readonly wish: number;
  readonly seenWish: number;
  readonly stored: Stored;
  readonly pods: readonly number[];
  readonly seenPods: readonly number[];
  /** Oldest first. */
  readonly podNews: readonly News[];
  readonly claims: readonly number[];
  readonly seenClaims: readonly number[];
  readonly claimNews: readonly News[];
  readonly sync: Sync | undefined;
}

export function replaceAt(
  values: readonly number[],
  index: number,
  value: number,
): readonly number[] {
  const copy = values.slice();
  copy[index] = value;
  return copy;
}

const at = (text: string, index: number) => text.charCodeAt(index);

function encodeNews(news: readonly News[], codes: number[]): void {
  codes.push(news.length);
  for (const { ordinal, code, own } of news) codes.push(ordinal * 2 + (own ? 1 : 0), code);
}

/** The canonical text of a world: equal worlds, equal texts. */
export function encode(world: World): string {
  const { wish, seenWish, stored, seenPods, seenClaims, podNews, claimNews, sync } = world;
  const codes = [wish, seenWish, stored.current, stored.currentReplicas + 1];
  codes.push(...seenPods, ...seenClaims);
  encodeNews(podNews, codes);
  encodeNews(claimNews, codes);
  if (sync) codes.push(sync.decision, sync.replaced, sync.claimChanged, ...sync.progress);
  return String.fromCharCode(...codes);
}

function applied(seen: readonly number[], news: readonly News[]): readonly number[] {
  if (news.length === 0) return seen;
  const values = seen.slice();
  for (const { ordinal, code } of news) values[ordinal] = code;
  return values;
}

export function decode(text: string, configuration: Configuration): World {
  const pods = ordinalCount(configuration);
  const claims = configuration.retention ? pods : 0;
  let position = 4;
  const numbers = (count: number) => Array.from({ length: count }, () => at(text, position++));
  const news = (): News[] =>
    Array.from({ length: at(text, position++) }, () => {
      const [ordinal = 0, code = 0] = numbers(2);
      return { ordinal: ordinal >> 1, code, own: (ordinal & 1) === 1 };
    });
  const seenPods = numbers(pods);
  const seenClaims = numbers(claims);
  const podNews = news();
  const claimNews = news();
  let sync: Sync | undefined;
  if (position < text.length) {
    const [decision = 0, replaced = 0, claimChanged = 0] = numbers(3);
    sync = { decision, replaced, claimChanged, progress: numbers(text.length - position) };
  }
  return {
    wish: at(text, 0),
    seenWish: at(text, 1),
    stored: { current: at(text, 2), currentReplicas: at(text, 3) - 1 },
    pods: applied(seenPods, podNews),
    seenPods,
    podNews,
    claims: applied(seenClaims, claimNews),
    seenClaims,
    claimNews,
    sync,
  };
}

/** Where a search begins. */
export function beginning(configuration: Configuration): World {
  const { wishes, settled, retention } = configuration;
  const [wish] = wishes;
  const ordinals = Array.from({ length: ordinalCount(configuration) }, (_, ordinal) => ordinal);
  const exists = (ordinal: number) =>
    settled && wish && ordinal >= wish.start && ordinal < wish.start + wish.replicas;
  const revision = wish?.revision ?? 0;
  const pods = ordinals.map((n) => (exists(n) ? podCode(KIND.ready, revision, 0) : 0));
  const owner = retention?.whenDeleted === 'Delete' ? CLAIM.ofSet : CLAIM.free;
  const claims = retention ? ordinals.map((n) => (exists(n) ? owner : CLAIM.absent)) : [];
  const stored = { current: settled ? revision + 1 : 0, currentReplicas: 0 };
  return {
    wish: 0,
    seenWish: 0,
    stored,
    pods,
    seenPods: pods,
    podNews: [],
    claims,
    seenClaims: claims,
    claimNews: [],
    sync: undefined,
  };
}
