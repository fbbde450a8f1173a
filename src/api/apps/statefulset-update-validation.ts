// Validation of StatefulSet updates, of spec (SS-731 … SS-735) and of status.
import type { StatefulSet, StatefulSetSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { validateMetadataUpdate } from '../core/object-meta-validation.ts';
import { gateEnabled } from '../feature-gates.ts';
import type { RuleContext } from '../kind-rules.ts';
import { fieldPath, forbidden } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { validateStatefulSetSpec } from './statefulset-validation.ts';
import { validateCollisionCount, validateCounts } from './workload-validation.ts';

/** SS-731: what may change, in the order the message names it. */
const MUTABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const FORBIDDEN =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', " +
  "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and " +
  "'minReadySeconds' are forbidden";

/** The rules of a changed set. */
export function* validateStatefulSetUpdate(
  set: StatefulSet,
  old: StatefulSet,
  context: RuleContext,
): Causes {
  yield* validateMetadataUpdate(set.metadata, old.metadata);
  const { spec } = set;
  const oldSpec = old.spec;
  if (spec === undefined || oldSpec === undefined) return;
  // SS-734: a set that has the strategy keeps it when the gate is turned off.
  const allowRecreate =
    gateEnabled(context, 'StatefulSetRecreateStrategy') ||
    oldSpec.updateStrategy?.type === 'Recreate';
  const options = { update: true, allowRecreate };
  const oldIsInvalid = [...validateStatefulSetSpec(oldSpec, options)].length > 0;
  yield* validateStatefulSetSpec(spec, { ...options, skipTemplate: oldIsInvalid });
  if (!semanticEqual(immutablePart(spec), immutablePart(oldSpec))) {
    yield forbidden(fieldPath('spec'), FORBIDDEN);
  }
}

function immutablePart(spec: StatefulSetSpec): Partial<StatefulSetSpec> {
  const rest: Partial<StatefulSetSpec> = { ...spec };
  for (const field of MUTABLE) delete rest[field];
  return rest;
}

const REPLICAS = 'cannot be greater than status.replicas';
const READY = 'cannot be greater than status.readyReplicas';

/** Counts are not negative and bounded by each other; the collision count only grows. */
export function* validateStatefulSetStatus(set: StatefulSet, old: StatefulSet): Causes {
  yield* validateCounts(
    set.status ?? {},
    [
      'replicas',
      'readyReplicas',
      'currentReplicas',
      'updatedReplicas',
      'availableReplicas',
      'observedGeneration',
      'collisionCount',
    ],
    [
      ['readyReplicas', 'replicas', REPLICAS],
      ['currentReplicas', 'replicas', REPLICAS],
      ['updatedReplicas', 'replicas', REPLICAS],
      ['availableReplicas', 'replicas', REPLICAS],
      ['availableReplicas', 'readyReplicas', READY],
    ],
  );
  yield* validateMetadataUpdate(set.metadata, old.metadata);
  yield* validateCollisionCount(set.status, old.status);
}
