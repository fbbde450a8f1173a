// `kubectl get` of Jobs, CronJobs, DaemonSets, ReplicationControllers and pod templates.
import type {
  CronJob,
  DaemonSet,
  Job,
  LabelSelector,
  PodTemplate,
  ReplicationController,
} from '../../api/generated/types.ts';
import { age, humanDuration } from '../../api/meta/duration.ts';
import { formatSelector, selectorFromObject } from '../../api/meta/labels.ts';
import { nameOf } from '../../api/meta/object.ts';
import {
  ageColumn,
  ageOf,
  column,
  containerCells,
  containerColumns,
  field,
  formatLabels,
  nameColumn,
  type KindTable,
} from './column.ts';

const integer = { type: 'integer' } as const;
const wide = { wide: true };

function selectorText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return '<none>';
  return formatSelector(selectorFromObject(selector)) || '<none>';
}

/** In upstream's order: the first condition that holds is the status. */
const JOB_STATUSES: readonly (readonly [type: string, text: string])[] = [
  ['Complete', 'Complete'],
  ['Failed', 'Failed'],
  ['Terminating', 'Terminating'],
  ['Suspended', 'Suspended'],
  ['FailureTarget', 'FailureTarget'],
  ['SuccessCriteriaMet', 'SuccessCriteriaMet'],
];

function jobStatus({ metadata, status }: Job): string {
  const holds = (type: string) =>
    type === 'Terminating'
      ? metadata.deletionTimestamp !== undefined
      : status?.conditions?.some((own) => own.type === type && own.status === 'True') === true;
  return JOB_STATUSES.find(([type]) => holds(type))?.[1] ?? 'Running';
}

function jobCompletions({ spec, status }: Job): string {
  const done = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function jobDuration({ status }: Job, nowMs: number): string {
  if (status?.startTime === undefined) return '';
  const end = status.completionTime === undefined ? nowMs : Date.parse(status.completionTime);
  return humanDuration(end - Date.parse(status.startTime));
}

export const jobTable: KindTable<Job> = {
  columns: [
    nameColumn,
    column('Status', 'Status of the job.'),
    column('Completions', field('JobStatus', 'succeeded')),
    column('Duration', 'Time required to complete the job.'),
    ageColumn,
    ...containerColumns,
    column('Selector', field('JobSpec', 'selector'), wide),
  ],
  cells: (job, nowMs) => [
    nameOf(job),
    jobStatus(job),
    jobCompletions(job),
    jobDuration(job, nowMs),
    ageOf(job, nowMs),
    ...containerCells(job.spec?.template.spec?.containers),
    selectorText(job.spec?.selector),
  ],
};

export const cronJobTable: KindTable<CronJob> = {
  columns: [
    nameColumn,
    column('Schedule', field('CronJobSpec', 'schedule')),
    column('Timezone', field('CronJobSpec', 'timeZone')),
    column('Suspend', field('CronJobSpec', 'suspend'), { type: 'boolean' }),
    column('Active', field('CronJobStatus', 'active'), integer),
    column('Last Schedule', field('CronJobStatus', 'lastScheduleTime')),
    ageColumn,
    ...containerColumns,
    column('Selector', field('JobSpec', 'selector'), wide),
  ],
  cells: (cronJob, nowMs) => {
    const { spec, status } = cronJob;
    const last = status?.lastScheduleTime;
    const template = spec?.jobTemplate.spec;
    return [
      nameOf(cronJob),
      spec?.schedule ?? '',
      spec?.timeZone ?? '<none>',
      spec?.suspend === true ? 'True' : 'False',
      status?.active?.length ?? 0,
      last === undefined ? '<none>' : age(last, nowMs),
      ageOf(cronJob, nowMs),
      ...containerCells(template?.template.spec?.containers),
      selectorText(template?.selector),
    ];
  },
};

export const daemonSetTable: KindTable<DaemonSet> = {
  columns: [
    nameColumn,
    column('Desired', field('DaemonSetStatus', 'desiredNumberScheduled'), integer),
    column('Current', field('DaemonSetStatus', 'currentNumberScheduled'), integer),
    column('Ready', field('DaemonSetStatus', 'numberReady'), integer),
    column('Up-to-date', field('DaemonSetStatus', 'updatedNumberScheduled'), integer),
    column('Available', field('DaemonSetStatus', 'numberAvailable'), integer),
    column('Node Selector', field('PodSpec', 'nodeSelector')),
    ageColumn,
    ...containerColumns,
    column('Selector', field('DaemonSetSpec', 'selector'), wide),
  ],
  cells: (set, nowMs) => [
    nameOf(set),
    set.status?.desiredNumberScheduled ?? 0,
    set.status?.currentNumberScheduled ?? 0,
    set.status?.numberReady ?? 0,
    set.status?.updatedNumberScheduled ?? 0,
    set.status?.numberAvailable ?? 0,
    formatLabels(set.spec?.template.spec?.nodeSelector),
    ageOf(set, nowMs),
    ...containerCells(set.spec?.template.spec?.containers),
    selectorText(set.spec?.selector),
  ],
};

export const replicationControllerTable: KindTable<ReplicationController> = {
  columns: [
    nameColumn,
    column('Desired', field('ReplicationControllerSpec', 'replicas'), integer),
    column('Current', field('ReplicationControllerStatus', 'replicas'), integer),
    column('Ready', field('ReplicationControllerStatus', 'readyReplicas'), integer),
    ageColumn,
    ...containerColumns,
    column('Selector', field('ReplicationControllerSpec', 'selector'), wide),
  ],
  cells: (controller, nowMs) => [
    nameOf(controller),
    controller.spec?.replicas ?? 0,
    controller.status?.replicas ?? 0,
    controller.status?.readyReplicas ?? 0,
    ageOf(controller, nowMs),
    ...containerCells(controller.spec?.template?.spec?.containers),
    formatLabels(controller.spec?.selector),
  ],
};

export const podTemplateTable: KindTable<PodTemplate> = {
  columns: [
    nameColumn,
    ...containerColumns.map((own) => ({ ...own, priority: 0 as const })),
    column('Pod Labels', 'The labels for the pod template.'),
  ],
  cells: (object) => [
    nameOf(object),
    ...containerCells(object.template?.spec?.containers),
    formatLabels(object.template?.metadata?.labels),
  ],
};
