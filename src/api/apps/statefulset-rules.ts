// The rules of StatefulSets for the API server (section 12 of the specification).
import type { StatefulSet } from '../generated/types.ts';
import { dropDisabledTemplateFields } from '../core/disabled-fields.ts';
import { labelName } from '../core/object-meta-validation.ts';
import { podTemplateWarnings } from '../core/pod-warnings.ts';
import { claimSpecWarnings } from '../core/volume-warnings.ts';
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
  prepareForCreate: (set, context) => dropGatedFields(set, undefined, context),
  prepareForUpdate: dropGatedFields,
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatus,
  warnings: statefulSetWarnings,
});

/** With its gate off a field is dropped, unless the stored set already has it. */
function dropGatedFields(
  set: StatefulSet,
  old: StatefulSet | undefined,
  context: RuleContext,
): void {
  dropDisabledTemplateFields(set.spec?.template, old?.spec?.template, context);
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
  for (const [i, { spec }] of (set.spec?.volumeClaimTemplates ?? []).entries()) {
    // Upstream's paths: without the spec at create, with a capital letter at update.
    const path = fieldPath('spec', 'volumeClaimTemplates').index(i);
    warnings.push(...claimSpecWarnings(spec ?? {}, old === undefined ? path : path.child('Spec')));
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
