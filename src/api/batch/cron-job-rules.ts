// The rules of CronJobs for the API server.
import type { CronJob, CronJobSpec, JobTemplateSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { isBlank, nonNegative } from '../core/field-rules.ts';
import { dropDisabledTemplateFields } from '../core/disabled-fields.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { hostnameWarnings } from '../core/pod-warnings.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, invalidValue, notSupported, required } from '../meta/field-errors.ts';
import { scheduleFault } from './cron-schedule.ts';
import { jobTemplateDefaults, jobWarnings } from './job-rules.ts';
import { validateJobParts } from './job-validation.ts';

const SPEC = fieldPath('spec');
/** The controller appends a time of 11 characters to the names of jobs. */
const NAME_MAX = 52;
const TIME_ZONE_WARNING =
  'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see ' +
  'https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details';
const POLICIES = ['Allow', 'Forbid', 'Replace'];

/** What the API server asks of this kind. */
export const cronJobRules = defineKind<CronJob>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  specChanged: specDiffers,
  applyDefaults(cronJob) {
    cronJob.spec ??= {} as CronJobSpec;
    const { spec } = cronJob;
    if (isBlank(spec.concurrencyPolicy)) spec.concurrencyPolicy = 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    spec.jobTemplate ??= {};
    spec.jobTemplate.spec ??= { template: {} };
    jobTemplateDefaults(spec.jobTemplate.spec);
  },
  prepareForCreate({ spec }, context) {
    dropDisabledTemplateFields(spec?.jobTemplate.spec?.template, undefined, context);
  },
  prepareForUpdate({ spec }, old, context) {
    const before = old.spec?.jobTemplate.spec?.template;
    dropDisabledTemplateFields(spec?.jobTemplate.spec?.template, before, context);
  },
  *validate({ metadata, spec }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    if (spec) yield* validateSpec(spec, undefined);
    const { name = '' } = metadata;
    if (name.length > NAME_MAX) {
      const message = `must be no more than ${NAME_MAX} characters`;
      yield invalidValue(fieldPath('metadata', 'name'), name, message);
    }
  },
  *validateUpdate({ metadata, spec }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    if (spec) yield* validateSpec(spec, old.spec);
  },
  *validateStatusUpdate({ metadata }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
  },
  warnings({ metadata, spec }, old) {
    const changed = metadata.generation !== old?.metadata.generation;
    const job = changed ? spec?.jobTemplate.spec : undefined;
    const warnings = job ? jobWarnings(job, SPEC.child('jobTemplate', 'spec')) : [];
    if (old === undefined) return [...hostnameWarnings(metadata), ...warnings];
    if (spec?.schedule.includes('TZ') === true) warnings.push(TIME_ZONE_WARNING);
    return warnings;
  },
});

function* validateSpec(spec: CronJobSpec, old: CronJobSpec | undefined): Causes {
  yield* validateSchedule(spec, old);
  yield* nonNegative(spec.startingDeadlineSeconds, SPEC.child('startingDeadlineSeconds'));
  if (old === undefined || old.timeZone !== spec.timeZone) {
    yield* validateTimeZone(spec.timeZone, SPEC.child('timeZone'));
  }
  const policy = spec.concurrencyPolicy ?? '';
  const policyPath = SPEC.child('concurrencyPolicy');
  if (policy === '') yield required(policyPath);
  else if (!POLICIES.includes(policy)) yield notSupported(policyPath, policy, POLICIES);
  yield* validateTemplate(spec.jobTemplate, SPEC.child('jobTemplate', 'spec'));
  for (const limit of ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const) {
    yield* nonNegative(spec[limit], SPEC.child(limit));
  }
}

function* validateSchedule(spec: CronJobSpec, old: CronJobSpec | undefined): Causes {
  const { schedule } = spec;
  const path = SPEC.child('schedule');
  if (isBlank(schedule)) {
    yield required(path);
    return;
  }
  const fault = scheduleFault(schedule);
  if (fault !== undefined) yield invalidValue(path, schedule, fault);
  if (!schedule.includes('TZ')) return;
  const known = old?.schedule.includes('TZ') === true;
  if (known && spec.timeZone === undefined) return;
  const message = known
    ? 'cannot use both timeZone field and TZ or CRON_TZ in schedule'
    : 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
  yield invalidValue(path, schedule, message);
}

function* validateTimeZone(zone: string | undefined, path: FieldPath): Causes {
  if (zone === undefined) return;
  if (zone === '') {
    yield invalidValue(path, zone, 'timeZone must be nil or non-empty string');
    return;
  }
  const malformed = (part: string) =>
    ['.', '..'].includes(part) || part.startsWith('-') || !/^[A-Za-z.\-_0-9+]{1,14}$/.test(part);
  if (zone.split('/').some(malformed)) {
    yield invalidValue(path, zone, `unknown time zone ${zone}`);
    return;
  }
  if (zone.toLowerCase() === 'local') {
    const message =
      'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    yield invalidValue(path, zone, message);
  }
  if (!isTimeZone(zone)) yield invalidValue(path, zone, `unknown time zone ${zone}`);
}

function isTimeZone(zone: string): boolean {
  if (zone === 'Local') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function* validateTemplate({ spec }: JobTemplateSpec, path: FieldPath): Causes {
  if (!spec) return;
  yield* validateJobParts(spec, path);
  if (spec.selector) {
    yield invalidValue(path.child('selector'), spec.selector, '`selector` will be auto-generated');
  }
  if (spec.manualSelector === true) {
    yield notSupported(path.child('manualSelector'), true, ['nil', 'false']);
  }
}
