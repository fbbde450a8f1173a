// What webhooks and policies have in common: rules over operations and resources, selectors,
// conditions.
import type {
  MatchCondition,
  MatchResources,
  NamedRuleWithOperations,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { isBlank } from '../core/field-rules.ts';
import {
  duplicate,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import { validatePathSegmentName, validateQualifiedName } from '../meta/names.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const MUTATED = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
const FAILURE_POLICIES = ['Fail', 'Ignore'];
const CONDITIONS_MAX = 64;

/** Checks one rule. */
export function* validateRule(rule: NamedRuleWithOperations, path: FieldPath): Causes {
  const { operations = [], scope } = rule;
  const at = path.child('operations');
  yield* validateNames(operations, at, 'operations');
  for (const [index, operation] of operations.entries()) {
    if (OPERATIONS.includes(operation)) continue;
    yield notSupported(at.index(index), operation, OPERATIONS);
  }
  yield* validateNames(rule.apiGroups, path.child('apiGroups'), 'API groups');
  yield* validateNames(rule.apiVersions, path.child('apiVersions'), 'API versions');
  for (const [index, version] of (rule.apiVersions ?? []).entries()) {
    if (version === '') yield required(path.child('apiVersions').index(index));
  }
  yield* validateResources(rule.resources ?? [], path.child('resources'));
  if (scope !== undefined && !SCOPES.includes(scope)) {
    yield notSupported(path.child('scope'), scope, SCOPES);
  }
}

function* validateNames(
  names: readonly string[] | undefined,
  path: FieldPath,
  what: string,
): Causes {
  if (names === undefined || names.length === 0) yield required(path);
  else if (names.length > 1 && names.includes('*')) {
    yield invalidValue(path, names, `if '*' is present, must not specify other ${what}`);
  }
}

function* validateResources(resources: readonly string[], path: FieldPath): Causes {
  if (resources.length === 0) yield required(path);
  const wholly = new Set<string>();
  const everywhere = new Set<string>();
  let plain = false;
  for (const [index, resource] of resources.entries()) {
    const at = path.index(index);
    const slash = resource.indexOf('/');
    if (resource === '') yield required(at);
    // Upstream looks at the last one only.
    else if (slash < 0) plain = resource !== '*';
    if (slash < 0) continue;
    const main = resource.slice(0, slash);
    const part = resource.slice(slash + 1);
    const rest = `is present, must not specify ${resource}`;
    if (wholly.has(main)) yield invalidValue(at, resource, `if '${main}/*' ${rest}`);
    if (everywhere.has(part)) yield invalidValue(at, resource, `if '*/${part}' ${rest}`);
    if (part === '*') wholly.add(main);
    if (main === '*') everywhere.add(part);
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    const message = "if '*/*' is present, must not specify other resources";
    yield invalidValue(path, resources, message);
  }
  if (resources.includes('*') && plain) {
    const message = "if '*' is present, must not specify other resources without subresources";
    yield invalidValue(path, resources, message);
  }
}

/** Checks policies about failures and matching, where they are given. */
export function* validatePolicies(
  { failurePolicy, matchPolicy }: { failurePolicy?: string; matchPolicy?: string },
  path: FieldPath,
): Causes {
  if (failurePolicy !== undefined && !FAILURE_POLICIES.includes(failurePolicy)) {
    yield notSupported(path.child('failurePolicy'), failurePolicy, FAILURE_POLICIES);
  }
  if (matchPolicy !== undefined && !MATCH_POLICIES.includes(matchPolicy)) {
    yield notSupported(path.child('matchPolicy'), matchPolicy, MATCH_POLICIES);
  }
}

/** Checks what a policy or a binding matches. */
export function* validateMatchResources(
  match: MatchResources | undefined,
  path: FieldPath,
): Causes {
  if (!match) return;
  const { matchPolicy, namespaceSelector, objectSelector } = match;
  yield* validatePolicies(matchPolicy === undefined ? {} : { matchPolicy }, path);
  yield* validateLabelSelector(namespaceSelector, path.child('namespaceSelector'));
  yield* validateLabelSelector(objectSelector, path.child('objectSelector'));
  for (const list of ['resourceRules', 'excludeResourceRules'] as const) {
    for (const [index, rule] of (match[list] ?? []).entries()) {
      const at = path.child(list).index(index);
      yield* validateResourceNames(rule.resourceNames ?? [], at.child('resourceNames'));
      yield* validateRule(rule, at);
    }
  }
}

function* validateResourceNames(names: readonly string[], path: FieldPath): Causes {
  for (const [index, name] of names.entries()) {
    yield* invalidForEach(path.index(index), name, validatePathSegmentName(name));
    if (names.indexOf(name) < index) yield duplicate(path.index(index), name);
  }
}

/** Mutation has no place where objects are deleted; upstream names no rule. */
export function* validateMutatedOperations(
  match: MatchResources | undefined,
  path: FieldPath,
): Causes {
  const operations = (match?.resourceRules ?? []).flatMap((rule) => rule.operations ?? []);
  for (const operation of operations) {
    if (MUTATED.includes(operation)) continue;
    yield notSupported(path.child('resourceRules', 'operations'), operation, MUTATED);
  }
}

/** Checks conditions, but for their expressions, which admission compiles. */
export function* validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  path: FieldPath,
): Causes {
  if (!conditions) return;
  if (conditions.length > CONDITIONS_MAX) {
    yield tooMany(path, conditions.length, CONDITIONS_MAX);
  }
  const names = new Set<string>();
  for (const [index, { name, expression }] of conditions.entries()) {
    const at = path.index(index);
    if (isBlank(expression?.trim())) yield required(at.child('expression'));
    if (isBlank(name)) yield required(at.child('name'));
    else yield* invalidForEach(at.child('name'), name, validateQualifiedName(name));
    if (!isBlank(name) && names.has(name)) yield duplicate(at.child('name'), name);
    names.add(name);
  }
}
