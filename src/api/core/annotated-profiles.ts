// Seccomp and AppArmor profiles that stand in annotations as well as in fields: of new objects both
// must say the same.
import type { AppArmorProfile, PodSpec, SeccompProfile } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden } from '../meta/field-errors.ts';
import { APP_ARMOR, LOCALHOST } from './app-armor.ts';
import type { Causes } from './field-rules.ts';

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';

type Annotations = Readonly<Record<string, string>> | undefined;

/** The spec at `path` against the annotations of the same pod or template. */
export function* validateAnnotatedProfiles(
  annotations: Annotations,
  spec: PodSpec | undefined,
  path: FieldPath,
): Causes {
  if (annotations === undefined || spec === undefined) return;
  const { seccompProfile, appArmorProfile } = spec.securityContext ?? {};
  const podPath = path.child('securityContext', 'seccompProfile');
  yield* compare('seccomp', annotations[SECCOMP_POD], { profile: seccompProfile, path: podPath });
  const located = [...locatedContainers(spec, path)];
  for (const { container, context } of located) {
    const profile = container.securityContext?.seccompProfile;
    const annotation = annotations[SECCOMP_CONTAINER + container.name];
    yield* compare('seccomp', annotation, { profile, path: context.child('seccompProfile') });
  }
  if (spec.os?.name === 'windows') return;
  for (const { container, context } of located) {
    const profile = container.securityContext?.appArmorProfile ?? appArmorProfile;
    const annotation = annotations[APP_ARMOR + container.name];
    yield* compare('apparmor', annotation, { profile, path: context.child('appArmorProfile') });
  }
}

function* locatedContainers(spec: PodSpec, path: FieldPath) {
  for (const field of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [i, container] of (spec[field] ?? []).entries()) {
      yield { container, context: path.child(field).index(i).child('securityContext') };
    }
  }
}

interface Field {
  readonly profile: SeccompProfile | AppArmorProfile | undefined;
  readonly path: FieldPath;
}

function* compare(
  what: 'seccomp' | 'apparmor',
  annotation: string | undefined,
  { profile, path }: Field,
): Causes {
  if (annotation === undefined || profile === undefined) return;
  const defaults = what === 'seccomp' ? ['runtime/default', 'docker/default'] : ['runtime/default'];
  const agrees = {
    Unconfined: annotation === 'unconfined',
    RuntimeDefault: defaults.includes(annotation),
    Localhost: annotation.startsWith(LOCALHOST),
  };
  const { type, localhostProfile } = profile;
  if (!(agrees[type as keyof typeof agrees] ?? true)) {
    yield forbidden(path.child('type'), `${what} type in annotation and field must match`);
  } else if (type === 'Localhost' && annotation.slice(LOCALHOST.length) !== localhostProfile) {
    const message = `${what} profile in annotation and field must match`;
    yield forbidden(path.child('localhostProfile'), message);
  }
}
