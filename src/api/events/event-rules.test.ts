import { expect, it } from 'vitest';
import type { EventsV1Event } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';

const NOW = '2026-01-02T03:04:05.000000Z';
const KIND = 'events.events.k8s.io';
const event = {
  metadata: { namespace: 'default' },
  eventTime: NOW,
  type: 'Normal',
  reason: 'r',
  action: 'a',
  reportingController: 'example.com/c',
  reportingInstance: 'i',
  regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
};

it('API-314: a series counts two events or more', () => {
  const series = { count: 1, lastObservedTime: NOW };
  expect(create(KIND, event).errors).toEqual([]);
  expect(create(KIND, { ...event, series }).errors).toEqual([
    'series.count: Invalid value: "": should be at least 2',
  ]);
});

it('API-314: only the series of an event changes', () => {
  const change = (set: (own: EventsV1Event) => void) => update(KIND, event, set).errors;
  expect(change((own) => (own.series = { count: 2, lastObservedTime: NOW }))).toEqual([]);
  expect(change((own) => (own.note = 'n'))).toEqual([
    'message: Invalid value: "n": field is immutable',
  ]);
  expect(change((own) => (own.regarding!.name = 'q'))).toEqual([
    'involvedObject: Invalid value: {"Kind":"Pod","Namespace":"default","Name":"q","UID":"",' +
      '"APIVersion":"","ResourceVersion":"","FieldPath":""}: field is immutable',
  ]);
});
