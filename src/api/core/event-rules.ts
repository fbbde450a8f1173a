// The rules of core events for the API server. Their checks are few, as in upstream.
import type { Event } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, invalidValue, required } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { dnsSubdomain, isBlank, qualifiedName } from './field-rules.ts';
import { subdomainName } from './object-meta-validation.ts';

const SHORT_LIMIT = 128;
const MESSAGE_LIMIT = 1024;

/** What the API server asks of this kind. */
export const eventRules = defineKind<Event>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  createOnUpdate: true,
  fieldSelectors: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject?.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject?.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject?.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject?.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject?.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject?.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject?.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
    source: ({ source, reportingComponent }) => source?.component || (reportingComponent ?? ''),
    type: ({ type }) => type ?? '',
  },
  validate: validateEvent,
  validateUpdate: validateEvent,
});

function* validateEvent(event: Event): Causes {
  const namespace = event.metadata.namespace ?? '';
  const about = event.involvedObject?.namespace ?? '';
  if (!sameNamespace(event, namespace, about)) {
    const path = fieldPath('involvedObject', 'namespace');
    yield invalidValue(path, about, 'does not match event.namespace');
  }
  if (!isBlank(event.eventTime)) yield* validateNewStyle(event);
  yield* dnsSubdomain(namespace, fieldPath('namespace'));
}

/** Events about cluster-scoped objects are in `default` (or, of the new style, `kube-system`). */
export function sameNamespace(
  event: Pick<Event, 'eventTime'>,
  namespace: string,
  about: string,
): boolean {
  const newStyle = !isBlank(event.eventTime);
  if (about !== '') return newStyle || namespace === about;
  if (namespace === 'default') return true;
  return newStyle ? namespace === 'kube-system' : namespace === '';
}

/** Events with an eventTime name their reporter and what it did. */
function* validateNewStyle(event: Event): Causes {
  const reporter = event.reportingComponent ?? '';
  const reporterPath = fieldPath('reportingComponent');
  if (reporter === '') yield required(reporterPath);
  yield* qualifiedName(reporter, reporterPath);
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const value = event[field] ?? '';
    if (value === '') yield required(fieldPath(field));
    if (value.length > SHORT_LIMIT) {
      yield invalidValue(fieldPath(field), '', `can have at most ${SHORT_LIMIT} characters`);
    }
  }
  if ((event.message ?? '').length > MESSAGE_LIMIT) {
    yield invalidValue(fieldPath('message'), '', `can have at most ${MESSAGE_LIMIT} characters`);
  }
}
