// What the engine counts (SS-840), under the names of the reference.
import type { StatefulSet } from '../../api/generated/types.ts';
import { keyOf, nameOf, namespaceOf } from '../../api/meta/object.ts';
import { persistentVolumeClaims, pods, statefulSets } from '../../api/resources.ts';
import type { Metric, MetricLabels, MetricSink } from '../../base/metric-registry.ts';
import type { TrackedCache } from './cache-freshness.ts';
import type { Plan } from './plan/snapshot.ts';

const MAX_UNAVAILABLE: Metric = {
  name: 'statefulset_controller_statefulset_max_unavailable',
  type: 'gauge',
  help: 'Maximum number of unavailable pods allowed during StatefulSet rolling updates',
};
const UNAVAILABLE: Metric = {
  name: 'statefulset_controller_statefulset_unavailable_replicas',
  type: 'gauge',
  help: 'Current number of unavailable pods in StatefulSet',
};
const STALE_SKIPS: Metric = {
  name: 'statefulset_controller_stale_sync_skips_total',
  type: 'counter',
  help: 'Syncs of StatefulSets skipped because a cache was older than an own write',
};

const RESOURCES = { pods, claims: persistentVolumeClaims, sets: statefulSets };

export interface SetMetrics {
  /** A sync was skipped for this cache (SS-801). */
  skipped(cache: TrackedCache): void;
  /** With the gate MaxUnavailableStatefulSet only. */
  planned(set: StatefulSet, plan: Plan): void;
  /** The set of `namespace/name` is gone. */
  gone(key: string): void;
}

/** Without a sink nothing is counted. */
export function createSetMetrics(sink: MetricSink | undefined): SetMetrics {
  const published = new Map<string, MetricLabels>();
  return {
    skipped(cache) {
      const { group, resource } = RESOURCES[cache];
      sink?.count(STALE_SKIPS, { group, resource });
    },
    planned(set, { budget }) {
      if (!budget || !sink) return;
      const labels = labelsOf(set);
      published.set(keyOf(set), labels);
      sink.set(MAX_UNAVAILABLE, labels, budget.maxUnavailable);
      sink.set(UNAVAILABLE, labels, budget.unavailable);
    },
    gone(key) {
      const labels = published.get(key);
      if (!labels || !published.delete(key)) return;
      for (const metric of [MAX_UNAVAILABLE, UNAVAILABLE]) sink?.remove(metric, labels);
    },
  };
}

function labelsOf(set: StatefulSet): MetricLabels {
  return {
    statefulset_namespace: namespaceOf(set),
    statefulset_name: nameOf(set),
    pod_management_policy: set.spec?.podManagementPolicy ?? '',
  };
}
