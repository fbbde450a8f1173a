// Which requests a webhook or a policy is about: rules over operation and resource, and selectors
// over the labels of the object and its namespace.
import { isCustom } from '../../api/apiextensions/custom-kind.ts';
import type { CustomResource } from '../../api/apiextensions/custom-kind.ts';
import { formConversion } from '../../api/form-conversion.ts';
import type {
  LabelSelector,
  MatchResources,
  NamedRuleWithOperations,
  Namespace,
} from '../../api/generated/types.ts';
import { matches, selectorFromObject, selectsEverything } from '../../api/meta/labels.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { builtinResources, namespaces } from '../../api/resources.ts';
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

/** A form of the objects of a resource. */
export interface ObjectForm {
  readonly resource: ResourceDefinition;
  readonly to: (object: KubernetesObject) => KubernetesObject;
  readonly from: (object: KubernetesObject) => KubernetesObject;
}

/** A request in the form that was matched. */
export interface Matched {
  readonly form: ObjectForm;
  readonly subject: Subject;
}

/**
 * The form in which rules and selectors match the request, if they do: that of the request, or an
 * equivalent one. No rules match everything. Throws 404 when the namespace is missing.
 */
export function matchRequest(
  match: MatchResources,
  request: AdmissionRequest,
): Matched | undefined {
  const own = ownForm(request);
  const others = match.matchPolicy === 'Exact' || request.face ? [] : otherForms(request);
  const forms = [own, ...others];
  const { resourceRules = [], excludeResourceRules = [] } = match;
  const subjects = forms.map((form) => ({ form, subject: subjectOf(request, form.resource) }));
  const isIn = (rules: readonly NamedRuleWithOperations[]) => (matched: Matched) =>
    rules.some((rule) => matchesRule(rule, matched.subject));
  const matched = resourceRules.length === 0 ? subjects[0] : subjects.find(isIn(resourceRules));
  if (!matched || subjects.some(isIn(excludeResourceRules))) return undefined;
  if (!matchesObject(match.objectSelector, request)) return undefined;
  return matchesNamespace(match.namespaceSelector, request) ? matched : undefined;
}

function ownForm(request: AdmissionRequest): ObjectForm {
  const { face, target } = request;
  const { resource } = target;
  const same = (object: KubernetesObject) => object;
  if (!face) return { resource, to: same, from: same };
  return { resource, to: face.to, from: (shown) => face.from(shown, request.object) };
}

const formsByResource = new WeakMap<ResourceDefinition, ObjectForm[]>();

/** The other groups and versions in which the same objects are served. */
function otherForms({ target, context }: AdmissionRequest): readonly ObjectForm[] {
  const { resource } = target;
  if (isCustom(resource)) return otherVersions(resource, context.customResources.resources());
  const known = formsByResource.get(resource);
  if (known) return known;
  const own = formConversion(resource);
  const others = own
    ? [{ resource: own.stored, to: own.toStored, from: own.fromStored }]
    : builtinResources.flatMap((other) => {
        const conversion = formConversion(other);
        if (conversion?.stored !== resource) return [];
        return [{ resource: other, to: conversion.fromStored, from: conversion.toStored }];
      });
  formsByResource.set(resource, others);
  return others;
}

function otherVersions(own: CustomResource, all: readonly CustomResource[]): ObjectForm[] {
  return all
    .filter(({ group, resource }) => group === own.group && resource === own.resource)
    .filter(({ version }) => version !== own.version)
    .map((resource) => ({
      resource,
      to: (object) => resource.custom.fromStored(own.custom.toStored(object)),
      from: (object) => own.custom.fromStored(resource.custom.toStored(object)),
    }));
}

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
    group,
    version,
    resource,
    name,
    subresource: info.subresource,
    namespace: target.resource === namespaces ? name : info.namespace,
  };
}

/** True when a rule says operation, group, version, resource and scope of the subject. */
function matchesRule(rule: NamedRuleWithOperations, subject: Subject): boolean {
  const { operations = [], apiGroups = [], apiVersions = [], scope = '*' } = rule;
  const { resourceNames = [] } = rule;
  const isNamespaced = subject.namespace !== '' && !isNamespaceObject(subject);
  return (
    includes(operations, subject.operation) &&
    includes(apiGroups, subject.group) &&
    includes(apiVersions, subject.version) &&
    (resourceNames.length === 0 || resourceNames.includes(subject.name)) &&
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
function matchesObject(
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
function matchesNamespace(selector: LabelSelector | undefined, request: AdmissionRequest): boolean {
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
