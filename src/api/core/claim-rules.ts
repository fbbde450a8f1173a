// The rules of persistent volume claims for the API server.
import type { ObjectMeta, PersistentVolumeClaim } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { claimDefaults, normalizeDataSources } from './claim-defaults.ts';
import { validateClaim, validateClaimStatus, validateClaimUpdate } from './claim-validation.ts';
import { subdomainName } from './object-meta-validation.ts';
import { claimSpecWarnings } from './volume-warnings.ts';

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

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
  warnings: ({ metadata, spec }) => [
    ...oldClassWarnings(metadata),
    ...claimSpecWarnings(spec ?? {}, fieldPath('spec')),
  ],
});

/** The class of a claim was an annotation once. */
function oldClassWarnings({ annotations }: ObjectMeta): string[] {
  if (annotations?.[CLASS_ANNOTATION] === undefined) return [];
  const path = fieldPath('metadata', 'annotations').key(CLASS_ANNOTATION).toString();
  return [`${path}: deprecated since v1.8; use "storageClassName" attribute instead`];
}
