// Events of events.k8s.io are core events under other names.
import type { FormConversion } from '../form-conversion.ts';
import type { KubernetesObject } from '../meta/object.ts';
import { events } from '../resources.ts';

/** Fields with two names: that of events.k8s.io, and the core one. */
const NAMES: readonly (readonly [shown: string, stored: string])[] = [
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
];
const toStored = new Map(NAMES);
const fromStored = new Map(NAMES.map(([shown, stored]) => [stored, shown]));

function renamed(
  object: KubernetesObject,
  names: ReadonlyMap<string, string>,
  apiVersion: string,
): KubernetesObject {
  const members = Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]);
  return { ...(Object.fromEntries(members) as unknown as KubernetesObject), apiVersion };
}

/** How events of events.k8s.io are stored. */
export const eventConversion: FormConversion = {
  stored: events,
  toStored: (object) => renamed(object, toStored, 'v1'),
  fromStored: (object) => renamed(object, fromStored, 'events.k8s.io/v1'),
};
