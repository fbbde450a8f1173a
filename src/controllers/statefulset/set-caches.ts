// The informers that a sync reads from, with the indexes it needs.
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../api/generated/types.ts';
import { controllerOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import {
  controllerRevisions,
  persistentVolumeClaims,
  pods,
  statefulSets,
} from '../../api/resources.ts';
import type { Informer, InformerFactory, Lister } from '../../client/informer.ts';
import type { TrackedCache } from './cache-freshness.ts';

const BY_CONTROLLER = 'controller';

/** Index value of pods without a controller; no uid looks like it. */
const orphansOf = (namespace: string) => `orphans of ${namespace}`;

export interface SetCaches {
  readonly informers: {
    readonly sets: Informer<StatefulSet>;
    readonly pods: Informer<Pod>;
    readonly claims: Informer<PersistentVolumeClaim>;
    readonly revisions: Informer<ControllerRevision>;
  };
  readonly sets: Lister<StatefulSet>;
  readonly claims: Lister<PersistentVolumeClaim>;
  readonly pods: Lister<Pod>;
  /** Revisions controlled by the set's uid, and those of its namespace that nobody controls. */
  revisions(set: StatefulSet): ControllerRevision[];
  /** Pods controlled by the set's uid, and pods of its namespace that nobody controls (SS-561). */
  candidatePods(set: StatefulSet): Pod[];
  /** Newest resourceVersion that each cache includes. */
  versions(): Record<TrackedCache, string>;
}

export function createSetCaches(factory: InformerFactory): SetCaches {
  const informers = {
    sets: factory.informer(statefulSets),
    pods: factory.informer(pods),
    claims: factory.informer(persistentVolumeClaims),
    revisions: factory.informer(controllerRevisions),
  };
  informers.revisions.addIndex(BY_CONTROLLER, (revision) => [
    controllerOf(revision)?.uid ?? orphansOf(namespaceOf(revision)),
  ]);
  informers.pods.addIndex(BY_CONTROLLER, (pod) => [
    controllerOf(pod)?.uid ?? orphansOf(namespaceOf(pod)),
  ]);
  return {
    informers,
    sets: informers.sets.lister,
    claims: informers.claims.lister,
    pods: informers.pods.lister,
    revisions: (set) => [
      ...informers.revisions.lister.byIndex(BY_CONTROLLER, uidOf(set)),
      ...informers.revisions.lister.byIndex(BY_CONTROLLER, orphansOf(namespaceOf(set))),
    ],
    candidatePods: (set) => [
      ...informers.pods.lister.byIndex(BY_CONTROLLER, uidOf(set)),
      ...informers.pods.lister.byIndex(BY_CONTROLLER, orphansOf(namespaceOf(set))),
    ],
    versions: () => ({
      pods: informers.pods.resourceVersion,
      claims: informers.claims.resourceVersion,
      sets: informers.sets.resourceVersion,
    }),
  };
}
