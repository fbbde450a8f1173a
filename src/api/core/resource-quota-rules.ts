// The rules of resource quotas for the API server.
import type { ResourceQuota, ResourceQuotaSpec, ScopeSelector } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, invalidValue, required } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { requiredText, sortedEntries } from './field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { isHugePages } from './resource-list.ts';
import { validateQuantity, validateResourceName } from './resource-validation.ts';

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
    'cpu memory ephemeral-storage pods services configmaps secrets resourcequotas ' +
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
    yield* requiredText(metadata.resourceVersion, fieldPath('resourceVersion'));
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
  yield* validateConflicts(scopes, scopes);
  if (spec.scopeSelector) yield* validateScopeSelector(spec, spec.scopeSelector);
}

/** Upstream shows the plain scopes for those of a selector too. */
function* validateConflicts(
  scopes: readonly string[],
  shown: readonly string[],
  path = SPEC.child('scopes'),
): Causes {
  for (const pair of CONFLICTS) {
    if (pair.every((scope) => scopes.includes(scope))) {
      yield invalidValue(path, shown, 'conflicting scopes');
    }
  }
}

function* validateScopeSelector(spec: ResourceQuotaSpec, selector: ScopeSelector): Causes {
  // Upstream reports all expressions at the list.
  const path = SPEC.child('scopeSelector', 'matchExpressions');
  const expressions = selector.matchExpressions ?? [];
  for (const expression of expressions) {
    const { scopeName, operator, values = [] } = expression;
    if (!SCOPES.includes(scopeName)) {
      yield invalidValue(path.child('scopeName'), scopeName, 'unsupported scope');
    }
    for (const [name] of sortedEntries(spec.hard)) {
      if (!isStandard(name) || scopeCovers(scopeName, name)) continue;
      yield invalidValue(path, internalSelector(selector), 'unsupported scope applied to resource');
    }
    yield* validateOperator({ scopeName, operator, values }, path);
  }
  const scopes = expressions.map(({ scopeName }) => scopeName);
  yield* validateConflicts(scopes, spec.scopes ?? [], path);
}

/** Messages show upstream's internal form. */
function internalSelector({ matchExpressions }: ScopeSelector): object {
  const list = matchExpressions?.map(({ scopeName, operator, values }) => ({
    ScopeName: scopeName,
    Operator: operator,
    Values: values ?? null,
  }));
  return { MatchExpressions: list ?? null };
}

const ONLY_EXISTS =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, " +
  'ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ' +
  'ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity';

interface ScopeExpression {
  readonly scopeName: string;
  readonly operator: string;
  readonly values: readonly string[];
}

function* validateOperator(expression: ScopeExpression, path: FieldPath): Causes {
  const { scopeName, operator, values } = expression;
  const valued = scopeName === 'PriorityClass' || scopeName === 'VolumeAttributesClass';
  if (SCOPES.includes(scopeName) && !valued && operator !== 'Exists') {
    yield invalidValue(path.child('operator'), operator, ONLY_EXISTS);
  }
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length > 0) return;
    const message =
      "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    yield required(path.child('values'), message);
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const message =
      "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) yield invalidValue(path.child('values'), values, message);
  } else yield invalidValue(path.child('operator'), operator, 'not a valid selector operator');
}

function* validateAmounts(amounts: Record<string, string> | undefined, path: FieldPath): Causes {
  for (const [name, amount] of sortedEntries(amounts)) {
    const at = path.key(name);
    yield* validateResourceName(name, at);
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
  return /^(pods|cpu|memory|(requests|limits)\.(cpu|memory))$/.test(name);
}
