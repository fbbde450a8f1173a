// AppArmor profiles of containers: fields now, annotations before (both are still in use).
import type { AppArmorProfile, Pod, PodSpec } from '../generated/types.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';

/** What the annotations begin with; the name of the container follows. */
export const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';
/** What the annotation of a profile of the node begins with. */
export const LOCALHOST = 'localhost/';

type Annotations = Readonly<Record<string, string>> | undefined;

/** The field that says the same as an annotation; undefined for one that says nothing valid. */
export function profileOfAnnotation(annotation: string): AppArmorProfile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith(LOCALHOST)) return undefined;
  const localhostProfile = annotation.slice(LOCALHOST.length);
  const usable = localhostProfile !== '' && localhostProfile.trim() === localhostProfile;
  return usable ? { type: 'Localhost', localhostProfile } : undefined;
}

function containersOf(spec: PodSpec) {
  const { containers, initContainers = [], ephemeralContainers = [] } = spec;
  return [...initContainers, ...(containers ?? []), ...ephemeralContainers];
}

/** Contexts whose profile came from the annotation: of those the client is told. */
const filled = new WeakSet<object>();

/** Fills the fields of a new pod from its annotations (pods of Windows have neither). */
export function fillAppArmorProfiles({ metadata, spec }: Pod): void {
  if (spec === undefined || spec.os?.name === 'windows') return;
  for (const container of containersOf(spec)) {
    const annotation = metadata.annotations?.[APP_ARMOR + container.name];
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue;
    const profile = profileOfAnnotation(annotation);
    if (!profile || semanticEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    filled.add(container.securityContext);
  }
}

/** Warnings about annotations that fields would say better; of a template or of a new pod. */
export function* appArmorWarnings(
  annotations: Annotations,
  spec: PodSpec,
  path = fieldPath('metadata', 'annotations'),
): Iterable<string> {
  const ofPod = spec.securityContext?.appArmorProfile;
  for (const container of containersOf(spec)) {
    const key = APP_ARMOR + container.name;
    const annotation = annotations?.[key];
    const context = container.securityContext;
    if (annotation === undefined) continue;
    if (context?.appArmorProfile && !filled.has(context)) continue;
    if (ofPod && semanticEqual(ofPod, profileOfAnnotation(annotation))) continue;
    const advice = 'deprecated since v1.30; use the "appArmorProfile" field instead';
    yield `${path.key(key).toString()}: ${advice}`;
  }
}
