// Names, ordinals and labels: what makes pod `web-2` the third member of `web` (section 1 of the
// rules).
import type { OwnerReference, Pod, StatefulSet } from '../../../api/generated/types.ts';
import { controllerReference, nameOf, namespaceOf } from '../../../api/meta/object.ts';

/** SS-103. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
/** SS-104. */
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';
/** SS-105: holds the full name of the ControllerRevision. */
export const REVISION_LABEL = 'controller-revision-hash';

const ORDINAL_MAX = 2 ** 31 - 1;

/** Where the digits at the end of a pod name start; -1 if no dash comes before them (SS-114). */
function digitsStart(name: string): number {
  let start = name.length;
  while (start > 0 && isDigit(name.charCodeAt(start - 1))) start--;
  return start < name.length && start > 0 && name[start - 1] === '-' ? start : -1;
}

const isDigit = (code: number) => code >= 48 && code <= 57;

/**
 * Parent name and ordinal of a pod name; ordinal -1 and parent '' if it has not that form (SS-114,
 * SS-115).
 */
export function parsePodName(name: string): { parent: string; ordinal: number } {
  const start = digitsStart(name);
  if (start < 0) return { parent: '', ordinal: -1 };
  const ordinal = Number(name.slice(start));
  return { parent: name.slice(0, start - 1), ordinal: ordinal > ORDINAL_MAX ? -1 : ordinal };
}

export function ordinalOf(pod: Pod): number {
  return parsePodName(nameOf(pod)).ordinal;
}

/** The set as controller of its pods, revisions and claims (SS-109). */
export function setReference(set: StatefulSet): OwnerReference {
  return controllerReference({ ...set, apiVersion: 'apps/v1', kind: 'StatefulSet' });
}

/** SS-101. */
export function podNameOf(set: StatefulSet, ordinal: number): string {
  return `${nameOf(set)}-${ordinal}`;
}

/** Membership by name, besides the selector (SS-116). */
export function isMemberOf(set: StatefulSet, pod: Pod): boolean {
  return parsePodName(nameOf(pod)).parent === nameOf(set);
}

/** SS-761. */
export function ordinalStart(set: StatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

export function replicasOf(set: StatefulSet): number {
  return set.spec?.replicas ?? 1;
}

export function isInRange(set: StatefulSet, ordinal: number): boolean {
  const start = ordinalStart(set);
  return ordinal >= start && ordinal < start + replicasOf(set);
}

/** SS-117: pod-index label, hostname and subdomain are not looked at. */
export function identityMatches(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(pod);
  return (
    ordinal >= 0 &&
    nameOf(pod) === podNameOf(set, ordinal) &&
    namespaceOf(pod) === namespaceOf(set) &&
    pod.metadata.labels?.[POD_NAME_LABEL] === nameOf(pod)
  );
}

/** SS-103, SS-104. */
export function identityLabels(podName: string, ordinal: number): Record<string, string> {
  return { [POD_NAME_LABEL]: podName, [POD_INDEX_LABEL]: String(ordinal) };
}

/** Gives a mutable pod the identity of its ordinal (SS-118). */
export function setIdentity(set: StatefulSet, pod: Pod, ordinal = ordinalOf(pod)): void {
  const name = podNameOf(set, ordinal);
  pod.metadata.name = name;
  const namespace = namespaceOf(set);
  if (namespace !== '') pod.metadata.namespace = namespace;
  pod.metadata.labels = { ...pod.metadata.labels, ...identityLabels(name, ordinal) };
}

/** The revision that a pod was built from, the empty string if it has none. */
export function revisionOf(pod: Pod): string {
  return pod.metadata.labels?.[REVISION_LABEL] ?? '';
}
