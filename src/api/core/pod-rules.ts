// The rules of pods for the API server.
import type { LabelSelector, Pod, PodAffinityTerm } from '../generated/types.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { fillAppArmorProfiles } from './app-armor.ts';
import { dropDisabledFields } from './disabled-fields.ts';
import { ipWarnings } from './ip-warnings.ts';
import { subdomainName } from './object-meta-validation.ts';
import { podDefaults, syncPodIps, syncServiceAccount } from './pod-defaults.ts';
import { podQosClass } from './pod-resources.ts';
import { validatePodStatus } from './pod-status-validation.ts';
import { validatePodUpdate } from './pod-update-validation.ts';
import { validatePod } from './pod-validation.ts';
import { hostnameWarnings, podWarnings } from './pod-warnings.ts';

/** Rules of `pods`. */
export const podRules = defineKind<Pod>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  specChanged: specDiffers,
  initialStatus: (pod) => ({ phase: 'Pending', qosClass: podQosClass(pod) }),
  fieldSelectors: {
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec?.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec?.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec?.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec?.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIPs?.[0]?.ip ?? '',
    // Accepted, but no pod has a value there, as in the reference.
    'status.podIPs': () => '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
    'spec.host': ({ spec }) => spec?.nodeName ?? '',
  },
  applyDefaults: podDefaults,
  prepareForCreate(pod, context) {
    if (pod.spec) syncServiceAccount(pod.spec);
    dropDisabledFields(pod.spec, undefined, context);
    addGatedCondition(pod, context.now);
    mergeLabelKeys(pod);
    fillAppArmorProfiles(pod);
  },
  prepareForUpdate({ spec }, old, context) {
    if (spec) syncServiceAccount(spec);
    dropDisabledFields(spec, old.spec, context);
  },
  prepareForStatusUpdate: prepareStatus,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatus,
  warnings(pod, old) {
    if (old !== undefined) return [];
    return [...hostnameWarnings(pod.metadata, "the Pod's hostname"), ...podWarnings(pod)];
  },
  statusWarnings: ({ status }) =>
    (['podIPs', 'hostIPs'] as const).flatMap((field) =>
      (status?.[field] ?? []).flatMap(({ ip }, index) => [
        ...ipWarnings(ip, fieldPath('status', field).index(index).child('ip')),
      ]),
    ),
});

/** A pod with scheduling gates says from the start why it is not scheduled. */
function addGatedCondition({ spec, status }: Pod, now: string): void {
  if (status === undefined || (spec?.schedulingGates ?? []).length === 0) return;
  status.conditions = [
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
      lastTransitionTime: now,
      // Always present in conditions of pods (go-shape.ts).
      lastProbeTime: null as never,
    },
  ];
}

/** The values of matchLabelKeys and mismatchLabelKeys are taken from the labels of a new pod. */
function mergeLabelKeys({ metadata, spec }: Pod): void {
  const labels = metadata.labels ?? {};
  for (const { matchLabelKeys, labelSelector } of spec?.topologySpreadConstraints ?? []) {
    addLabelKeys(labelSelector, { keys: matchLabelKeys, operator: 'In', labels });
  }
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  for (const affinity of [podAffinity, podAntiAffinity]) {
    const terms: PodAffinityTerm[] = [
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
        (preferred) => preferred.podAffinityTerm,
      ),
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ];
    for (const { matchLabelKeys, mismatchLabelKeys, labelSelector } of terms) {
      addLabelKeys(labelSelector, { keys: matchLabelKeys, operator: 'In', labels });
      addLabelKeys(labelSelector, { keys: mismatchLabelKeys, operator: 'NotIn', labels });
    }
  }
}

function addLabelKeys(
  selector: LabelSelector | undefined,
  added: {
    keys: readonly string[] | undefined;
    operator: 'In' | 'NotIn';
    labels: Record<string, string>;
  },
): void {
  if (selector === undefined) return;
  for (const key of added.keys ?? []) {
    const value = added.labels[key];
    if (value === undefined) continue;
    selector.matchExpressions ??= [];
    selector.matchExpressions.push({ key, operator: added.operator, values: [value] });
  }
}

/** Owners and deletion are not for writers of status; some fields of it are never lost. */
function prepareStatus(pod: Pod, old: Pod): void {
  const { metadata } = pod;
  delete metadata.deletionTimestamp;
  if (old.metadata.ownerReferences === undefined) delete metadata.ownerReferences;
  else metadata.ownerReferences = old.metadata.ownerReferences;
  pod.status ??= {};
  const { status } = pod;
  const before = old.status;
  if (before?.qosClass !== undefined) status.qosClass ||= before.qosClass;
  if (before?.observedGeneration) status.observedGeneration ||= before.observedGeneration;
  for (const condition of status.conditions ?? []) {
    const known = before?.conditions?.find(({ type }) => type === condition.type);
    if (known?.observedGeneration) condition.observedGeneration ||= known.observedGeneration;
  }
  syncPodIps(pod);
}
