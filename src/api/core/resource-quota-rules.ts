// The rules of resource quotas for the API server.
import type { ResourceQuota, ResourceQuotaSpec } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, invalidForEach, invalidValue } from '../meta/field-errors.ts';
import { validateQualifiedName } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { sortedEntries } from './field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { isHugePages } from './resource-list.ts';
import { validateQuantity } from './resource-validation.ts';

const SPEC = fieldPath('spec');
const SCOPES = [
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
];
const CONFLICTS = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
const STANDARD = new Set(
  (
    'cpu memory ephemeral-storage storage pods services configmaps secrets resourcequotas ' +
    'requests.cpu requests.memory requests.storage requests.ephemeral-storage ' +
    'limits.cpu limits.memory limits.ephemeral-storage persistentvolumeclaims ' +
    'replicationcontrollers services.nodeports services.loadbalancers'
  ).split(' '),
);

/** What the API server asks of this kind. */
export const resourceQuotaRules = defineKind<ResourceQuota>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: true,
  *validate({ metadata, spec = {} }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSpec(spec);
  },
  *validateUpdate({ metadata, spec = {} }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* validateSpec(spec);
    const before = new Set(old.spec?.scopes);
    const now = new Set(spec.scopes);
    if (before.size !== now.size || [...now].some((scope) => !before.has(scope))) {
      yield invalidValue(SPEC.child('scopes'), spec.scopes ?? null, 'field is immutable');
    }
  },
  *validateStatusUpdate({ metadata, status = {} }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    yield* validateAmounts(status.hard, fieldPath('status', 'hard'));
    yield* validateAmounts(status.used, fieldPath('status', 'used'));
  },
});

function* validateSpec(spec: ResourceQuotaSpec): Causes {
  yield* validateAmounts(spec.hard, SPEC.child('hard'));
  const { scopes = [] } = spec;
  const path = SPEC.child('scopes');
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) yield invalidValue(path, scopes, 'unsupported scope');
    for (const [name] of sortedEntries(spec.hard)) {
      if (!isStandard(name) || scopeCovers(scope, name)) continue;
      yield invalidValue(path, scopes, 'unsupported scope applied to resource');
    }
  }
  for (const pair of CONFLICTS) {
    if (pair.every((scope) => scopes.includes(scope))) {
      yield invalidValue(path, scopes, 'conflicting scopes');
    }
  }
}

function* validateAmounts(amounts: Record<string, string> | undefined, path: FieldPath): Causes {
  for (const [name, amount] of sortedEntries(amounts)) {
    const at = path.key(name);
    yield* invalidForEach(at, name, validateQualifiedName(name));
    if (!name.includes('/') && !isStandard(name)) {
      yield invalidValue(at, name, 'must be a standard resource for quota');
    }
    yield* validateQuantity(name, amount, at);
  }
}

function isStandard(name: string): boolean {
  return STANDARD.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');
}

/** Scopes select pods, so they fit resources of pods only. */
function scopeCovers(scope: string, name: string): boolean {
  if (scope === 'BestEffort') return name === 'pods';
  if (scope === 'VolumeAttributesClass') {
    return name === 'persistentvolumeclaims' || name === 'requests.storage';
  }
  if (!SCOPES.includes(scope)) return true;
  return /^(pods|cpu|memory|ephemeral-storage|(requests|limits)\.(cpu|memory|ephemeral-storage))$/.test(
    name,
  );
}
