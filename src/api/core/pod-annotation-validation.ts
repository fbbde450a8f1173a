// Annotations of pods and templates that mean something to the API.
import type { PodSpec } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidValue } from '../meta/field-errors.ts';
import { APP_ARMOR, LOCALHOST } from './app-armor.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, sortedEntries } from './field-rules.ts';
import { goQuote } from '../meta/go-quote.ts';
import { validateDescendingPath } from './path-validation.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const SECCOMP_PROFILES = ['runtime/default', 'docker/default', 'unconfined'];
const APP_ARMOR_PROFILES = ['', 'runtime/default', 'unconfined'];

type Annotations = Record<string, string> | undefined;

/** The annotations at `path` of a pod with this spec. */
export function* validatePodAnnotations(
  annotations: Annotations,
  spec: PodSpec | undefined,
  path: FieldPath,
): Causes {
  const mirror = annotations?.[MIRROR];
  if (mirror !== undefined && isBlank(spec?.nodeName)) {
    const message = 'must set spec.nodeName if mirror pod annotation is set';
    yield invalidValue(path.key(MIRROR), mirror, message);
  }
  const cost = annotations?.[DELETION_COST];
  if (cost !== undefined && !isInt32(cost)) {
    yield invalidValue(path.key(DELETION_COST), cost, 'must be a 32bit integer');
  }
  yield* validateSeccompAnnotations(annotations, path);
  yield* validateAppArmorAnnotations(annotations, spec, path);
}

/** The old way to name profiles; profiles of a path cannot lead out of their directory. */
function* validateSeccompAnnotations(annotations: Annotations, path: FieldPath): Causes {
  for (const [key, value] of sortedEntries(annotations)) {
    if (key !== SECCOMP_POD && !key.startsWith(SECCOMP_CONTAINER)) continue;
    if (SECCOMP_PROFILES.includes(value)) continue;
    const keyPath = path.child(key);
    if (value.startsWith(LOCALHOST))
      yield* validateDescendingPath(value.slice(LOCALHOST.length), keyPath);
    else yield invalidValue(keyPath, value, 'must be a valid seccomp profile');
  }
}

function* validateAppArmorAnnotations(
  annotations: Annotations,
  spec: PodSpec | undefined,
  path: FieldPath,
): Causes {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  const names = [...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name);
  for (const [key, value] of sortedEntries(annotations)) {
    if (!key.startsWith(APP_ARMOR)) continue;
    const name = key.slice(APP_ARMOR.length);
    if (!names.includes(name)) yield invalidValue(path.key(key), name, 'container not found');
    if (APP_ARMOR_PROFILES.includes(value) || value.startsWith(LOCALHOST)) continue;
    const message = `invalid AppArmor profile name: ${goQuote(value)}`;
    yield invalidValue(path.key(key), value, message);
  }
}

/** A decimal number of 32 bits without a plus sign or leading zeros. */
function isInt32(text: string): boolean {
  return /^(0|-?[1-9][0-9]*)$/.test(text) && (Number(text) | 0) === Number(text);
}

/** The mark of a mirror pod is given at creation or never. */
export function* validatePodAnnotationUpdate(
  annotations: Annotations,
  old: Annotations,
  path: FieldPath,
): Causes {
  for (const [key, value] of sortedEntries(old)) {
    if (annotations?.[key] === value) continue;
    if (key.startsWith(APP_ARMOR)) {
      yield forbidden(path.key(key), 'may not remove or update AppArmor annotations');
    }
    if (key === MIRROR) {
      yield forbidden(path.key(key), 'may not remove or update mirror pod annotation');
    }
  }
  for (const [key] of sortedEntries(annotations)) {
    if (!key.startsWith(APP_ARMOR) || old?.[key] !== undefined) continue;
    yield forbidden(path.key(key), 'may not add AppArmor annotations');
  }
  if (annotations?.[MIRROR] !== undefined && old?.[MIRROR] === undefined) {
    yield forbidden(path.key(MIRROR), 'may not add mirror pod annotation');
  }
}
