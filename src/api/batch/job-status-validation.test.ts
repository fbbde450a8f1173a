// The rules of a Job's status, each with the write that breaks it.
import { describe, expect, test } from 'vitest';
import type { Job, JobSpec, JobStatus } from '../generated/types.ts';
import { validateJobStatus } from './job-status-validation.ts';

const START = '2026-01-01T00:00:00Z';
const END = '2026-01-01T00:01:00Z';
const true_ = (...types: string[]) => types.map((type) => ({ type, status: 'True' }));
const done = { startTime: START, completionTime: END, succeeded: 1 };
const complete = { ...done, conditions: true_('SuccessCriteriaMet', 'Complete') };

function faults(status: JobStatus, old: JobStatus = {}, spec: Partial<JobSpec> = {}): string[] {
  const job = (own: JobStatus): Job => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j' },
    spec: { completions: 3, parallelism: 1, template: {}, ...spec },
    status: own,
  });
  const causes = [...validateJobStatus(job(status), job(old))];
  return causes.map(({ field = '', message = '' }) => `${field}: ${message}`);
}

describe('the status of a job', () => {
  test('API-314: a job ends with its criteria met, its times and no pods left', () => {
    expect(faults(complete)).toEqual([]);
    expect(faults({ conditions: true_('Complete') })).toEqual([
      'status.completionTime: Required value: completionTime is required for Complete jobs',
      'status.conditions: Invalid value: cannot set Complete=True condition without the ' +
        'SuccessCriteriaMet=true condition',
      'status.startTime: Required value: startTime is required for finished job',
    ]);
    expect(faults({ startTime: START, active: 1, conditions: true_('Failed') })).toEqual([
      'status.conditions: Invalid value: cannot set Failed=True condition without the ' +
        'FailureTarget=true condition',
      'status.active: Invalid value: 1: active>0 is invalid for finished job',
    ]);
  });

  test('API-314: indexes are those of an indexed job', () => {
    expect(faults({ completedIndexes: '0-9' }, {}, { completionMode: 'Indexed' })).toEqual([
      'status.completedIndexes: Invalid value: "0-9": error parsing completedIndexes: ' +
        'too large index: "9"',
    ]);
    expect(faults({ completedIndexes: '0' })).toEqual([
      'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when ' +
        'non-indexed completion mode',
    ]);
    const indexed = { completionMode: 'Indexed', backoffLimitPerIndex: 1, completions: 9 } as const;
    const both = { completedIndexes: 'x,2-4,7', failedIndexes: '1,4-5' };
    expect(faults(both, {}, indexed)).toEqual([
      'status.completedIndexes: Invalid value: "x,2-4,7": error parsing completedIndexes: ' +
        'cannot convert string to integer for index: "x"',
      'status.failedIndexes: Invalid value: "1,4-5": failedIndexes and completedIndexes overlap ' +
        'at index: 4',
    ]);
    const apart = { completedIndexes: '0,2-3', failedIndexes: '1,4' };
    expect(faults(apart, {}, indexed)).toEqual([]);
    const twice = { succeeded: ['a', 'a'], failed: [''] };
    expect(faults({ uncountedTerminatedPods: twice })).toEqual([
      'status.uncountedTerminatedPods.succeeded[1]: Duplicate value: "a"',
      'status.uncountedTerminatedPods.failed[0]: Invalid value: "": must not be empty',
    ]);
  });

  test('API-314: what was reached is not taken back', () => {
    expect(faults({ startTime: END, failed: 1 }, { startTime: START, failed: 2 })).toEqual([
      'status.failed: Invalid value: 1: cannot decrease the failed counter',
      `status.startTime: Invalid value: "${END}": field is immutable for unsuspended job once set`,
    ]);
    expect(faults({ ...complete, conditions: [] }, complete)).toEqual([
      'status.completionTime: Invalid value: ' +
        `"${END}": cannot set completionTime when there is no Complete=True condition`,
      'status.conditions: Invalid value: cannot disable the terminal Complete=True condition',
      'status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition',
    ]);
    // What breaks a rule already may stay while something else changes.
    const odd = { conditions: true_('Complete') };
    expect(faults({ ...odd, succeeded: 1 }, odd)).toEqual([]);
  });

  test('API-314: no more pods are ready than active', () => {
    expect(faults({ active: 1, ready: 2 })).toEqual([
      'status.ready: Invalid value: 2: cannot set more ready pods than active',
    ]);
  });
});
