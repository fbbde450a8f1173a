// The rules of webhook configurations and admission policies for the API server.
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { isBlank } from '../core/field-rules.ts';
import { fieldPath, invalidForEach, invalidValue, required } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { validateDns1123Subdomain } from '../meta/names.ts';
import { simpleKind } from '../simple-kind.ts';

const TIMEOUT_SECONDS = 10;
const TIMEOUT_MAX_SECONDS = 30;

/** What the API server asks of mutating webhook configurations. */
export const mutatingWebhookRules = simpleKind<MutatingWebhookConfiguration>({
  generation: true,
  applyDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      fillWebhook(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  check: ({ webhooks }) => validateWebhooks(webhooks ?? []),
});

/** What the API server asks of validating webhook configurations. */
export const validatingWebhookRules = simpleKind<ValidatingWebhookConfiguration>({
  generation: true,
  applyDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) fillWebhook(webhook);
  },
  check: ({ webhooks }) => validateWebhooks(webhooks ?? []),
});

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

function* validateWebhooks(webhooks: readonly (ValidatingWebhook | MutatingWebhook)[]): Causes {
  for (const [index, webhook] of webhooks.entries()) {
    yield* validateWebhook(webhook, fieldPath('webhooks').index(index));
  }
}

function* validateWebhook(webhook: ValidatingWebhook | MutatingWebhook, path: FieldPath): Causes {
  const { name, sideEffects, admissionReviewVersions, timeoutSeconds, clientConfig } = webhook;
  const namePath = path.child('name');
  if (isBlank(name)) yield required(namePath);
  else if (name.split('.').length < 3) {
    const message = 'should be a domain with at least three segments separated by dots';
    yield invalidValue(namePath, name, message);
  } else yield* invalidForEach(namePath, name, validateDns1123Subdomain(name));
  if ((admissionReviewVersions ?? []).length === 0) {
    const message = 'must specify one of v1, v1beta1';
    yield required(path.child('admissionReviewVersions'), message);
  }
  if (isBlank(sideEffects)) {
    yield required(path.child('sideEffects'), 'must specify one of None, NoneOnDryRun');
  }
  if (
    timeoutSeconds !== undefined &&
    (timeoutSeconds < 1 || timeoutSeconds > TIMEOUT_MAX_SECONDS)
  ) {
    const message = 'the timeout value must be between 1 and 30 seconds';
    yield invalidValue(path.child('timeoutSeconds'), timeoutSeconds, message);
  }
  const { url, service } = clientConfig ?? {};
  if ((url === undefined) === (service === undefined)) {
    yield required(path.child('clientConfig'), 'exactly one of url or service is required');
  }
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
export const validatingPolicyRules = simpleKind<ValidatingAdmissionPolicy>({
  hasStatus: true,
  generation: true,
  required: ['spec.matchConstraints'],
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    fillMatch(spec.matchConstraints);
  },
});

/** What the API server asks of bindings of validating admission policies. */
export const validatingPolicyBindingRules = simpleKind<ValidatingAdmissionPolicyBinding>({
  generation: true,
  required: ['spec.policyName', 'spec.validationActions'],
  applyDefaults: ({ spec }) => fillMatch(spec?.matchResources),
});

/** What the API server asks of mutating admission policies. */
export const mutatingPolicyRules = simpleKind<MutatingAdmissionPolicy>({
  generation: true,
  required: ['spec.matchConstraints', 'spec.mutations'],
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    fillMatch(spec.matchConstraints);
  },
});

/** What the API server asks of bindings of mutating admission policies. */
export const mutatingPolicyBindingRules = simpleKind<MutatingAdmissionPolicyBinding>({
  generation: true,
  required: ['spec.policyName'],
  applyDefaults: ({ spec }) => fillMatch(spec?.matchResources),
});
