// metrics.k8s.io/v1beta1, what `kubectl top` and autoscalers read: figures that are measured when
// somebody asks and never stored. Served only where agents of nodes can be asked.
import { define } from '../define-resource.ts';
import type { KubernetesObject } from '../meta/object.ts';
import type { ResourceDefinition } from '../resources.ts';

/** Quantities: cpu in cores (`250u`), memory in bytes (`12Ki`). */
export interface ResourceUsage {
  readonly cpu: string;
  readonly memory: string;
}

/** When something was measured, and the time before over which cpu is the mean. */
interface Measured extends KubernetesObject {
  readonly timestamp: string;
  /** A duration as Go writes it: `10.5s`. */
  readonly window: string;
}

export interface NodeMetrics extends Measured {
  readonly usage: ResourceUsage;
}

export interface PodMetrics extends Measured {
  readonly containers: readonly { readonly name: string; readonly usage: ResourceUsage }[];
}

const METRICS = 'metrics.k8s.io/v1beta1';

export const nodeMetrics = define<NodeMetrics>(METRICS, ['nodes', 'NodeMetrics'], {
  cluster: true,
  singular: '',
  verbs: ['get', 'list'],
});
export const podMetrics = define<PodMetrics>(METRICS, ['pods', 'PodMetrics'], {
  singular: '',
  verbs: ['get', 'list'],
});

/** Both of them; they are in no other table of resources, since nothing of them is stored. */
export const metricsResources: readonly ResourceDefinition[] = [nodeMetrics, podMetrics];
