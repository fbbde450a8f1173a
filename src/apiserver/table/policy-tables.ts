// `kubectl get` of what governs a cluster: quotas, priorities, autoscalers, webhooks, admission
// policies, flow control, certificates and runtime classes.
import type {
  APIService,
  CertificateSigningRequest,
  FlowSchema,
  MetricSpec,
  MetricStatus,
  HorizontalPodAutoscaler,
  MutatingWebhookConfiguration,
  PriorityClass,
  PriorityLevelConfiguration,
  ResourceQuota,
  RuntimeClass,
} from '../../api/generated/types.ts';
import { humanDuration } from '../../api/meta/duration.ts';
import { nameOf } from '../../api/meta/object.ts';
import { ageColumn, ageOf, column, field, nameColumn, type KindTable } from './column.ts';

const integer = { type: 'integer' } as const;

function quotaText({ status }: ResourceQuota, limits: boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith('limits.') === limits)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ');
}

export const resourceQuotaTable: KindTable<ResourceQuota> = {
  columns: [
    nameColumn,
    column(
      'Request',
      'Request represents a minimum amount of cpu/memory that a container may consume.',
    ),
    column(
      'Limit',
      'Limits control the maximum amount of cpu/memory that a container may use ' +
        'independent of contention on the node.',
    ),
    ageColumn,
  ],
  cells: (quota, nowMs) => [
    nameOf(quota),
    quotaText(quota, false),
    quotaText(quota, true),
    ageOf(quota, nowMs),
  ],
};

export const priorityClassTable: KindTable<PriorityClass> = {
  columns: [
    nameColumn,
    column('Value', field('PriorityClass', 'value'), integer),
    column('Global-Default', field('PriorityClass', 'globalDefault'), { type: 'boolean' }),
    ageColumn,
    column('PreemptionPolicy', field('PriorityClass', 'preemptionPolicy')),
  ],
  cells: (priority, nowMs) => [
    nameOf(priority),
    priority.value ?? 0,
    priority.globalDefault ?? false,
    ageOf(priority, nowMs),
    priority.preemptionPolicy ?? '',
  ],
};

/** `cpu: 40%/80%`, `10/5 (avg)`. */
function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = spec;
  const source = resource ?? containerResource ?? pods ?? object ?? external;
  if (!source) return '<unknown type>';
  const shown = status?.resource ?? status?.containerResource ?? status?.pods;
  const current = (shown ?? status?.object ?? status?.external)?.current;
  const { averageValue, averageUtilization, value } = source.target;
  if (resource ?? containerResource) {
    const name = (resource ?? containerResource)?.name ?? '';
    if (averageValue !== undefined) {
      return `${name}: ${current?.averageValue ?? '<unknown>'}/${averageValue}`;
    }
    const used = current?.averageUtilization;
    const wanted = averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`;
    return `${name}: ${used === undefined ? '<unknown>' : `${used}%`}/${wanted}`;
  }
  if (pods) return `${current?.averageValue ?? '<unknown>'}/${averageValue ?? ''}`;
  if (averageValue === undefined) return `${current?.value ?? '<unknown>'}/${value ?? ''}`;
  return `${current?.averageValue ?? '<unknown>'}/${averageValue} (avg)`;
}

const METRICS_SHOWN = 2;

function metricsText({ spec, status }: HorizontalPodAutoscaler): string {
  const texts = (spec?.metrics ?? []).map((metric, index) =>
    metricText(metric, status?.currentMetrics?.[index]),
  );
  if (texts.length === 0) return '<none>';
  const shown = texts.slice(0, METRICS_SHOWN).join(', ');
  const more = texts.length - METRICS_SHOWN;
  return more > 0 ? `${shown} + ${more} more...` : shown;
}

export const horizontalPodAutoscalerTable: KindTable<HorizontalPodAutoscaler> = {
  columns: [
    nameColumn,
    column('Reference', field('HorizontalPodAutoscalerSpec', 'scaleTargetRef')),
    column('Targets', field('HorizontalPodAutoscalerSpec', 'metrics')),
    column('MinPods', field('HorizontalPodAutoscalerSpec', 'minReplicas')),
    column('MaxPods', field('HorizontalPodAutoscalerSpec', 'maxReplicas')),
    column('Replicas', field('HorizontalPodAutoscalerStatus', 'currentReplicas')),
    ageColumn,
  ],
  cells: (autoscaler, nowMs) => {
    const { spec, status } = autoscaler;
    return [
      nameOf(autoscaler),
      `${spec?.scaleTargetRef.kind ?? ''}/${spec?.scaleTargetRef.name ?? ''}`,
      metricsText(autoscaler),
      String(spec?.minReplicas ?? '<unset>'),
      spec?.maxReplicas ?? 0,
      status?.currentReplicas ?? 0,
      ageOf(autoscaler, nowMs),
    ];
  },
};

export const runtimeClassTable: KindTable<RuntimeClass> = {
  columns: [nameColumn, column('Handler', field('RuntimeClass', 'handler')), ageColumn],
  cells: (runtime, nowMs) => [nameOf(runtime), runtime.handler, ageOf(runtime, nowMs)],
};

/** Both kinds of webhook configurations. */
export const webhookTable: KindTable<MutatingWebhookConfiguration> = {
  columns: [
    nameColumn,
    column(
      'Webhooks',
      'Webhooks indicates the number of webhooks registered in this configuration',
      integer,
    ),
    ageColumn,
  ],
  cells: (configuration, nowMs) => [
    nameOf(configuration),
    configuration.webhooks?.length ?? 0,
    ageOf(configuration, nowMs),
  ],
};

export const flowSchemaTable: KindTable<FlowSchema> = {
  columns: [
    nameColumn,
    column('PriorityLevel', field('PriorityLevelConfigurationReference', 'name')),
    column('MatchingPrecedence', field('FlowSchemaSpec', 'matchingPrecedence')),
    column('DistinguisherMethod', field('FlowSchemaSpec', 'distinguisherMethod')),
    ageColumn,
    column('MissingPL', 'references a broken or non-existent PriorityLevelConfiguration'),
  ],
  cells: (schema, nowMs) => [
    nameOf(schema),
    schema.spec?.priorityLevelConfiguration.name ?? '',
    schema.spec?.matchingPrecedence ?? 0,
    schema.spec?.distinguisherMethod?.type ?? '<none>',
    ageOf(schema, nowMs),
    schema.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
  ],
};

export const priorityLevelTable: KindTable<PriorityLevelConfiguration> = {
  columns: [
    nameColumn,
    column('Type', field('PriorityLevelConfigurationSpec', 'type')),
    column(
      'NominalConcurrencyShares',
      field('LimitedPriorityLevelConfiguration', 'nominalConcurrencyShares'),
    ),
    column('Queues', field('QueuingConfiguration', 'queues')),
    column('HandSize', field('QueuingConfiguration', 'handSize')),
    column('QueueLengthLimit', field('QueuingConfiguration', 'queueLengthLimit')),
    ageColumn,
  ],
  cells: (level, nowMs) => {
    const { type = '', limited } = level.spec ?? {};
    const queuing = limited?.limitResponse?.queuing;
    return [
      nameOf(level),
      type,
      limited?.nominalConcurrencyShares ?? '<none>',
      queuing?.queues ?? '<none>',
      queuing?.handSize ?? '<none>',
      queuing?.queueLengthLimit ?? '<none>',
      ageOf(level, nowMs),
    ];
  },
};

function requestStatus({ status }: CertificateSigningRequest): string {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  const verdict = types.includes('Denied')
    ? 'Denied'
    : types.includes('Approved')
      ? 'Approved'
      : 'Pending';
  const failed = types.includes('Failed') ? ',Failed' : '';
  return verdict + failed + (status?.certificate === undefined ? '' : ',Issued');
}

export const signingRequestTable: KindTable<CertificateSigningRequest> = {
  columns: [
    nameColumn,
    ageColumn,
    column('SignerName', field('CertificateSigningRequestSpec', 'signerName')),
    column('Requestor', field('CertificateSigningRequestSpec', 'request')),
    column('RequestedDuration', field('CertificateSigningRequestSpec', 'expirationSeconds')),
    column('Condition', field('CertificateSigningRequestStatus', 'conditions')),
  ],
  cells: (request, nowMs) => {
    const seconds = request.spec?.expirationSeconds;
    return [
      nameOf(request),
      ageOf(request, nowMs),
      request.spec?.signerName || '<none>',
      request.spec?.username ?? '',
      seconds === undefined ? '<none>' : humanDuration(seconds * 1000),
      requestStatus(request),
    ];
  },
};

export const apiServiceTable: KindTable<APIService> = {
  columns: [
    nameColumn,
    column('Service', 'The reference to the service that hosts this API endpoint.'),
    column('Available', 'Whether this service is available.'),
    ageColumn,
  ],
  cells: (service, nowMs) => [
    nameOf(service),
    serverText(service),
    availableText(service),
    ageOf(service, nowMs),
  ],
};

function serverText({ spec }: APIService): string {
  if (!spec?.service) return 'Local';
  return `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`;
}

/** `True`, `False (MissingEndpoints)`. */
function availableText({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (!condition) return 'Unknown';
  const { reason = '' } = condition;
  return condition.status === 'True' || reason === ''
    ? condition.status
    : `${condition.status} (${reason})`;
}
