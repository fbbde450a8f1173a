// Annotations of pods and templates that mean something to the API.
import type { PodSpec } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden, invalidValue } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, sortedEntries } from './field-rules.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

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
    if (key === MIRROR && annotations?.[key] !== value) {
      yield forbidden(path.key(key), 'may not remove or update mirror pod annotation');
    }
  }
  if (annotations?.[MIRROR] !== undefined && old?.[MIRROR] === undefined) {
    yield forbidden(path.key(MIRROR), 'may not add mirror pod annotation');
  }
}
