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
  return { parent: name.slice(0, start - 1), ordinal: ordinalOfName(name) };
}

export function ordinalOf(pod: Pod): number {
  return ordinalOfName(nameOf(pod));
}

/** Like `parsePodName`, without making strings: it runs for every pod of every plan. */
function ordinalOfName(name: string): number {
  const start = digitsStart(name);
  if (start < 0) return -1;
  let ordinal = 0;
  for (let at = start; at < name.length; at++) {
    ordinal = ordinal * 10 + name.charCodeAt(at) - 48;
    if (ordinal > ORDINAL_MAX) return -1;
  }
  return ordinal;
}

/** The set as controller of its pods, revisions and claims (SS-109). */
export function setReference(set: StatefulSet): OwnerReference {
  return controllerReference({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: set.metadata,
  });
}

/** SS-101. */
export function podNameOf(set: StatefulSet, ordinal: number): string {
  return `${nameOf(set)}-${ordinal}`;
}

/** Membership by name, besides the selector (SS-116). */
export function isMemberOf(set: StatefulSet, pod: Pod): boolean {
  const [name, parent] = [nameOf(pod), nameOf(set)];
  return digitsStart(name) === parent.length + 1 && name.startsWith(parent);
}

/** True if the pod has the name of `ordinal` (SS-101): `web-2`, not `web-02`. */
export function isNamed(set: StatefulSet, pod: Pod, ordinal: number): boolean {
  const name = nameOf(pod);
  const start = nameOf(set).length + 1;
  const hasZeros = name[start] === '0' && name.length > start + 1;
  return ordinalOf(pod) === ordinal && isMemberOf(set, pod) && !hasZeros;
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
    isNamed(set, pod, ordinal) &&
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
