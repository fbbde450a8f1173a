// The rules of Jobs for the API server.
import type { Container, Job, JobSpec, PodSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { immutable } from '../core/field-rules.ts';
import { dropDisabledTemplateFields } from '../core/disabled-fields.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { templateDefaults } from '../core/pod-defaults.ts';
import { hostnameWarnings, podTemplateWarnings } from '../core/pod-warnings.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, invalidValue, required } from '../meta/field-errors.ts';
import { matches, validateLabelSelector } from '../meta/labels.ts';
import { validateDns1123Label } from '../meta/names.ts';
import { usableSelector } from '../apps/workload-validation.ts';
import { validateJobStatus } from './job-status-validation.ts';
import { validateJobParts } from './job-validation.ts';

const SPEC = fieldPath('spec');
const TEMPLATE = SPEC.child('template');
const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABELS = ['job-name', 'batch.kubernetes.io/job-name'];
const UID_LABELS = ['controller-uid', UID_LABEL];
const INT32_MAX = 2 ** 31 - 1;
const MANY_COMPLETIONS = 100_000;
const MANY_PARALLEL = 10_000;

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
  prepareForCreate(job, context) {
    dropDisabledTemplateFields(job.spec?.template, undefined, context);
    if (job.spec && job.spec.manualSelector !== true) generateSelector(job, job.spec);
    takeTemplateLabels(job);
  },
  prepareForUpdate({ spec }, old, context) {
    dropDisabledTemplateFields(spec?.template, old.spec?.template, context);
  },
  validate: validateJob,
  *validateUpdate(job, old) {
    // Upstream checks the job as a new one first, so some faults are found twice.
    yield* validateJob(job);
    yield* validateMetadataUpdate(job.metadata, old.metadata);
    yield* validateSpec(job.spec ?? emptySpec());
    yield* validateChange(job, old);
  },
  *validateStatusUpdate(job, old) {
    yield* validateMetadataUpdate(job.metadata, old.metadata);
    yield* validateJobStatus(job, old);
  },
  warnings(job, old) {
    const changed = job.metadata.generation !== old?.metadata.generation;
    const warnings = changed && job.spec ? jobWarnings(job.spec, SPEC) : [];
    return old === undefined ? [...hostnameWarnings(job.metadata), ...warnings] : warnings;
  },
});

/** Warnings about the job spec at `path`, of a job or of the template of a cron job. */
export function jobWarnings(spec: JobSpec, path: FieldPath): string[] {
  const { completionMode, completions = 0, parallelism = 0, template } = spec;
  const warnings = podTemplateWarnings(template, path.child('template'));
  const many = completions > MANY_COMPLETIONS && parallelism > MANY_PARALLEL;
  if (completionMode !== 'Indexed' || !many) return warnings;
  const text =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than ' +
    '10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [`${path.toString()}: ${text}`, ...warnings];
}

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

function* validateJob(job: Job): Causes {
  yield* validateMetadata(job.metadata, { namespaced: true, nameRule: subdomainName });
  const spec = job.spec ?? emptySpec();
  yield* validateGenerated(job, spec);
  yield* validateSpec(spec);
  yield* validatePodNames(job, spec);
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

function* validateChange(job: Job, before: Job): Causes {
  const spec = job.spec ?? emptySpec();
  const old = before.spec ?? emptySpec();
  const path = SPEC.child('completions');
  if (spec.completionMode !== 'Indexed') {
    yield* immutable(spec.completions, old.completions, path);
  } else if (spec.completions !== undefined && spec.completions !== old.completions) {
    const message = 'can only be modified in tandem with spec.parallelism';
    if (spec.completions !== spec.parallelism) yield invalidValue(path, spec.completions, message);
  }
  yield* immutable(spec.selector, old.selector, SPEC.child('selector'));
  yield* validateTemplateChange(spec, before);
  const fixed = [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const;
  for (const field of fixed) yield* immutable(spec[field], old[field], SPEC.child(field));
}

/** A suspended job without pods may still change where its pods go and what they get. */
function* validateTemplateChange({ template }: JobSpec, { spec, status }: Job): Causes {
  const old = spec ?? emptySpec();
  const paused = status?.conditions?.some(
    (condition) => condition.type === 'Suspended' && condition.status === 'True',
  );
  const idle = status?.startTime === undefined || paused === true;
  const open = old.suspend === true && idle && (status?.active ?? 0) === 0;
  if (!open) yield* immutable(template, old.template, TEMPLATE);
  else {
    const allowed = withMutableParts(old.template.spec, template.spec);
    yield* immutable(template.spec, allowed, fieldPath('spec', 'template.spec'));
  }
}

/** The old pod spec with the parts of the new one that may change. */
function withMutableParts(old: PodSpec | undefined, spec: PodSpec | undefined) {
  if (old === undefined || spec === undefined) return old;
  const { nodeSelector, tolerations, schedulingGates } = spec;
  const nodeAffinity = spec.affinity?.nodeAffinity;
  const affinity = { ...old.affinity, nodeAffinity };
  return {
    ...old,
    nodeSelector,
    tolerations,
    schedulingGates,
    affinity: spec.affinity || old.affinity ? affinity : undefined,
    containers: withResources(old.containers, spec.containers),
    initContainers: withResources(old.initContainers, spec.initContainers),
  };
}

type Containers = readonly Container[] | undefined;

function withResources(old: Containers, containers: Containers): Containers {
  return old?.map((container, i) => {
    const own = containers?.length === old.length ? containers[i] : undefined;
    return own?.name === container.name ? { ...container, resources: own.resources } : container;
  });
}
