// Which changes of the cluster make which pods worth a (new) attempt, and keep the picture of it.
import type { Node, Pod } from '../../api/generated/types.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { keyOf, nameOf } from '../../api/meta/object.ts';
import type { EventHandler } from '../../client/informer.ts';
import { hasEnded, isWaiting, type ClusterState } from './cluster-state.ts';
import type { PendingPods } from './pending-pods.ts';
import type { VolumeInformers, VolumeReservations } from './volume-reservations.ts';

export interface PodEventContext {
  readonly enqueue: (key: string) => void;
  readonly state: ClusterState;
  readonly pending: PendingPods;
  readonly wake: () => void;
}

/** Places and frees; a pod without a node is queued. */
export function podEvents(context: PodEventContext): EventHandler<Pod> {
  const { enqueue, state, pending, wake } = context;
  return {
    add(pod: Pod) {
      state.setPod(pod);
      if (isWaiting(pod)) enqueue(keyOf(pod));
    },
    update(previous: Pod, pod: Pod) {
      state.setPod(pod);
      const wasPlaced = (previous.spec?.nodeName ?? '') !== '';
      if (isWaiting(pod)) {
        const changed =
          !semanticEqual(previous.spec, pod.spec) ||
          !semanticEqual(previous.metadata.labels, pod.metadata.labels);
        if (changed) enqueue(keyOf(pod));
        return;
      }
      pending.delete(keyOf(pod));
      const frees = wasPlaced && !hasEnded(previous) && hasEnded(pod);
      if (frees || !wasPlaced) wake();
    },
    delete(pod: Pod) {
      state.deletePod(keyOf(pod));
      pending.delete(keyOf(pod));
      wake();
    },
  };
}

/** A heartbeat changes nothing. */
export function nodeEvents(state: ClusterState, wake: () => void): EventHandler<Node> {
  return {
    add(node: Node) {
      state.setNode(node);
      wake();
    },
    update(previous: Node, node: Node) {
      if (semanticEqual(placementOf(previous), placementOf(node))) return;
      state.setNode(node);
      wake();
    },
    delete(node: Node) {
      state.deleteNode(nameOf(node));
      wake();
    },
  };
}

/** What of a node bears on placement; heartbeats do not. */
function placementOf({ metadata, spec, status }: Node): object {
  const { labels, deletionTimestamp } = metadata;
  return { labels, deletionTimestamp, spec, allocatable: status?.allocatable };
}

export interface VolumeEventContext {
  readonly reservations: VolumeReservations;
  readonly wake: () => void;
  readonly wakeUsers: (claimKey: string) => void;
}

/** Wakes the users of a claim, or all pods; returns the unsubscribers. */
export function watchVolumes(
  { claims, volumes, classes }: VolumeInformers,
  { reservations, wake, wakeUsers }: VolumeEventContext,
): (() => void)[] {
  return [
    claims.addEventHandler({
      add: (claim) => wakeUsers(keyOf(claim)),
      update: (_previous, claim) => wakeUsers(keyOf(claim)),
      delete: (claim) => wakeUsers(keyOf(claim)),
    }),
    volumes.addEventHandler({
      add: wake,
      update(_previous, volume) {
        reservations.onVolume(volume);
        const reference = volume.spec?.claimRef;
        if (reference) wakeUsers(`${reference.namespace ?? ''}/${reference.name ?? ''}`);
        else wake();
      },
      delete(volume) {
        reservations.release(nameOf(volume));
        wake();
      },
    }),
    classes.addEventHandler({ add: wake, update: wake }),
  ];
}
