// What Jobs and the job templates of CronJobs have in common.
import type { JobSpec, SuccessPolicy } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { nonNegative } from '../core/field-rules.ts';
import { validatePodTemplate } from '../core/pod-template-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidValue, notSupported, required, tooLong } from '../meta/field-errors.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.ts';
import { domainPrefixedPath } from '../core/field-rules.ts';

const MANAGED_BY_MAX = 63;
const INDEXED_MAX = 100_000;
const SOFT_LIMIT = 100_000;
const HIGH_LIMIT = 10_000;
const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** All rules of a job spec but those of its selector. */
export function* validateJobParts(spec: JobSpec, path: FieldPath): Causes {
  for (const count of COUNTS) yield* nonNegative(spec[count], path.child(count));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    yield required(path.child('backoffLimitPerIndex'), 'when maxFailedIndexes is specified');
  }
  yield* validateManagedBy(spec.managedBy, path.child('managedBy'));
  yield* validateMode(spec, path);
  if (spec.podFailurePolicy) {
    yield* validateFailurePolicy(spec, spec.podFailurePolicy, path.child('podFailurePolicy'));
  }
  if (spec.successPolicy) {
    const policyPath = path.child('successPolicy');
    if (spec.completionMode === 'Indexed') {
      yield* validateSuccessPolicy(spec, spec.successPolicy, policyPath);
    } else {
      const shown = internalSuccessPolicy(spec.successPolicy);
      yield invalidValue(policyPath, shown, 'requires indexed completion mode');
    }
  }
  yield* validateReplacement(spec, path.child('podReplacementPolicy'));
  yield* validatePodTemplate(spec.template, path.child('template'));
  yield* validateRestartPolicy(spec, path.child('template', 'spec', 'restartPolicy'));
}

/** Messages show upstream's internal form. */
function internalSuccessPolicy({ rules }: SuccessPolicy): object {
  const Rules = rules?.map(({ succeededIndexes, succeededCount }) => ({
    SucceededIndexes: succeededIndexes ?? null,
    SucceededCount: succeededCount ?? null,
  }));
  return { Rules: Rules ?? null };
}

function* validateManagedBy(manager: string | undefined, path: FieldPath): Causes {
  if (manager === undefined) return;
  yield* domainPrefixedPath(manager, path);
  if (manager.length > MANAGED_BY_MAX) yield tooLong(path, MANAGED_BY_MAX);
}

function* validateMode(spec: JobSpec, path: FieldPath): Causes {
  const mode = spec.completionMode ?? 'NonIndexed';
  if (mode === 'Indexed') yield* validateIndexed(spec, path);
  else if (mode === 'NonIndexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
      const value = spec[field];
      if (value === undefined) continue;
      yield invalidValue(path.child(field), value, 'requires indexed completion mode');
    }
  } else yield notSupported(path.child('completionMode'), mode, ['NonIndexed', 'Indexed']);
}

function* validateIndexed(spec: JobSpec, path: FieldPath): Causes {
  const { completions, parallelism = 0, maxFailedIndexes } = spec;
  if (completions === undefined) {
    yield required(path.child('completions'), 'when completion mode is Indexed');
  }
  if (parallelism > INDEXED_MAX) {
    const message = `must be less than or equal to ${INDEXED_MAX} when completion mode is Indexed`;
    yield invalidValue(path.child('parallelism'), parallelism, message);
  }
  const failedPath = path.child('maxFailedIndexes');
  if (maxFailedIndexes !== undefined && maxFailedIndexes > (completions ?? Infinity)) {
    yield invalidValue(failedPath, maxFailedIndexes, 'must be less than or equal to completions');
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > INDEXED_MAX) {
    yield invalidValue(
      failedPath,
      maxFailedIndexes,
      `must be less than or equal to ${INDEXED_MAX}`,
    );
  }
  if ((completions ?? 0) <= SOFT_LIMIT || spec.backoffLimitPerIndex === undefined) return;
  const because =
    `must be less than or equal to ${HIGH_LIMIT} when completions are above ${SOFT_LIMIT} ` +
    'and used with backoff limit per index';
  if (maxFailedIndexes === undefined) {
    yield required(failedPath, `must be specified when completions is above ${SOFT_LIMIT}`);
  }
  if (parallelism > HIGH_LIMIT) {
    yield invalidValue(path.child('parallelism'), parallelism, because);
  }
  if (maxFailedIndexes !== undefined && maxFailedIndexes > HIGH_LIMIT) {
    yield invalidValue(failedPath, maxFailedIndexes, because);
  }
}

function* validateReplacement(spec: JobSpec, path: FieldPath): Causes {
  const policy = spec.podReplacementPolicy;
  const supported = spec.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
  if (policy !== undefined && !supported.includes(policy)) {
    yield notSupported(path, policy, supported);
  }
}

function* validateRestartPolicy(spec: JobSpec, path: FieldPath): Causes {
  const policy = spec.template.spec?.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') {
    yield required(path, 'valid values: "OnFailure", "Never"');
  } else if (policy !== 'OnFailure' && policy !== 'Never') {
    yield notSupported(path, policy, ['OnFailure', 'Never']);
  } else if (spec.podFailurePolicy && policy !== 'Never') {
    const message = 'only "Never" is supported when podFailurePolicy is specified';
    yield invalidValue(path, policy, message);
  }
}
