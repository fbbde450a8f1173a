// What a Job's status may say, and how it may change. Most rules hold only for what a write
// changes, so that other changes of a status that breaks one are still possible.
import { nonNegative } from '../core/field-rules.ts';
import type { Causes } from '../core/field-rules.ts';
import type { Job, JobStatus } from '../generated/types.ts';
import { isConditionTrue } from '../meta/conditions.ts';
import { duplicate, fieldPath, invalidValue, required, wrongWhole } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import type { StatusCause } from '../meta/status-error.ts';
import { commonIndex, parseIndexes } from './index-list.ts';

const STATUS = fieldPath('status');
const CONDITIONS = STATUS.child('conditions');
const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

/** A status before and after a write, with what the rules ask of it. */
interface Change {
  readonly job: Job;
  readonly status: JobStatus;
  readonly old: JobStatus;
  /** True when one of the fields or condition types differs. */
  readonly changed: (...names: readonly string[]) => boolean;
}

/** The rules of a write to a Job's status. */
export function* validateJobStatus(job: Job, oldJob: Job): Causes {
  const { status = {} } = job;
  const { status: old = {} } = oldJob;
  const changed = (...names: readonly string[]) =>
    names.some((name) =>
      /^[A-Z]/.test(name)
        ? has(status, name) !== has(old, name)
        : !semanticEqual(Reflect.get(status, name), Reflect.get(old, name)),
    );
  const change = { job, status, old, changed };
  for (const count of COUNTS) yield* nonNegative(status[count], STATUS.child(count));
  yield* validateUncounted(status);
  yield* validateTimes(change);
  yield* validateEnd(change);
  yield* validateIndexes(change);
  yield* validatePods(change);
  yield* validateSuccess(change);
  yield* validateTransition(change);
}

function has({ conditions }: JobStatus, type: string): boolean {
  if (type === 'Finished') {
    return isConditionTrue(conditions, 'Complete') || isConditionTrue(conditions, 'Failed');
  }
  return isConditionTrue(conditions, type);
}

function wrongConditions(message: string): StatusCause {
  return wrongWhole(CONDITIONS, message);
}

function* validateUncounted({ uncountedTerminatedPods }: JobStatus): Causes {
  const seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    for (const [index, uid] of (uncountedTerminatedPods?.[list] ?? []).entries()) {
      const path = STATUS.child('uncountedTerminatedPods').child(list).index(index);
      if (uid === '') yield invalidValue(path, uid, 'must not be empty');
      else if (seen.has(uid)) yield duplicate(path, uid);
      seen.add(uid);
    }
  }
}

function* validateTimes({ status, changed }: Change): Causes {
  const { startTime, completionTime } = status;
  const isComplete = has(status, 'Complete');
  const path = STATUS.child('completionTime');
  if (changed('Complete', 'Failed') && isComplete && has(status, 'Failed')) {
    yield wrongConditions('cannot set Complete=True and Failed=true conditions');
  }
  if (changed('Complete', 'FailureTarget') && isComplete && has(status, 'FailureTarget')) {
    yield wrongConditions('cannot set Complete=True and FailureTarget=true conditions');
  }
  if (changed('Complete', 'completionTime') && completionTime !== undefined && !isComplete) {
    const why = 'cannot set completionTime when there is no Complete=True condition';
    yield invalidValue(path, completionTime, why);
  }
  if (changed('Complete', 'completionTime') && completionTime === undefined && isComplete) {
    yield required(path, 'completionTime is required for Complete jobs');
  }
  if (!changed('startTime', 'completionTime')) return;
  if (startTime !== undefined && completionTime !== undefined && completionTime < startTime) {
    yield invalidValue(path, completionTime, 'must be equal to or after `startTime`');
  }
}

function* validateEnd({ job, status, changed }: Change): Causes {
  const { active = 0, startTime, uncountedTerminatedPods: uncounted } = status;
  if (changed('Failed', 'failedIndexes') && has(status, 'Failed') && !has(status, 'FailureTarget'))
    yield wrongConditions(
      'cannot set Failed=True condition without the FailureTarget=true condition',
    );
  const succeeds = has(status, 'SuccessCriteriaMet');
  if (changed('Complete', 'SuccessCriteriaMet') && has(status, 'Complete') && !succeeds) {
    const why = 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition';
    yield wrongConditions(why);
  }
  if (!has(status, 'Finished')) return;
  if (changed('Finished', 'active') && active > 0) {
    yield invalidValue(STATUS.child('active'), active, 'active>0 is invalid for finished job');
  }
  const isEmpty = job.spec?.suspend === true && job.spec.completions === 0;
  if (changed('Finished', 'startTime') && !isEmpty && startTime === undefined) {
    yield required(STATUS.child('startTime'), 'startTime is required for finished job');
  }
  const waiting = [...(uncounted?.failed ?? []), ...(uncounted?.succeeded ?? [])];
  if (changed('Finished', 'uncountedTerminatedPods') && waiting.length > 0) {
    const path = STATUS.child('uncountedTerminatedPods');
    yield invalidValue(path, uncounted, 'must be empty for finished job');
  }
}

function* validateIndexes(change: Change): Causes {
  const { job, status, changed } = change;
  const { completedIndexes = '', failedIndexes } = status;
  const { completions, backoffLimitPerIndex } = job.spec ?? {};
  const fault = (text: string) => parseIndexes(text, completions ?? 0).fault;
  const completedPath = STATUS.child('completedIndexes');
  const failedPath = STATUS.child('failedIndexes');
  if (changed('completedIndexes') && completions !== undefined && fault(completedIndexes)) {
    const why = `error parsing completedIndexes: ${fault(completedIndexes) ?? ''}`;
    yield invalidValue(completedPath, completedIndexes, why);
  }
  const counts = completions !== undefined && backoffLimitPerIndex !== undefined;
  if (changed('failedIndexes') && counts && failedIndexes !== undefined && fault(failedIndexes)) {
    const why = `error parsing failedIndexes: ${fault(failedIndexes) ?? ''}`;
    yield invalidValue(failedPath, failedIndexes, why);
  }
  yield* validateMode(change);
  const common = commonIndex(completedIndexes, failedIndexes ?? '', completions ?? 0);
  if (changed('completedIndexes', 'failedIndexes') && common !== undefined) {
    const why = `failedIndexes and completedIndexes overlap at index: ${common}`;
    yield invalidValue(failedPath, failedIndexes, why);
  }
}

/** Which indexes the mode of the job allows. */
function* validateMode({ job, status, changed }: Change): Causes {
  const { completedIndexes = '', failedIndexes } = status;
  const { backoffLimitPerIndex, completionMode } = job.spec ?? {};
  const completedPath = STATUS.child('completedIndexes');
  const failedPath = STATUS.child('failedIndexes');
  if (changed('completedIndexes') && completedIndexes !== '' && completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    yield invalidValue(completedPath, completedIndexes, why);
  }
  if (
    changed('failedIndexes') &&
    backoffLimitPerIndex === undefined &&
    failedIndexes !== undefined
  ) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    yield invalidValue(failedPath, failedIndexes, why);
  }
}

function* validatePods({ status, changed }: Change): Causes {
  const { active = 0, ready, terminating = 0 } = status;
  if (changed('Finished', 'terminating') && terminating > 0 && has(status, 'Finished')) {
    const why = 'terminating>0 is invalid for finished job';
    yield invalidValue(STATUS.child('terminating'), terminating, why);
  }
  if (ready !== undefined && changed('ready', 'active') && ready > active) {
    yield invalidValue(STATUS.child('ready'), ready, 'cannot set more ready pods than active');
  }
}

function* validateSuccess({ job, status }: Change): Causes {
  const succeeds = has(status, 'SuccessCriteriaMet');
  for (const type of ['Failed', 'FailureTarget']) {
    if (!succeeds || !has(status, type)) continue;
    yield wrongConditions(`cannot set SuccessCriteriaMet=True and ${type}=true conditions`);
  }
  if (job.spec?.successPolicy && !succeeds && has(status, 'Complete')) {
    const why =
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True';
    yield wrongConditions(why);
  }
}

/** What the status may not take back. */
function* validateTransition({ job, status, old, changed }: Change): Causes {
  const { completions, parallelism, completionMode, suspend = false } = job.spec ?? {};
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (!has(old, type) || has(status, type)) continue;
    yield wrongConditions(`cannot disable the terminal ${type}=True condition`);
  }
  const maySucceedLess = completionMode === 'Indexed' && completions === parallelism;
  for (const count of ['failed', 'succeeded'] as const) {
    const value = status[count] ?? 0;
    if (value >= (old[count] ?? 0) || (count === 'succeeded' && maySucceedLess)) continue;
    yield invalidValue(STATUS.child(count), value, `cannot decrease the ${count} counter`);
  }
  const { completionTime, startTime } = status;
  const isCompletionMoved = completionTime !== undefined && old.completionTime !== undefined;
  if (isCompletionMoved && completionTime !== old.completionTime) {
    yield invalidValue(STATUS.child('completionTime'), completionTime, 'field is immutable');
  }
  const suspended = status.conditions?.find(({ type }) => type === 'Suspended');
  const resumes = has(old, 'Suspended') && suspended?.status === 'False';
  if (old.startTime !== undefined && changed('startTime') && !resumes && !suspend) {
    const why = 'field is immutable for unsuspended job once set';
    yield invalidValue(STATUS.child('startTime'), startTime ?? null, why);
  }
  const [before, after] = [has(old, 'SuccessCriteriaMet'), has(status, 'SuccessCriteriaMet')];
  if (before && !after)
    yield wrongConditions('cannot disable the SuccessCriteriaMet=True condition');
  if (has(old, 'Complete') && !before && after) {
    const why = 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions';
    yield wrongConditions(why);
  }
}
