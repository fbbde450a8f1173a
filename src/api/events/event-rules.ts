// The rules of events of events.k8s.io for the API server: stricter than those of core events.
import type { EventsV1Event, ObjectReference } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { immutable, isBlank, qualifiedName } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { sameNamespace } from '../core/event-rules.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, GoStruct, invalidValue, required } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';

const SHORT_LIMIT = 128;
const NOTE_LIMIT = 1024;
/** What the API server asks of this kind. */
export const newEventRules = defineKind<EventsV1Event>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  createOnUpdate: true,
  fieldSelectors: {
    'regarding.kind': ({ regarding }) => regarding?.kind ?? '',
    'regarding.namespace': ({ regarding }) => regarding?.namespace ?? '',
    'regarding.name': ({ regarding }) => regarding?.name ?? '',
    'regarding.uid': ({ regarding }) => regarding?.uid ?? '',
    'regarding.apiVersion': ({ regarding }) => regarding?.apiVersion ?? '',
    'regarding.resourceVersion': ({ regarding }) => regarding?.resourceVersion ?? '',
    'regarding.fieldPath': ({ regarding }) => regarding?.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingController: ({ reportingController }) => reportingController ?? '',
    type: ({ type }) => type ?? '',
  },
  *validate(event) {
    yield* validateTexts(event);
    yield* validateMetadata(event.metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSeries(event);
    if (isBlank(event.eventTime)) yield required(fieldPath('eventTime'));
    const { type = '' } = event;
    if (type !== 'Normal' && type !== 'Warning') {
      yield invalidValue(fieldPath('type'), '', `has invalid value: ${type}`);
    }
    yield* validateDeprecated(event);
  },
  *validateUpdate(event, old) {
    yield* validateTexts(event);
    yield* validateMetadataUpdate(event.metadata, old.metadata);
    if (!semanticEqual(event.series, old.series)) yield* validateSeries(event);
    const before = new Map(fixedFields(old));
    for (const [field, value] of fixedFields(event)) {
      yield* immutable(value, before.get(field), fieldPath(field));
    }
  },
});

function* validateSeries({ series }: EventsV1Event): Causes {
  if (!series) return;
  if ((series.count ?? 0) < 2) yield invalidValue('series.count', '', 'should be at least 2');
  if (isBlank(series.lastObservedTime)) yield required('series.lastObservedTime');
}

/** What never changes, in upstream's order and under the names and in the form it shows. */
function fixedFields(event: EventsV1Event): readonly (readonly [string, unknown])[] {
  const { component = '', host = '' } = event.deprecatedSource ?? {};
  return [
    ['involvedObject', internalReference(event.regarding ?? {})],
    ['reason', event.reason ?? ''],
    ['message', event.note ?? ''],
    ['source', { Component: component, Host: host }],
    ['firstTimestamp', event.deprecatedFirstTimestamp],
    ['lastTimestamp', event.deprecatedLastTimestamp],
    ['count', event.deprecatedCount ?? 0],
    ['reason', event.reason ?? ''],
    ['type', event.type ?? ''],
    ['eventTime', event.eventTime],
    ['action', event.action ?? ''],
    ['related', event.related && internalReference(event.related)],
    ['reportingController', event.reportingController ?? ''],
    ['reportingInstance', event.reportingInstance ?? ''],
  ];
}

function internalReference(reference: ObjectReference): GoStruct {
  return new GoStruct({
    Kind: reference.kind ?? '',
    Namespace: reference.namespace ?? '',
    Name: reference.name ?? '',
    UID: reference.uid ?? '',
    APIVersion: reference.apiVersion ?? '',
    ResourceVersion: reference.resourceVersion ?? '',
    FieldPath: reference.fieldPath ?? '',
  });
}

/** In upstream's order, under upstream's names. */
function* validateTexts(event: EventsV1Event): Causes {
  const about = event.regarding?.namespace ?? '';
  if (!sameNamespace(event, event.metadata.namespace ?? '', about)) {
    const path = fieldPath('involvedObject', 'namespace');
    yield invalidValue(path, about, 'does not match event.namespace');
  }
  // Without a time it is looked at like an event of old.
  if (isBlank(event.eventTime)) return;
  const reporter = event.reportingController ?? '';
  const reporterPath = fieldPath('reportingController');
  if (reporter === '') yield required(reporterPath);
  yield* qualifiedName(reporter, reporterPath);
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    const value = event[field] ?? '';
    if (value === '') yield required(fieldPath(field));
    if (value.length > SHORT_LIMIT) {
      yield invalidValue(fieldPath(field), '', `can have at most ${SHORT_LIMIT} characters`);
    }
  }
  if ((event.note ?? '').length > NOTE_LIMIT) {
    yield invalidValue(fieldPath('message'), '', `can have at most ${NOTE_LIMIT} characters`);
  }
}

/** What core events have for old clients has no place in new ones. */
function* validateDeprecated(event: EventsV1Event): Causes {
  const unset = 'needs to be unset';
  const given: readonly (readonly [string, unknown])[] = [
    ['firstTimestamp', event.deprecatedFirstTimestamp],
    ['lastTimestamp', event.deprecatedLastTimestamp],
    ['count', event.deprecatedCount],
    ['source', event.deprecatedSource?.component ?? event.deprecatedSource?.host],
  ];
  for (const [field, value] of given) {
    if (value !== undefined && value !== null && value !== 0 && value !== '') {
      yield invalidValue(fieldPath(field), '', unset);
    }
  }
}
