// The rules of webhook configurations and admission policies for the API server.
import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingAdmissionPolicyBindingSpec,
  MutatingAdmissionPolicySpec,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicyBindingSpec,
  ValidatingAdmissionPolicySpec,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { fieldPath, forbidden, notSupported, required } from '../meta/field-errors.ts';
import { simpleKind } from '../simple-kind.ts';
import {
  validateMatchConditions,
  validateMatchResources,
  validatePolicies,
} from './match-validation.ts';
import { validateWebhooks } from './webhook-validation.ts';

const SPEC = fieldPath('spec');
const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Deny', 'Allow'];
const TIMEOUT_SECONDS = 10;

/** What the API server asks of mutating webhook configurations. */
export const mutatingWebhookRules = simpleKind<MutatingWebhookConfiguration>({
  unconditionalUpdate: false,
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
  unconditionalUpdate: false,
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
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  hasStatus: true,
  generation: true,
  required: ['spec.matchConstraints'],
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    fillMatch(spec.matchConstraints);
  },
  *check({ spec }) {
    yield* validatePolicySpec(spec);
    if ((spec?.validations ?? []).length > 0 || (spec?.auditAnnotations ?? []).length > 0) return;
    const message = 'validations or auditAnnotations must contain at least one item';
    yield required(SPEC.child('validations'), message);
    yield required(SPEC.child('auditAnnotations'), message);
  },
});

/** What the API server asks of bindings of validating admission policies. */
export const validatingPolicyBindingRules = simpleKind<ValidatingAdmissionPolicyBinding>({
  unconditionalUpdate: false,
  generation: true,
  required: ['spec.policyName', 'spec.validationActions'],
  applyDefaults: ({ spec }) => fillMatch(spec?.matchResources),
  *check({ spec }) {
    yield* validateBinding(spec);
    const path = SPEC.child('validationActions');
    for (const [index, action] of (spec?.validationActions ?? []).entries()) {
      if (!ACTIONS.includes(action)) yield notSupported(path.index(index), action, ACTIONS);
    }
  },
});

/** What the API server asks of mutating admission policies. */
export const mutatingPolicyRules = simpleKind<MutatingAdmissionPolicy>({
  unconditionalUpdate: false,
  generation: true,
  required: ['spec.matchConstraints', 'spec.mutations', 'spec.reinvocationPolicy'],
  check: ({ spec }) => validatePolicySpec(spec),
  applyDefaults({ spec }) {
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    fillMatch(spec.matchConstraints);
  },
});

/** What the API server asks of bindings of mutating admission policies. */
export const mutatingPolicyBindingRules = simpleKind<MutatingAdmissionPolicyBinding>({
  unconditionalUpdate: false,
  generation: true,
  required: ['spec.policyName'],
  applyDefaults: ({ spec }) => fillMatch(spec?.matchResources),
  check: ({ spec }) => validateBinding(spec),
});

/** What the specs of policies of both kinds have in common. */
function* validatePolicySpec(
  spec: ValidatingAdmissionPolicySpec | MutatingAdmissionPolicySpec | undefined,
): Causes {
  if (!spec) return;
  const { failurePolicy, matchConstraints, matchConditions, paramKind } = spec;
  yield* validatePolicies(failurePolicy === undefined ? {} : { failurePolicy }, SPEC);
  const kindPath = SPEC.child('paramKind');
  if (paramKind && !paramKind.apiVersion) yield required(kindPath.child('apiVersion'));
  if (paramKind && !paramKind.kind) yield required(kindPath.child('kind'));
  yield* validateMatchResources(matchConstraints, SPEC.child('matchConstraints'));
  if (matchConstraints && (matchConstraints.resourceRules ?? []).length === 0) {
    yield required(SPEC.child('matchConstraints').child('resourceRules'));
  }
  yield* validateMatchConditions(matchConditions, SPEC.child('matchConditions'));
}

/** What the specs of bindings of both kinds have in common. */
function* validateBinding(
  spec: ValidatingAdmissionPolicyBindingSpec | MutatingAdmissionPolicyBindingSpec | undefined,
): Causes {
  yield* validateMatchResources(spec?.matchResources, SPEC.child('matchResources'));
  const { paramRef } = spec ?? {};
  if (!paramRef) return;
  const path = SPEC.child('paramRef');
  const { name = '', selector, parameterNotFoundAction: action = '' } = paramRef;
  if (name !== '' && selector) {
    const message = 'name and selector are mutually exclusive';
    yield forbidden(path.child('name'), message);
    yield forbidden(path.child('selector'), message);
  }
  if (name === '' && !selector) {
    yield required(path, 'one of name or selector must be specified');
  }
  const at = path.child('parameterNotFoundAction');
  if (action === '') yield required(at);
  else if (!NOT_FOUND_ACTIONS.includes(action)) yield notSupported(at, action, NOT_FOUND_ACTIONS);
}
