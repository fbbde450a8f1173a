// How a definition's versions are converted (API-1008): None, or a webhook that can be called.
import type {
  ApiextensionsV1WebhookClientConfig,
  CustomResourceConversion,
  StatusCause,
} from '../generated/types.ts';
import { webhookPathFaults } from '../admissionregistration/webhook-validation.ts';
import { requiredOneOf } from '../core/field-rules.ts';
import { forbidden, invalidForEach, invalidValue, required } from '../meta/field-errors.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { validateDns1035Label } from '../meta/names.ts';

type Causes = Iterable<StatusCause>;

const REVIEW_VERSIONS = ['v1', 'v1beta1'];

/** The causes against a conversion. */
export function* checkConversion(
  { strategy, webhook }: CustomResourceConversion,
  path: FieldPath,
): Causes {
  yield* requiredOneOf(strategy, path.child('strategy'), ['None', 'Webhook']);
  const config = path.child('webhookClientConfig');
  const reviews = path.child('conversionReviewVersions');
  if (strategy === 'Webhook') {
    yield* checkClient(webhook?.clientConfig, config);
    yield* checkReviews(webhook?.conversionReviewVersions ?? [], reviews);
    return;
  }
  const message = 'should not be set when strategy is not set to Webhook';
  if (webhook?.clientConfig) yield forbidden(config, message);
  if ((webhook?.conversionReviewVersions ?? []).length > 0) yield forbidden(reviews, message);
}

function* checkClient(
  config: ApiextensionsV1WebhookClientConfig | undefined,
  path: FieldPath,
): Causes {
  if (!config) yield required(path, 'required when strategy is set to Webhook');
  else if ((config.url === undefined) === (config.service === undefined)) {
    yield required(path, 'exactly one of url or service is required');
  } else if (config.url !== undefined) yield* checkUrl(config.url, path.child('url'));
  else if (config.service) yield* checkService(config.service, path.child('service'));
}

const FORM = '; desired format: https://host[/path]';

function* checkUrl(text: string, path: FieldPath): Causes {
  if (!URL.canParse(text)) {
    yield required(
      path,
      `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI${FORM}`,
    );
    return;
  }
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https') {
    yield invalidValue(path, scheme, `'https' is the only allowed URL scheme${FORM}`);
  }
  if (url.host === '') yield invalidValue(path, '', `host must be specified${FORM}`);
  if (url.username !== '') {
    yield invalidValue(path, url.username, 'user information is not permitted in the URL');
  }
  if (url.hash !== '') {
    yield invalidValue(path, url.hash.slice(1), 'fragments are not permitted in the URL');
  }
  if (url.search !== '') {
    const query = url.search.slice(1);
    yield invalidValue(path, query, 'query parameters are not permitted in the URL');
  }
}

function* checkService(
  service: NonNullable<ApiextensionsV1WebhookClientConfig['service']>,
  path: FieldPath,
): Causes {
  const { name, namespace, path: urlPath, port = 443 } = service;
  if (name === '') yield required(path.child('name'), 'service name is required');
  if (namespace === '') yield required(path.child('namespace'), 'service namespace is required');
  if (port < 1 || port > 65_535) {
    const message = 'port is not valid: must be between 1 and 65535, inclusive';
    yield invalidValue(path.child('port'), port, message);
  }
  for (const fault of webhookPathFaults(urlPath ?? '')) {
    yield invalidValue(path.child('path'), urlPath, fault);
  }
}

function* checkReviews(versions: readonly string[], path: FieldPath): Causes {
  if (versions.length === 0) {
    yield required(path);
    return;
  }
  const seen = new Set<string>();
  for (const [index, version] of versions.entries()) {
    const at = path.index(index);
    if (seen.has(version)) yield invalidValue(at, version, 'duplicate version');
    else yield* invalidForEach(at, version, validateDns1035Label(version));
    seen.add(version);
  }
  if (versions.some((version) => REVIEW_VERSIONS.includes(version))) return;
  yield invalidValue(path, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`);
}
