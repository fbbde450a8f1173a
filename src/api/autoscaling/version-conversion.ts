// Autoscalers of autoscaling/v1 are those of v2 that know no metric but the use of CPU. What v1 has
// no field for travels in annotations, so that a client of v1 does not lose it.
import type { FormConversion } from '../form-conversion.ts';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerV1,
  MetricSpec,
} from '../generated/types.ts';
import { isJsonObject, type Json } from '../meta/object.ts';
import type { KubernetesObject } from '../meta/object.ts';
import { horizontalPodAutoscalers } from '../other-resources.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const STATUSES = 'autoscaling.alpha.kubernetes.io/current-metrics';

/** How autoscalers of autoscaling/v1 are stored. */
export const autoscalerConversion: FormConversion = {
  stored: horizontalPodAutoscalers,
  toStored: (object) => toVersion2(object as HorizontalPodAutoscalerV1),
  fromStored: (object) => toVersion1(object as HorizontalPodAutoscaler),
};

/** The one metric that v1 has a field for. */
function isCpuUse({ resource }: MetricSpec): boolean {
  return resource?.name === 'cpu' && resource.target.averageUtilization !== undefined;
}

function toVersion1(object: HorizontalPodAutoscaler): KubernetesObject {
  const { metadata, spec, status } = object;
  const metrics = spec?.metrics ?? [];
  const cpu = metrics.find(isCpuUse);
  const others = metrics.filter((metric) => metric !== cpu);
  const annotations: Record<string, string> = { ...metadata.annotations };
  const keep = (name: string, value: unknown) => {
    if (value !== undefined && value !== null) annotations[name] = JSON.stringify(value);
  };
  keep(METRICS, others.length > 0 ? others : undefined);
  keep(BEHAVIOR, spec?.behavior);
  keep(CONDITIONS, status?.conditions);
  keep(STATUSES, status?.currentMetrics);
  const currentCpu = status?.currentMetrics?.find(({ resource }) => resource?.name === 'cpu');
  const { behavior: _, metrics: __, ...plainSpec } = spec ?? ({} as HorizontalPodAutoscalerSpec);
  const { conditions: ___, currentMetrics: ____, ...plainStatus } = status ?? {};
  return defined({
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
    spec:
      spec &&
      defined({
        ...plainSpec,
        targetCPUUtilizationPercentage: cpu?.resource?.target.averageUtilization,
      }),
    status:
      status &&
      defined({
        ...plainStatus,
        currentReplicas: status.currentReplicas ?? 0,
        currentCPUUtilizationPercentage: currentCpu?.resource?.current.averageUtilization,
      }),
  });
}

function toVersion2(object: HorizontalPodAutoscalerV1): KubernetesObject {
  const { metadata, spec, status } = object;
  const annotations = { ...metadata.annotations };
  const take = (name: string): Json => {
    const text = annotations[name];
    delete annotations[name];
    return text === undefined ? null : parsed(text);
  };
  const listOf = (value: Json) => (Array.isArray(value) ? value : []);
  const percent = spec?.targetCPUUtilizationPercentage;
  const target = { type: 'Utilization', averageUtilization: percent };
  const cpu =
    percent === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target } }];
  const metrics = [...cpu, ...listOf(take(METRICS))];
  const behavior = take(BEHAVIOR);
  const conditions = listOf(take(CONDITIONS));
  const statuses = listOf(take(STATUSES));
  const { targetCPUUtilizationPercentage: _, ...plainSpec } = spec ?? {};
  const { currentCPUUtilizationPercentage: __, ...plainStatus } = status ?? {};
  const { annotations: ___, ...plainMetadata } = metadata;
  return defined({
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : plainMetadata,
    spec:
      spec &&
      defined({
        ...plainSpec,
        metrics: metrics.length > 0 ? metrics : undefined,
        behavior: isJsonObject(behavior) ? behavior : undefined,
      }),
    status:
      status &&
      defined({
        ...plainStatus,
        currentReplicas: status.currentReplicas === 0 ? undefined : status.currentReplicas,
        conditions: conditions.length > 0 ? conditions : undefined,
        currentMetrics: statuses.length > 0 ? statuses : null,
      }),
  });
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** Without members that are undefined. */
function defined(object: object): KubernetesObject {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as unknown as KubernetesObject;
}
