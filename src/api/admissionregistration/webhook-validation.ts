// What a webhook must say to be called.
import type {
  AdmissionregistrationV1WebhookClientConfig,
  MutatingWebhook,
  ValidatingWebhook,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { isBlank } from '../core/field-rules.ts';
import {
  duplicate,
  fieldPath,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import { validateDns1123Subdomain } from '../meta/names.ts';
import { validateMatchConditions, validatePolicies, validateRule } from './match-validation.ts';

const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
const TIMEOUT_MAX_SECONDS = 30;
const PORT_MAX = 65_535;
const FORM = '; desired format: https://host[/path]';

type Webhook = ValidatingWebhook | MutatingWebhook;

/** Checks the webhooks of a configuration. */
export function* validateWebhooks(webhooks: readonly Webhook[]): Causes {
  const names = new Set<string>();
  for (const [index, webhook] of webhooks.entries()) {
    const path = fieldPath('webhooks').index(index);
    yield* validateWebhook(webhook, path);
    if (!isBlank(webhook.name) && names.has(webhook.name)) {
      yield duplicate(path.child('name'), webhook.name);
    }
    names.add(webhook.name);
  }
}

function* validateWebhook(webhook: Webhook, path: FieldPath): Causes {
  const { sideEffects, timeoutSeconds, failurePolicy, matchPolicy } = webhook;
  yield* validateName(webhook.name, path.child('name'));
  for (const [index, rule] of (webhook.rules ?? []).entries()) {
    yield* validateRule(rule, path.child('rules').index(index));
  }
  const policies = {
    ...(failurePolicy === undefined ? {} : { failurePolicy }),
    ...(matchPolicy === undefined ? {} : { matchPolicy }),
  };
  yield* validatePolicies(policies, path);
  if (isBlank(sideEffects)) {
    yield required(path.child('sideEffects'), `must specify one of ${SIDE_EFFECTS.join(', ')}`);
  } else if (!SIDE_EFFECTS.includes(sideEffects)) {
    yield notSupported(path.child('sideEffects'), sideEffects, SIDE_EFFECTS);
  }
  if (
    timeoutSeconds !== undefined &&
    (timeoutSeconds < 1 || timeoutSeconds > TIMEOUT_MAX_SECONDS)
  ) {
    const message = 'the timeout value must be between 1 and 30 seconds';
    yield invalidValue(path.child('timeoutSeconds'), timeoutSeconds, message);
  }
  yield* validateReinvocation(webhook, path);
  yield* validateLabelSelector(webhook.namespaceSelector, path.child('namespaceSelector'));
  yield* validateLabelSelector(webhook.objectSelector, path.child('objectSelector'));
  yield* validateClient(webhook.clientConfig, path.child('clientConfig'));
  yield* validateMatchConditions(webhook.matchConditions, path.child('matchConditions'));
  yield* validateVersions(webhook.admissionReviewVersions, path.child('admissionReviewVersions'));
}

function* validateName(name: string, path: FieldPath): Causes {
  if (isBlank(name)) yield required(path);
  else if (name.split('.').length < 3) {
    const message = 'should be a domain with at least three segments separated by dots';
    yield invalidValue(path, name, message);
  } else yield* invalidForEach(path, name, validateDns1123Subdomain(name));
}

function* validateReinvocation(webhook: Webhook, path: FieldPath): Causes {
  const policy = 'reinvocationPolicy' in webhook ? webhook.reinvocationPolicy : undefined;
  if (policy === undefined || REINVOCATION_POLICIES.includes(policy)) return;
  yield notSupported(path.child('reinvocationPolicy'), policy, REINVOCATION_POLICIES);
}

function* validateVersions(versions: readonly string[] | undefined, path: FieldPath): Causes {
  const known = REVIEW_VERSIONS.join(', ');
  if (versions === undefined || versions.length === 0) {
    yield required(path, `must specify one of ${known}`);
  } else if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
    yield invalidValue(path, versions, `must include at least one of ${known}`);
  }
}

function* validateClient(
  config: AdmissionregistrationV1WebhookClientConfig | undefined,
  path: FieldPath,
): Causes {
  const { url, service } = config ?? {};
  if ((url === undefined) === (service === undefined)) {
    yield required(path, 'exactly one of url or service is required');
  } else if (url !== undefined) yield* validateUrl(url, path.child('url'));
  else if (service) {
    const at = path.child('service');
    const { name, namespace, path: below = '/', port = 443 } = service;
    if (isBlank(name)) yield required(at.child('name'));
    if (isBlank(namespace)) yield required(at.child('namespace'));
    if (port < 1 || port > PORT_MAX) {
      const message = `port is not valid: must be between 1 and ${PORT_MAX}, inclusive`;
      yield invalidValue(at.child('port'), port, message);
    }
    if (below !== '' && !below.startsWith('/')) {
      yield invalidValue(at.child('path'), below, "must start with a '/'");
    }
  }
}

function* validateUrl(text: string, path: FieldPath): Causes {
  if (!URL.canParse(text)) {
    yield invalidValue(path, text, `url must be a valid URL${FORM}`);
    return;
  }
  const { protocol, username, password, hash, search } = new URL(text);
  const scheme = protocol.slice(0, -1);
  if (scheme !== 'https') {
    yield invalidValue(path, scheme, `'https' is the only allowed URL scheme${FORM}`);
  }
  if (username !== '' || password !== '') {
    yield invalidValue(path, username, 'user information is not permitted in the URL');
  }
  if (hash !== '') {
    yield invalidValue(path, hash.slice(1), 'fragments are not permitted in the URL');
  }
  if (search !== '') {
    const message = 'query parameters are not permitted in the URL';
    yield invalidValue(path, search.slice(1), message);
  }
}
