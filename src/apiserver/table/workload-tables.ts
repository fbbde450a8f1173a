// `kubectl get` of StatefulSets, Deployments, ReplicaSets, ControllerRevisions, disruption budgets
// and of the scale subresource.
import type {
  ControllerRevision,
  Deployment,
  LabelSelector,
  PodDisruptionBudget,
  ReplicaSet,
  Scale,
  StatefulSet,
} from '../../api/generated/types.ts';
import { formatSelector, selectorFromObject } from '../../api/meta/labels.ts';
import { controllerOf, nameOf } from '../../api/meta/object.ts';
import {
  ageColumn,
  ageOf,
  column,
  containerCells,
  containerColumns,
  field,
  nameColumn,
  type KindTable,
} from './column.ts';

const integer = { type: 'integer' } as const;
const wide = { wide: true };
const readyColumn = column('Ready', 'Number of the pod with ready state');

function selectorText(selector: LabelSelector | undefined): string {
  return formatSelector(selectorFromObject(selector)) || '<none>';
}

export const statefulSetTable: KindTable<StatefulSet> = {
  columns: [nameColumn, readyColumn, ageColumn, ...containerColumns],
  cells: (set, nowMs) => [
    nameOf(set),
    `${set.status?.readyReplicas ?? 0}/${set.spec?.replicas ?? 0}`,
    ageOf(set, nowMs),
    ...containerCells(set.spec?.template.spec?.containers),
  ],
};

export const deploymentTable: KindTable<Deployment> = {
  columns: [
    nameColumn,
    readyColumn,
    column('Up-to-date', field('DeploymentStatus', 'updatedReplicas')),
    column('Available', field('DeploymentStatus', 'availableReplicas')),
    ageColumn,
    ...containerColumns,
    column('Selector', field('DeploymentSpec', 'selector'), wide),
  ],
  cells: (deployment, nowMs) => [
    nameOf(deployment),
    `${deployment.status?.readyReplicas ?? 0}/${deployment.spec?.replicas ?? 0}`,
    deployment.status?.updatedReplicas ?? 0,
    deployment.status?.availableReplicas ?? 0,
    ageOf(deployment, nowMs),
    ...containerCells(deployment.spec?.template.spec?.containers),
    selectorText(deployment.spec?.selector),
  ],
};

export const replicaSetTable: KindTable<ReplicaSet> = {
  columns: [
    nameColumn,
    column('Desired', field('ReplicaSetSpec', 'replicas'), integer),
    column('Current', field('ReplicaSetStatus', 'replicas'), integer),
    column('Ready', field('ReplicaSetStatus', 'readyReplicas'), integer),
    ageColumn,
    ...containerColumns,
    column('Selector', field('ReplicaSetSpec', 'selector'), wide),
  ],
  cells: (set, nowMs) => [
    nameOf(set),
    set.spec?.replicas ?? 0,
    set.status?.replicas ?? 0,
    set.status?.readyReplicas ?? 0,
    ageOf(set, nowMs),
    ...containerCells(set.spec?.template?.spec?.containers),
    selectorText(set.spec?.selector),
  ],
};

function controllerText(revision: ControllerRevision): string {
  const owner = controllerOf(revision);
  if (!owner) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}

export const controllerRevisionTable: KindTable<ControllerRevision> = {
  columns: [
    nameColumn,
    column('Controller', 'Controller of the object'),
    column('Revision', field('ControllerRevision', 'revision')),
    ageColumn,
  ],
  cells: (revision, nowMs) => [
    nameOf(revision),
    controllerText(revision),
    revision.revision ?? 0,
    ageOf(revision, nowMs),
  ],
};

const orNotApplicable = (value: number | string | undefined) => String(value ?? 'N/A');

export const podDisruptionBudgetTable: KindTable<PodDisruptionBudget> = {
  columns: [
    nameColumn,
    column('Min Available', 'The minimum number of pods that must be available.'),
    column('Max Unavailable', 'The maximum number of pods that may be unavailable.'),
    column(
      'Allowed Disruptions',
      'Calculated number of pods that may be disrupted at this time.',
      integer,
    ),
    ageColumn,
  ],
  cells: (budget, nowMs) => [
    nameOf(budget),
    orNotApplicable(budget.spec?.minAvailable),
    orNotApplicable(budget.spec?.maxUnavailable),
    budget.status?.disruptionsAllowed ?? 0,
    ageOf(budget, nowMs),
  ],
};

export const scaleTable: KindTable<Scale> = {
  columns: [
    column('Name', field('ObjectMeta', 'name')),
    column('Desired', field('ScaleSpec', 'replicas'), integer),
    column('Available', field('ScaleStatus', 'replicas'), integer),
    ageColumn,
  ],
  cells: (scale, nowMs) => [
    nameOf(scale),
    scale.spec?.replicas ?? 0,
    scale.status?.replicas ?? 0,
    ageOf(scale, nowMs),
  ],
};
