// The rules of StatefulSets for the API server (section 12 of the specification).
import type { StatefulSet } from '../generated/types.ts';
import { labelName } from '../core/object-meta-validation.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import { gateEnabled } from '../feature-gates.ts';
import type { RuleContext } from '../kind-rules.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { statefulSetDefaults } from './statefulset-defaults.ts';
import {
  validateStatefulSetStatus,
  validateStatefulSetUpdate,
} from './statefulset-update-validation.ts';
import { validateStatefulSet } from './statefulset-validation.ts';

/** What the API server asks of this kind. */
export const statefulSetRules = defineKind<StatefulSet>({
  namespaced: true,
  nameRule: labelName,
  hasStatus: true,
  specChanged: specDiffers,
  initialStatus: () => ({ replicas: 0, availableReplicas: 0 }),
  applyDefaults: statefulSetDefaults,
  prepareForCreate: (set, context) => dropMaxUnavailable(set, undefined, context),
  prepareForUpdate: dropMaxUnavailable,
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatus,
  warnings: statefulSetWarnings,
});

/** With the gate off the field is dropped, unless the stored set already has it. */
function dropMaxUnavailable(
  set: StatefulSet,
  old: StatefulSet | undefined,
  context: RuleContext,
): void {
  if (gateEnabled(context, 'MaxUnavailableStatefulSet')) return;
  if (old?.spec?.updateStrategy?.rollingUpdate?.maxUnavailable !== undefined) return;
  delete set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
}

function statefulSetWarnings(set: StatefulSet, old: StatefulSet | undefined): string[] {
  const warnings: string[] = [];
  if (old === undefined || set.metadata.generation !== old.metadata.generation) {
    const template = set.spec?.template ?? {};
    warnings.push(...podTemplateWarnings(template, fieldPath('spec', 'template')));
  }
  // SS-726.
  if ((set.spec?.revisionHistoryLimit ?? 0) < 0) {
    warnings.push(
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; ' +
        'a value >= 0 is recommended',
    );
  }
  return warnings;
}
