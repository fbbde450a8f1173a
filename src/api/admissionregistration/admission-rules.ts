// The rules of webhook configurations and admission policies for the API server.
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingAdmissionPolicyBindingSpec,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicyBindingSpec,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { subdomainName, validateObjectMeta } from '../core/object-meta-validation.ts';
import type { KindRules } from '../kind-rules.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import type { KubernetesObject } from '../meta/object.ts';
import { simpleKind, type SimpleKind } from '../simple-kind.ts';
import { validateMatchResources, validateMutatedOperations } from './match-validation.ts';
import {
  validateActions,
  validateMutatingPolicy,
  validateParamRef,
  validatePolicyName,
  validateValidatingPolicy,
} from './policy-validation.ts';
import { validateWebhooks } from './webhook-validation.ts';

const SPEC = fieldPath('spec');
const TIMEOUT_SECONDS = 10;

interface WithWebhooks {
  readonly webhooks?: ReadonlyArray<ValidatingWebhook | MutatingWebhook> | undefined;
}

/** What the API server asks of mutating webhook configurations. */
export const mutatingWebhookRules = ofCluster<MutatingWebhookConfiguration>({
  applyDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      fillWebhook(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  specChanged: webhooksDiffer,
  check: ({ webhooks }) => validateWebhooks(webhooks ?? []),
});

/** What the API server asks of validating webhook configurations. */
export const validatingWebhookRules = ofCluster<ValidatingWebhookConfiguration>({
  applyDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) fillWebhook(webhook);
  },
  specChanged: webhooksDiffer,
  check: ({ webhooks }) => validateWebhooks(webhooks ?? []),
});

function webhooksDiffer(object: WithWebhooks, old: WithWebhooks): boolean {
  return !semanticEqual(object.webhooks, old.webhooks);
}

function fillWebhook(webhook: ValidatingWebhook | MutatingWebhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= TIMEOUT_SECONDS;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
  const { service } = webhook.clientConfig ?? {};
  if (service) service.port ??= 443;
}

function fillMatch(match: MatchResources | undefined): void {
  if (!match) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) {
    rule.scope ??= '*';
  }
}

/** What the API server asks of validating admission policies. */
export const validatingPolicyRules = ofCluster<ValidatingAdmissionPolicy>({
  statusKeepsMetadata: true,
  hasStatus: true,
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    fillMatch(spec.matchConstraints);
  },
  check: ({ metadata, spec }) => validateValidatingPolicy(spec ?? {}, metadata.name ?? ''),
});

/** What the API server asks of bindings of validating admission policies. */
export const validatingPolicyBindingRules = ofCluster<ValidatingAdmissionPolicyBinding>({
  applyDefaults: ({ spec }) => fillMatch(spec?.matchResources),
  *check({ spec }) {
    yield* validateBinding(spec);
    yield* validateActions(spec?.validationActions ?? []);
  },
});

/** What the API server asks of mutating admission policies. */
export const mutatingPolicyRules = ofCluster<MutatingAdmissionPolicy>({
  check: ({ spec }) => validateMutatingPolicy(spec ?? {}),
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    fillMatch(spec.matchConstraints);
  },
});

/** What the API server asks of bindings of mutating admission policies. */
export const mutatingPolicyBindingRules = ofCluster<MutatingAdmissionPolicyBinding>({
  applyDefaults: ({ spec }) => fillMatch(spec?.matchResources),
  *check({ spec }) {
    yield* validateBinding(spec);
    yield* validateMutatedOperations(spec?.matchResources, SPEC.child('matchResources'));
  },
});

/** What the specs of bindings of both kinds have in common. */
function* validateBinding(
  spec: ValidatingAdmissionPolicyBindingSpec | MutatingAdmissionPolicyBindingSpec | undefined,
): Causes {
  yield* validatePolicyName(spec?.policyName);
  yield* validateParamRef(spec?.paramRef);
  yield* validateMatchResources(spec?.matchResources, SPEC.child('matchResources'));
}

/** Every write of a kind is looked at as a whole, as if it were new. */
function ofCluster<T extends KubernetesObject>(kind: SimpleKind<T>): KindRules<T> {
  return simpleKind<T>({
    generation: true,
    ...kind,
    unconditionalUpdate: false,
    standardFinalizers: false,
    *validateUpdate(object) {
      yield* validateObjectMeta(object.metadata, { namespaced: false, nameRule: subdomainName });
      yield* kind.check?.(object) ?? [];
    },
  });
}
