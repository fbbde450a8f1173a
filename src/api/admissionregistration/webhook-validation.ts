// What a webhook must say to be called.
import type {
  AdmissionregistrationV1ServiceReference,
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
import {
  validateDns1035Label,
  validateDns1123Subdomain,
  validatePortNumber,
} from '../meta/names.ts';
import { validateMatchConditions, validatePolicies, validateRule } from './match-validation.ts';

const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const REINVOCATION_POLICIES = ['IfNeeded', 'Never'];
const TIMEOUT_MAX_SECONDS = 30;
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
  if (sideEffects === undefined) {
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
  yield* validateLabelSelector(webhook.namespaceSelector, path.child('namespaceSelector'));
  yield* validateLabelSelector(webhook.objectSelector, path.child('objectSelector'));
  yield* validateReinvocation(webhook, path);
  yield* validateClient(webhook.clientConfig, path.child('clientConfig'));
  yield* validateMatchConditions(webhook.matchConditions, path.child('matchConditions'));
  yield* validateVersions(
    webhook.admissionReviewVersions ?? [],
    path.child('admissionReviewVersions'),
  );
}

function* validateName(name: string, path: FieldPath): Causes {
  const messages = validateDns1123Subdomain(name ?? '');
  if (isBlank(name)) yield required(path);
  else if (messages.length > 0) yield invalidValue(path, name, messages.join(','));
  else if (name.split('.').length < 3) {
    const message = 'should be a domain with at least three segments separated by dots';
    yield invalidValue(path, name, message);
  }
}

function* validateReinvocation(webhook: Webhook, path: FieldPath): Causes {
  const policy = 'reinvocationPolicy' in webhook ? webhook.reinvocationPolicy : undefined;
  if (policy === undefined || REINVOCATION_POLICIES.includes(policy)) return;
  yield notSupported(path.child('reinvocationPolicy'), policy, REINVOCATION_POLICIES);
}

function* validateVersions(versions: readonly string[], path: FieldPath): Causes {
  const known = REVIEW_VERSIONS.join(', ');
  if (versions.length === 0) {
    yield required(path, `must specify one of ${known}`);
    return;
  }
  for (const [index, version] of versions.entries()) {
    const at = path.index(index);
    if (versions.indexOf(version) < index) yield invalidValue(at, version, 'duplicate version');
    else yield* invalidForEach(at, version, validateDns1035Label(version));
  }
  if (!versions.some((version) => REVIEW_VERSIONS.includes(version))) {
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
  else if (service) yield* validateService(service, path.child('service'));
}

function* validateService(
  service: Partial<AdmissionregistrationV1ServiceReference>,
  path: FieldPath,
): Causes {
  const { name, namespace, path: below = '', port = 443 } = service;
  // Upstream takes one for the other.
  if (isBlank(namespace)) yield required(path.child('name'));
  if (isBlank(name)) yield required(path.child('namespace'));
  const faults = validatePortNumber(port);
  if (faults.length > 0) {
    yield invalidValue(path.child('port'), port, `port is not valid: ${faults.join(', ')}`);
  }
  for (const fault of webhookPathFaults(below))
    yield invalidValue(path.child('path'), below, fault);
}

/** What is wrong with the path of a webhook's service, in upstream's words. */
export function webhookPathFaults(path: string): string[] {
  if (path === '' || path === '/') return [];
  if (path === '//') return ['segment[0] may not be empty'];
  const faults = path.startsWith('/') ? [] : ["must start with a '/'"];
  const steps = path.slice(1).replace(/\/$/, '').split('/');
  const inSteps = steps.flatMap((step, index) =>
    step === ''
      ? [`segment[${index}] may not be empty`]
      : validateDns1123Subdomain(step).map((message) => `segment[${index}]: ${message}`),
  );
  return [...faults, ...inSteps];
}

/** The parts of a URL as Go tells them apart. */
const URL_PARTS =
  /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/s;

function* validateUrl(text: string, path: FieldPath): Causes {
  const [, scheme = '', authority = '', query = '', fragment = ''] = URL_PARTS.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const lowered = scheme.toLowerCase();
  if (lowered !== 'https') {
    yield invalidValue(path, lowered, `'https' is the only allowed URL scheme${FORM}`);
  }
  if (host === '') yield invalidValue(path, host, `host must be specified${FORM}`);
  if (at >= 0) {
    const user = authority.slice(0, at);
    yield invalidValue(path, user, 'user information is not permitted in the URL');
  }
  if (fragment !== '') {
    yield invalidValue(path, fragment, 'fragments are not permitted in the URL');
  }
  if (query !== '') {
    yield invalidValue(path, query, 'query parameters are not permitted in the URL');
  }
}
