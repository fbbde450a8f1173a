// Revisions: a pod template as data, its hash and name, and which one is current (section 7 of the
// rules).
import type {
  ControllerRevision,
  PodTemplateSpec,
  StatefulSet,
} from '../../../api/generated/types.ts';
import { templateDefaults } from '../../../api/core/pod-defaults.ts';
import { canonicalJson } from '../../../api/meta/canonical-json.ts';
import { fnv32, safeEncode } from '../../../api/meta/fnv.ts';
import { builtinTypes } from '../../../api/meta/type-model.ts';
import { applyStrategicMerge } from '../../../api/meta/patch/strategic-merge.ts';
import {
  controllerOf,
  deepFreeze,
  nameOf,
  namespaceOf,
  uidOf,
  type JsonObject,
} from '../../../api/meta/object.ts';
import { setReference } from './identity.ts';

/** SS-516. */
export const HASH_LABEL = 'controller.kubernetes.io/hash';

const SET_PART_BYTES_MAX = 223;

/** The data of a revision: only the template, to be applied as a replacement (SS-511). */
export function revisionData(set: StatefulSet): JsonObject {
  const template = { ...set.spec?.template, $patch: 'replace' };
  return { spec: { template } } as unknown as JsonObject;
}

const canonicalData = new WeakMap<object, string>();

/**
 * The canonical text of a revision's data (SS-512); what equality (SS-519) and the hash are made
 * of.
 */
export function dataText(data: unknown): string {
  if (typeof data !== 'object' || data === null) return canonicalJson(data ?? null);
  let text = canonicalData.get(data);
  if (text === undefined) {
    text = canonicalJson(data);
    canonicalData.set(data, text);
  }
  return text;
}

/** SS-513. */
export function revisionHash(text: string, collisionCount: number): string {
  return safeEncode(String(fnv32(text + String(collisionCount))));
}

/** SS-515. */
export function revisionName(set: StatefulSet, hash: string): string {
  return `${nameOf(set).slice(0, SET_PART_BYTES_MAX)}-${hash}`;
}

/** The revision that the set's template would be stored as (SS-511 … SS-517). */
export function buildRevision(
  set: StatefulSet,
  { revision, collisionCount }: { revision: number; collisionCount: number },
): ControllerRevision {
  const data = revisionData(set);
  const hash = revisionHash(dataText(data), collisionCount);
  const { annotations } = set.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: revisionName(set, hash),
      namespace: namespaceOf(set),
      labels: { ...set.spec?.template.metadata?.labels, [HASH_LABEL]: hash },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [setReference(set)],
    },
    data,
    revision,
  };
}

/** Owned by the set or by nobody (SS-518); the caller has matched the labels. */
export function belongsTo(set: StatefulSet, revision: ControllerRevision): boolean {
  const controller = controllerOf(revision);
  return controller === undefined || controller.uid === uidOf(set);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ascending by revision, creation time, name (SS-518). */
export function sortRevisions(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  return [...revisions].sort(
    (a, b) =>
      a.revision - b.revision ||
      compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') ||
      compareText(nameOf(a), nameOf(b)),
  );
}

/** What to do so that the update revision exists. */
export type RevisionDecision =
  | { type: 'use'; revision: ControllerRevision }
  | { type: 'raise'; revision: ControllerRevision; to: number }
  | { type: 'create'; candidate: ControllerRevision };

/** Whether the set at the newest revision gives this text of data again (SS-522). */
export type RebuildTest = (set: StatefulSet, newest: ControllerRevision, text: string) => boolean;

/** SS-517, SS-520 … SS-524. `sorted` as from sortRevisions. */
export const decideUpdateRevision = revisionDecider(rebuildsTheSame);

/** The decision with another test of SS-522, such as one that remembers its answers. */
export function revisionDecider(rebuilds: RebuildTest) {
  return (
    set: StatefulSet,
    sorted: readonly ControllerRevision[],
    collisionCount: number,
  ): RevisionDecision => {
    const newest = sorted.at(-1);
    const next = (newest?.revision ?? 0) + 1;
    const candidate = buildRevision(set, { revision: next, collisionCount });
    const text = dataText(candidate.data);
    const equal = sorted.filter((revision) => dataText(revision.data) === text).at(-1);
    if (newest && equal === newest) return { type: 'use', revision: newest };
    if (equal) return { type: 'raise', revision: equal, to: next };
    if (newest && rebuilds(set, newest, text)) return { type: 'use', revision: newest };
    return { type: 'create', candidate };
  };
}

/** SS-522: the newest revision, applied and defaulted, gives the same template. */
export function rebuildsTheSame(
  set: StatefulSet,
  newest: ControllerRevision,
  text: string,
): boolean {
  const rebuilt = structuredClone(setAtRevision(set, newest));
  if (rebuilt.spec) templateDefaults(rebuilt.spec.template);
  return dataText(revisionData(rebuilt)) === text;
}

/** The live set with the revision's data merged over it (SS-529). */
export function setAtRevision(set: StatefulSet, revision: ControllerRevision): StatefulSet {
  const merged = applyStrategicMerge(set as unknown as JsonObject, revision.data as JsonObject, {
    type: 'StatefulSet',
    model: builtinTypes,
  });
  return merged as unknown as StatefulSet;
}

/** The template of the last set that pods of a revision were built for. */
const templates = new WeakMap<
  ControllerRevision,
  { set: StatefulSet; template: PodTemplateSpec }
>();

/** The pod template that pods of a revision are built from; frozen, as it is shared. */
export function templateAtRevision(
  set: StatefulSet,
  revision: ControllerRevision,
): PodTemplateSpec {
  const known = templates.get(revision);
  if (known?.set === set) return known.template;
  const template = deepFreeze(structuredClone(setAtRevision(set, revision).spec?.template ?? {}));
  templates.set(revision, { set, template });
  return template;
}

/** The listed revision named by the status; if there is none, the update revision (SS-527). */
export function currentRevisionOf(
  set: StatefulSet,
  sorted: readonly ControllerRevision[],
  update: ControllerRevision,
): ControllerRevision {
  const name = set.status?.currentRevision;
  return sorted.find((revision) => nameOf(revision) === name) ?? update;
}

/** Revisions to delete, oldest first (SS-531, SS-532). */
export function revisionsToTruncate(
  set: StatefulSet,
  sorted: readonly ControllerRevision[],
  liveNames: ReadonlySet<string>,
): ControllerRevision[] {
  const limit = set.spec?.revisionHistoryLimit ?? 10;
  if (limit < 0) return [];
  const history = sorted.filter((revision) => !liveNames.has(nameOf(revision)));
  return history.slice(0, Math.max(history.length - limit, 0));
}
