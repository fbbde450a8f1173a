// The rules of persistent volume claims for the API server.
import type { PersistentVolumeClaim } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { claimDefaults, normalizeDataSources } from './claim-defaults.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './claim-validation.ts';
import { subdomainName } from './object-meta-validation.ts';
import { fractionWarnings } from './pod-warnings.ts';

/** What the API server asks of this kind. */
export const claimRules = defineKind<PersistentVolumeClaim>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  initialStatus: () => ({ phase: 'Pending' }),
  applyDefaults: claimDefaults,
  prepareForCreate: ({ spec }) => normalizeDataSources(spec ?? {}),
  prepareForUpdate: ({ spec }, old) => normalizeDataSources(spec ?? {}, old.spec),
  validate: validateClaim,
  validateUpdate: validateClaimUpdate,
  validateStatusUpdate: validateClaimStatus,
  warnings({ spec }) {
    const path = fieldPath('spec', 'resources');
    return (['requests', 'limits'] as const).flatMap((side) => [
      ...fractionWarnings(spec?.resources?.[side]?.['storage'], path.child(side).key('storage')),
    ]);
  },
});
