// The rules of Jobs for the API server.
import type { Job, JobSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { immutable, nonNegative } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { templateDefaults } from '../core/pod-defaults.ts';
import { hostnameWarnings, podTemplateWarnings } from '../core/pod-warnings.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import { fieldPath, invalidValue, required } from '../meta/field-errors.ts';
import { matches, validateLabelSelector } from '../meta/labels.ts';
import { validateDns1123Label } from '../meta/names.ts';
import { usableSelector } from '../apps/workload-validation.ts';
import { validateJobParts } from './job-validation.ts';

const SPEC = fieldPath('spec');
const TEMPLATE = SPEC.child('template');
const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABELS = ['job-name', 'batch.kubernetes.io/job-name'];
const UID_LABELS = ['controller-uid', UID_LABEL];
const INT32_MAX = 2 ** 31 - 1;

/** What the API server asks of this kind. */
export const jobRules = defineKind<Job>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  specChanged: specDiffers,
  fieldSelectors: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  applyDefaults(job) {
    job.spec ??= {} as JobSpec;
    jobSpecDefaults(job.spec);
    takeTemplateLabels(job);
  },
  prepareForCreate(job) {
    if (job.spec && job.spec.manualSelector !== true) generateSelector(job, job.spec);
    takeTemplateLabels(job);
  },
  *validate(job) {
    yield* validateMetadata(job.metadata, { namespaced: true, nameRule: subdomainName });
    const spec = job.spec ?? emptySpec();
    yield* validateGenerated(job, spec);
    yield* validateSpec(spec);
    yield* validatePodNames(job, spec);
  },
  *validateUpdate(job, old) {
    yield* validateMetadataUpdate(job.metadata, old.metadata);
    yield* validateSpec(job.spec ?? emptySpec());
    yield* validateChange(job.spec ?? emptySpec(), old.spec ?? emptySpec());
  },
  *validateStatusUpdate({ metadata, status = {} }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    for (const count of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
      yield* nonNegative(status[count], fieldPath('status', count));
    }
  },
  warnings(job, old) {
    const changed = job.metadata.generation !== old?.metadata.generation;
    const warnings = changed ? podTemplateWarnings(job.spec?.template ?? {}, TEMPLATE) : [];
    return old === undefined ? [...hostnameWarnings(job.metadata), ...warnings] : warnings;
  },
});

function emptySpec(): JobSpec {
  return { template: {} };
}

/** Fills the defaults that jobs and the templates of cron jobs have in common (API-923). */
export function jobTemplateDefaults(spec: JobSpec): void {
  spec.template ??= {};
  templateDefaults(spec.template);
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= 'True';
  }
}

function jobSpecDefaults(spec: JobSpec): void {
  jobTemplateDefaults(spec);
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : INT32_MAX;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
}

function takeTemplateLabels({ metadata, spec }: Job): void {
  const labels = spec?.template?.metadata?.labels;
  if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
}

/** A selector that no other job has, and the labels that satisfy it. */
function generateSelector({ metadata }: Job, spec: JobSpec): void {
  spec.template.metadata ??= {};
  const labels = (spec.template.metadata.labels ??= {});
  for (const label of NAME_LABELS) labels[label] ??= metadata.name ?? '';
  for (const label of UID_LABELS) labels[label] ??= metadata.uid ?? '';
  spec.selector ??= {};
  const matchLabels = (spec.selector.matchLabels ??= {});
  matchLabels[UID_LABEL] ??= metadata.uid ?? '';
}

/** Labels and selector that were to be generated are those of this job. */
function* validateGenerated({ metadata }: Job, spec: JobSpec): Causes {
  if (spec.manualSelector === true || spec.selector === undefined) return;
  const labels = spec.template.metadata?.labels ?? {};
  const path = TEMPLATE.child('metadata', 'labels');
  const wanted: [string, string][] = [
    ['controller-uid', metadata.uid ?? ''],
    ['job-name', metadata.name ?? ''],
    [UID_LABEL, metadata.uid ?? ''],
    ['batch.kubernetes.io/job-name', metadata.name ?? ''],
  ];
  for (const [label, value] of wanted) {
    const own = labels[label];
    if (own === undefined) yield required(path.key(label), `must be '${value}'`);
    else if (own !== value) yield invalidValue(path.key(label), labels, `must be '${value}'`);
  }
  const selector = usableSelector(spec.selector);
  if (selector && !matches(selector, Object.fromEntries(wanted))) {
    yield invalidValue(SPEC.child('selector'), spec.selector, '`selector` not auto-generated');
  }
}

function* validateSpec(spec: JobSpec): Causes {
  yield* validateJobParts(spec, SPEC);
  const path = SPEC.child('selector');
  if (spec.selector === undefined) yield required(path);
  else yield* validateLabelSelector(spec.selector, path);
  const selector = usableSelector(spec.selector);
  const labels = spec.template.metadata?.labels;
  if (selector && !matches(selector, labels)) {
    const message = '`selector` does not match template `labels`';
    yield invalidValue(TEMPLATE.child('metadata', 'labels'), labels ?? null, message);
  }
}

/** The pods of an indexed job are named after it. */
function* validatePodNames({ metadata }: Job, spec: JobSpec): Causes {
  const { completionMode, completions = 0 } = spec;
  if (completionMode !== 'Indexed' || completions <= 0) return;
  const longest = `${metadata.name ?? ''}-${completions - 1}`;
  if (validateDns1123Label(longest).length === 0) return;
  const message = `will not able to create pod with invalid DNS label: ${longest}`;
  yield invalidValue(fieldPath('metadata', 'name'), metadata.name ?? '', message);
}

function* validateChange(spec: JobSpec, old: JobSpec): Causes {
  const path = SPEC.child('completions');
  if (spec.completionMode !== 'Indexed') {
    yield* immutable(spec.completions, old.completions, path);
  } else if (spec.completions !== old.completions && spec.completions !== spec.parallelism) {
    const message = 'can only be modified in tandem with spec.parallelism';
    yield invalidValue(path, spec.completions, message);
  }
  yield* immutable(spec.selector, old.selector, SPEC.child('selector'));
  yield* immutable(spec.template, mutableParts(spec, old), TEMPLATE);
  const fixed = [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  for (const field of fixed) yield* immutable(spec[field], old[field], SPEC.child(field));
}

/** The old template, with what may change in a job that never started. */
function mutableParts(spec: JobSpec, old: JobSpec): JobSpec['template'] {
  if (old.suspend !== true) return old.template;
  const { template } = spec;
  const { nodeSelector, tolerations, schedulingGates, affinity } = template.spec ?? {};
  return {
    ...old.template,
    metadata: template.metadata,
    spec: old.template.spec && {
      ...old.template.spec,
      nodeSelector,
      tolerations,
      schedulingGates,
      affinity: affinity ?? undefined,
    },
  };
}
