// Claims of a pod: names, objects and the volumes that mount them (section 2 of the rules).
import type {
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  Volume,
} from '../../../api/generated/types.ts';
import { nameOf, namespaceOf } from '../../../api/meta/object.ts';
import { isNamed, podNameOf } from './identity.ts';

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
  return names.length > 1 ? [...new Set(names)] : names;
}

/** The claims of an ordinal, one a template name; parts of templates are shared (SS-202 ff.). */
export function buildClaims(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  const templates = templatesOf(set);
  const lastOfName = (name: string) => templates.findLastIndex((other) => nameOf(other) === name);
  return templates
    .filter((template, at) => lastOfName(nameOf(template)) === at)
    .map((template) => buildClaim(set, template, ordinal));
}

function buildClaim(
  set: StatefulSet,
  template: PersistentVolumeClaim,
  ordinal: number,
): PersistentVolumeClaim {
  const { matchLabels } = set.spec?.selector ?? {};
  const metadata = { ...template.metadata };
  metadata.name = claimName(nameOf(template), set, ordinal);
  metadata.namespace = namespaceOf(set);
  if (matchLabels) metadata.labels = { ...metadata.labels, ...matchLabels };
  return { ...template, apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
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

/** SS-215: `web-2` mounts `data-web-2` for the template `data`. Makes no strings, as most match. */
export function storageMatches(set: StatefulSet, pod: Pod, ordinal: number): boolean {
  if (ordinal < 0) return false;
  const podName = isNamed(set, pod, ordinal) ? nameOf(pod) : podNameOf(set, ordinal);
  for (const template of templatesOf(set)) {
    const name = nameOf(template);
    const claim = mountedClaim(pod, name) ?? '';
    const fits =
      claim.length === name.length + 1 + podName.length &&
      claim.startsWith(name) &&
      claim[name.length] === '-' &&
      claim.endsWith(podName);
    if (!fits) return false;
  }
  return true;
}

/** Name of the claim that a pod mounts for a template, if it mounts one. */
export function mountedClaim(pod: Pod, template: string): string | undefined {
  const volumes = pod.spec?.volumes ?? [];
  for (let at = volumes.length - 1; at >= 0; at--) {
    const volume = volumes[at];
    if (volume?.name === template) return volume.persistentVolumeClaim?.claimName;
  }
  return undefined;
}
