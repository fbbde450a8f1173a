// Which events queue which sets (section 15 of the rules). Triggers of upstream act at once; ours
// act after a named delay, so that nobody sees them who does not wait.
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/generated/types.ts';
import { matches } from '../../api/meta/labels.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import {
  controllerOf,
  isTerminating,
  keyOf,
  nameOf,
  namespaceOf,
  uidOf,
} from '../../api/meta/object.ts';
import type { Controller } from '../../client/controller-context.ts';
import { parsePodName } from './plan/identity.ts';
import { isRunningReady } from './plan/pod-state.ts';
import { setSelector } from './plan/set-selector.ts';
import type { SetCaches } from './set-caches.ts';
import type { WaitIndex } from './wait-index.ts';

/**
 * A set that waits for a claim wakes up so long after the claim has changed or gone. The reference
 * never wakes up (SS-259); the delay leaves time for its own triggers and for the collector.
 */
export const CLAIM_WAKE_DELAY_MS = 2000;

/**
 * A new pod without an owner that is not ready yet is looked at so long after it appeared: whoever
 * made it may still be starting or labelling it, and adopting it can mean deleting it (SS-576).
 */
export const ORPHAN_DELAY_MS = 150;

/** Queues keys on events of the caches; the results end that. `waits`: what sets wait for. */
export function subscribeTriggers(
  controller: Controller,
  caches: SetCaches,
  waits: WaitIndex,
): (() => void)[] {
  const enqueue = (set: StatefulSet) => controller.enqueue(keyOf(set));
  const podEvents = createPodEvents(controller, caches);
  return [
    caches.informers.sets.addEventHandler({
      add: enqueue,
      update: (_previous, set) => enqueue(set),
      delete: enqueue,
    }),
    caches.informers.pods.addEventHandler(podEvents),
    caches.informers.claims.addEventHandler(claimEvents(controller, { waits, caches })),
  ];
}

/** SS-576, SS-577, SS-832, SS-834. */
function createPodEvents(controller: Controller, caches: SetCaches) {
  const ownerOf = (pod: Pod): StatefulSet | undefined => {
    const reference = controllerOf(pod);
    if (reference?.kind !== 'StatefulSet') return undefined;
    const set = caches.sets.get({ namespace: namespaceOf(pod), name: reference.name });
    return set && uidOf(set) === reference.uid ? set : undefined;
  };
  const enqueueOwner = (pod: Pod): StatefulSet | undefined => {
    const set = ownerOf(pod);
    if (set) controller.enqueue(keyOf(set));
    return set;
  };
  const enqueueMatching = (pod: Pod, delayMs = 0) => {
    if (Object.keys(pod.metadata.labels ?? {}).length === 0) return;
    for (const set of caches.sets.list(namespaceOf(pod))) {
      const selector = setSelector(set);
      if (selector && matches(selector, pod.metadata.labels)) {
        controller.enqueueAfter(keyOf(set), delayMs);
      }
    }
  };
  return {
    add(pod: Pod) {
      if (controllerOf(pod)) enqueueOwner(pod);
      else if (!isTerminating(pod)) enqueueMatching(pod, isRunningReady(pod) ? 0 : ORPHAN_DELAY_MS);
    },
    update(previous: Pod, pod: Pod) {
      if (previous.metadata.resourceVersion === pod.metadata.resourceVersion) return;
      const controllerChanged = controllerOf(previous)?.uid !== controllerOf(pod)?.uid;
      if (controllerChanged) enqueueOwner(previous);
      if (controllerOf(pod)) {
        const set = enqueueOwner(pod);
        const minReadySeconds = set?.spec?.minReadySeconds ?? 0;
        if (set && minReadySeconds > 0 && !isRunningReady(previous) && isRunningReady(pod)) {
          controller.enqueueAfter(keyOf(set), minReadySeconds * 1000);
        }
        return;
      }
      const labelsChanged = !semanticEqual(previous.metadata.labels, pod.metadata.labels);
      if (labelsChanged || controllerChanged) enqueueMatching(pod);
    },
    delete: (pod: Pod) => void enqueueOwner(pod),
  };
}

/** Ours, not of the reference: see CLAIM_WAKE_DELAY_MS. */
function claimEvents(
  controller: Controller,
  { waits, caches }: { waits: WaitIndex; caches: SetCaches },
) {
  const wake = (claim: PersistentVolumeClaim) => {
    for (const key of waits.waitingForClaim(namespaceOf(claim), nameOf(claim))) {
      controller.enqueueAfter(key, CLAIM_WAKE_DELAY_MS);
    }
  };
  return {
    update: (_previous: PersistentVolumeClaim, claim: PersistentVolumeClaim) => wake(claim),
    delete(claim: PersistentVolumeClaim) {
      wake(claim);
      // A pending pod may need it again, made while the cache still had the claim (SS-212).
      for (const set of setsThatNamed(claim, caches)) {
        controller.enqueueAfter(keyOf(set), CLAIM_WAKE_DELAY_MS);
      }
    },
  };
}

/** The sets that have a template which gives this name to a claim (SS-201, SS-219). */
function setsThatNamed(claim: PersistentVolumeClaim, { sets }: SetCaches): StatefulSet[] {
  const parts = parsePodName(nameOf(claim)).parent.split('-');
  const found: StatefulSet[] = [];
  for (let at = 1; at < parts.length; at++) {
    const template = parts.slice(0, at).join('-');
    const name = parts.slice(at).join('-');
    const set = name && sets.get({ namespace: namespaceOf(claim), name });
    const templates = (set && set.spec?.volumeClaimTemplates) || [];
    if (set && templates.some((one) => nameOf(one) === template)) found.push(set);
  }
  return found;
}
