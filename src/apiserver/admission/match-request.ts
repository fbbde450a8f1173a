// Which requests a webhook or a policy is about: rules over operation and resource, and selectors
// over the labels of the object and its namespace.
import type { LabelSelector, Namespace, RuleWithOperations } from '../../api/generated/types.ts';
import { matches, selectorFromObject, selectsEverything } from '../../api/meta/labels.ts';
import { namespaces } from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { notFound } from '../../api/meta/status-error.ts';
import { getObject } from '../registry/object-store.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** A request as reviews and rules name it. */
export interface Subject {
  readonly operation: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** For a namespace, its own name. */
  readonly namespace: string;
  readonly name: string;
}

const CONFIGURATION = 'admissionregistration.k8s.io';

/** Those who decide are not decided upon: nobody could correct them any more. */
export function isExempt({ target }: AdmissionRequest): boolean {
  return target.resource.group === CONFIGURATION;
}

/** What the request is, in the version of `resource`. */
export function subjectOf(
  { target, operation, object }: AdmissionRequest,
  { group, version, resource }: ResourceDefinition,
): Subject {
  const { info } = target;
  const name = info.name === '' ? (object.metadata?.name ?? '') : info.name;
  return {
    operation: operation.toUpperCase(),
    ...{ group, version, resource, name },
    subresource: info.subresource,
    namespace: target.resource === namespaces ? name : info.namespace,
  };
}

/** True when a rule says operation, group, version, resource and scope of the subject. */
export function matchesRule(rule: RuleWithOperations, subject: Subject): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], scope = '*' } = rule;
  const isNamespaced = subject.namespace !== '' && !isNamespaceObject(subject);
  return (
    includes(operations, subject.operation) &&
    includes(apiGroups, subject.group) &&
    includes(apiVersions, subject.version) &&
    (scope === '*' || (scope === 'Namespaced') === isNamespaced) &&
    (rule.resources ?? []).some((resource) => matchesResource(resource, subject))
  );
}

function includes(values: readonly string[], value: string): boolean {
  return values.includes('*') || values.includes(value);
}

// `pods`, `pods/status`, `pods/*`, `*`, `*/scale`, `*/*`.
function matchesResource(text: string, { resource, subresource }: Subject): boolean {
  const slash = text.indexOf('/');
  const name = slash < 0 ? text : text.slice(0, slash);
  const part = slash < 0 ? '' : text.slice(slash + 1);
  return (name === '*' || name === resource) && (part === '*' || part === subresource);
}

function isNamespaceObject({ group, resource }: Subject): boolean {
  return group === '' && resource === 'namespaces';
}

/** True when the labels of the object, or of what it was, are selected. */
export function matchesObject(
  selector: LabelSelector | undefined,
  { object, old }: AdmissionRequest,
): boolean {
  const wanted = selectorFromObject(selector ?? {});
  return (
    selectsEverything(wanted) ||
    matches(wanted, object.metadata?.labels) ||
    (old !== undefined && matches(wanted, old.metadata.labels))
  );
}

/**
 * True when the labels of the namespace are selected, and for objects without one. Throws 404 when
 * the namespace is missing.
 */
export function matchesNamespace(
  selector: LabelSelector | undefined,
  request: AdmissionRequest,
): boolean {
  const wanted = selectorFromObject(selector ?? {});
  if (selectsEverything(wanted)) return true;
  const { target, object, context } = request;
  const { resource, info } = target;
  if (resource === namespaces && info.subresource === '') {
    return matches(wanted, object.metadata.labels);
  }
  const name = resource === namespaces ? info.name : info.namespace;
  if (name === '') return true;
  const place = { resource: namespaces, namespace: '', name };
  const found = getObject<Namespace>(context.store, place);
  if (!found) throw notFound(namespaces, name);
  return matches(wanted, found.object.metadata.labels);
}
