// Claims of a pod: names, objects and the volumes that mount them (section 2 of the rules).
import type {
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  Volume,
} from '../../../api/generated/types.ts';
import { nameOf, namespaceOf } from '../../../api/meta/object.ts';

/** SS-201. */
export function claimName(template: string, set: StatefulSet, ordinal: number): string {
  return `${template}-${nameOf(set)}-${ordinal}`;
}

function templatesOf(set: StatefulSet): readonly PersistentVolumeClaim[] {
  return set.spec?.volumeClaimTemplates ?? [];
}

/** Names of the claims that the pod of `ordinal` uses, in template order, without duplicates. */
export function claimNames(set: StatefulSet, ordinal: number): string[] {
  const names = templatesOf(set).map((template) => claimName(nameOf(template), set, ordinal));
  return [...new Set(names)];
}

/** The claims of an ordinal, one a template name; parts of templates are shared (SS-202 ff.). */
export function buildClaims(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  const claims = new Map<string, PersistentVolumeClaim>();
  for (const template of templatesOf(set)) {
    const name = claimName(nameOf(template), set, ordinal);
    const labels = { ...template.metadata.labels, ...set.spec?.selector.matchLabels };
    const metadata = {
      ...template.metadata,
      name,
      namespace: namespaceOf(set),
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
    };
    claims.set(name, { ...template, apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata });
  }
  return [...claims.values()];
}

/** Claim volumes first, then the template's volumes of other names (SS-205 … SS-207). */
export function volumesWithClaims(
  set: StatefulSet,
  ordinal: number,
  volumes: readonly Volume[],
): Volume[] {
  const claimVolumes = new Map<string, Volume>();
  for (const template of templatesOf(set)) {
    const name = nameOf(template);
    const source = { claimName: claimName(name, set, ordinal) };
    claimVolumes.set(name, { name, persistentVolumeClaim: source });
  }
  return [...claimVolumes.values(), ...volumes.filter(({ name }) => !claimVolumes.has(name))];
}

/** SS-215. */
export function storageMatches(set: StatefulSet, pod: Pod, ordinal: number): boolean {
  if (ordinal < 0) return false;
  return templatesOf(set).every((template) => {
    const volume = pod.spec?.volumes?.findLast(({ name }) => name === nameOf(template));
    const claim = volume?.persistentVolumeClaim?.claimName;
    return claim === claimName(nameOf(template), set, ordinal);
  });
}
