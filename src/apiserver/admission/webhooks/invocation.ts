// Which webhooks a request calls, and in which form of the object: the one of the request, or an
// equivalent one that the rules of the webhook name.
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
} from '../../../api/generated/types.ts';
import type { ValidatingWebhookConfiguration } from '../../../api/generated/types.ts';
import { formConversion } from '../../../api/form-conversion.ts';
import type { KubernetesObject } from '../../../api/meta/object.ts';
import { mutatingWebhooks, validatingWebhooks } from '../../../api/other-resources.ts';
import { builtinResources } from '../../../api/resources.ts';
import type { ResourceDefinition } from '../../../api/resources.ts';
import type { Store } from '../../../storage/store.ts';
import { listObjects } from '../../registry/object-store.ts';
import type { AdmissionRequest } from '../admission-request.ts';
import { matchesNamespace, matchesObject, matchesRule, subjectOf } from '../match-request.ts';
import type { Subject } from '../match-request.ts';

/** A webhook of either kind; validating ones have no reinvocation policy. */
export interface ConfiguredHook {
  readonly hook: MutatingWebhook;
  /** Name of the object that configures it. */
  readonly configuration: string;
  /** Its place among all webhooks of its kind. */
  readonly index: number;
}

/** A call to be made. */
export interface Invocation extends ConfiguredHook {
  readonly form: ObjectForm;
  readonly subject: Subject;
}

/** A form of the objects of a resource. */
export interface ObjectForm {
  readonly resource: ResourceDefinition;
  readonly to: (object: KubernetesObject) => KubernetesObject;
  readonly from: (object: KubernetesObject) => KubernetesObject;
}

/** All webhooks of a kind, in the order in which they are called. */
export function hooksOf(store: Store, kind: 'mutating' | 'validating'): ConfiguredHook[] {
  const configurations: (MutatingWebhookConfiguration | ValidatingWebhookConfiguration)[] =
    kind === 'mutating'
      ? listObjects<MutatingWebhookConfiguration>(store, mutatingWebhooks, '')
      : listObjects<ValidatingWebhookConfiguration>(store, validatingWebhooks, '');
  return configurations
    .flatMap(({ metadata, webhooks = [] }) =>
      webhooks.map((hook) => ({ hook, configuration: metadata.name ?? '' })),
    )
    .map((configured, index) => ({ ...configured, index }));
}

/** The call that the request means for a webhook, if any. Throws 404 for a missing namespace. */
export function invocationOf(
  configured: ConfiguredHook,
  request: AdmissionRequest,
): Invocation | undefined {
  const { hook } = configured;
  const own = sameForm(request.target.resource);
  const forms = hook.matchPolicy === 'Exact' ? [own] : [own, ...otherForms(own.resource)];
  for (const form of forms) {
    const subject = subjectOf(request, form.resource);
    if (!(hook.rules ?? []).some((rule) => matchesRule(rule, subject))) continue;
    if (!matchesObject(hook.objectSelector, request)) return undefined;
    if (!matchesNamespace(hook.namespaceSelector, request)) return undefined;
    return { ...configured, form, subject };
  }
  return undefined;
}

function sameForm(resource: ResourceDefinition): ObjectForm {
  const same = (object: KubernetesObject) => object;
  return { resource, to: same, from: same };
}

const formsByResource = new WeakMap<ResourceDefinition, ObjectForm[]>();

/** The other groups and versions in which the same objects are served. */
function otherForms(resource: ResourceDefinition): readonly ObjectForm[] {
  const known = formsByResource.get(resource);
  if (known) return known;
  const own = formConversion(resource);
  const stored = own
    ? [{ resource: own.stored, to: own.toStored, from: own.fromStored }]
    : builtinResources.flatMap((other) => {
        const conversion = formConversion(other);
        if (conversion?.stored !== resource) return [];
        return [{ resource: other, to: conversion.fromStored, from: conversion.toStored }];
      });
  formsByResource.set(resource, stored);
  return stored;
}
