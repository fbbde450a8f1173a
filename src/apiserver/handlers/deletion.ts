// How an object dies (API-901 … API-909, SS-601 … SS-614): at once, or held by grace and
// finalizers.
// Pure: from the newest state and the options to the next state.
import type { Pod } from '../../api/generated/types.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { formatTime, parseTime } from '../../base/time.ts';
import type { DeleteOptions } from './delete-options.ts';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

export type DeletionStep =
  /** Remove the object now. */
  | { readonly next: 'remove' }
  /** It is going already, and nothing new was asked for. */
  | { readonly next: 'wait' }
  /** Store this state; `thenRemove`: and then remove it. */
  | { readonly next: 'mark'; readonly object: KubernetesObject; readonly thenRemove: boolean };

export interface DeletionRequest {
  readonly options: DeleteOptions;
  readonly nowMs: number;
  readonly traits: DeletionTraits;
}

/** What is special about the kind. */
export interface DeletionTraits {
  /** Pods: seconds between the request and the end. */
  readonly grace: ((object: KubernetesObject, asked: number | undefined) => number) | undefined;
  /** False for events: nobody owns by them. */
  readonly collectsGarbage: boolean;
  /** API-904: what the kind was made with is left behind unless the caller says otherwise. */
  readonly orphansByDefault: boolean;
}

/** SS-614: 0 for pods that run nowhere; negative becomes 1. */
export function podGraceSeconds(object: KubernetesObject, asked: number | undefined): number {
  const { spec, status } = object as Pod;
  if ((spec?.nodeName ?? '') === '') return 0;
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0;
  const seconds = asked ?? spec?.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
}

/** What to do next with `object`. */
export function planDeletion(object: KubernetesObject, request: DeletionRequest): DeletionStep {
  const { options, traits } = request;
  const graceful = traits.grace === undefined ? undefined : planGrace(object, request);
  if (graceful === 'wait') return { next: 'wait' };
  const finalizers = traits.collectsGarbage
    ? garbageFinalizers(object, options, traits.orphansByDefault)
    : (object.metadata.finalizers ?? []);
  const held = finalizers.length > 0;
  const changed = !sameMembers(finalizers, object.metadata.finalizers ?? []);
  if (graceful === undefined && !held && !changed) return { next: 'remove' };
  const marked = withFinalizers(graceful?.object ?? object, finalizers);
  if (graceful !== undefined) {
    return { next: 'mark', object: marked, thenRemove: !held && graceful.seconds === 0 };
  }
  if (!held) return { next: 'mark', object: marked, thenRemove: true };
  return { next: 'mark', object: markDeleting(marked, request.nowMs), thenRemove: false };
}

interface Graceful {
  readonly object: KubernetesObject;
  readonly seconds: number;
}

/** API-407, API-907: the deletion time, which later requests can only bring nearer. */
function planGrace(
  object: KubernetesObject,
  { options, nowMs, traits }: DeletionRequest,
): Graceful | 'wait' | undefined {
  const { metadata } = object;
  const asked = options.gracePeriodSeconds;
  const current = metadata.deletionGracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined) {
    // 0: marked, but the server died before it removed the object; this request does.
    if (current === undefined || current === 0) return undefined;
    if (asked === undefined || asked >= current) return 'wait';
    const endMs = (parseTime(metadata.deletionTimestamp) ?? nowMs) - (current - asked) * 1000;
    return dying(object, { endMs, seconds: asked, generation: metadata.generation });
  }
  const seconds = traits.grace?.(object, asked) ?? 0;
  const generation = nextGeneration(metadata.generation);
  return dying(object, { endMs: nowMs + seconds * 1000, seconds, generation });
}

/** The last second that a time can name; a grace period may be longer. */
const TIME_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59);

function dying(
  object: KubernetesObject,
  {
    endMs,
    seconds,
    generation,
  }: {
    endMs: number;
    seconds: number;
    generation: number | undefined;
  },
): Graceful {
  const metadata = {
    ...object.metadata,
    ...(generation === undefined ? {} : { generation }),
    deletionTimestamp: formatTime(Math.max(0, Math.min(endMs, TIME_MS_MAX))),
    deletionGracePeriodSeconds: seconds,
  };
  return { object: { ...object, metadata }, seconds };
}

/** API-908: held by finalizers only. */
function markDeleting(object: KubernetesObject, nowMs: number): KubernetesObject {
  const { metadata } = object;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const generation =
    deletionGracePeriodSeconds === undefined
      ? nextGeneration(metadata.generation)
      : metadata.generation;
  const dueMs = parseTime(deletionTimestamp);
  const endMs = dueMs === undefined ? nowMs : Math.min(dueMs, nowMs);
  return dying(object, { endMs, seconds: 0, generation }).object;
}

/** API-404: the first mark of deletion counts as a change of the spec. */
function nextGeneration(generation: number | undefined): number | undefined {
  return generation === undefined || generation === 0 ? generation : generation + 1;
}

function withFinalizers(object: KubernetesObject, finalizers: readonly string[]): KubernetesObject {
  const { finalizers: _, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers: [...finalizers] },
  };
}

/**
 * API-904, SS-605: an explicit policy overrides finalizers on the object, which override the
 * default.
 */
export function garbageFinalizers(
  object: KubernetesObject,
  options: Pick<DeleteOptions, 'orphanDependents' | 'propagationPolicy'>,
  orphansByDefault = false,
): string[] {
  const own = object.metadata.finalizers ?? [];
  const rest = own.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  const policy =
    explicitPolicy(options) ?? policyOf(own) ?? (orphansByDefault ? 'Orphan' : undefined);
  if (policy === 'Orphan') return [...rest, ORPHAN];
  return policy === 'Foreground' ? [...rest, FOREGROUND] : rest;
}

function explicitPolicy({
  orphanDependents,
  propagationPolicy,
}: Pick<DeleteOptions, 'orphanDependents' | 'propagationPolicy'>) {
  if (orphanDependents === undefined) return propagationPolicy;
  return orphanDependents ? 'Orphan' : 'Background';
}

function policyOf(finalizers: readonly string[]) {
  const first = finalizers.find((finalizer) => finalizer === ORPHAN || finalizer === FOREGROUND);
  if (first === undefined) return undefined;
  return first === ORPHAN ? 'Orphan' : 'Foreground';
}

function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((item) => right.includes(item));
}
