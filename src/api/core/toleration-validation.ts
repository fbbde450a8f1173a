// Taints of nodes and tolerations of pods.
import type { Taint, Toleration } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { validateLabelValue } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { qualifiedName } from './field-rules.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** The tolerations of a pod at `path`. */
export function* validateTolerations(tolerations: readonly Toleration[], path: FieldPath): Causes {
  for (const [i, toleration] of tolerations.entries()) {
    yield* validateToleration(toleration, path.index(i));
  }
}

function* validateToleration(toleration: Toleration, path: FieldPath): Causes {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
  const operatorPath = path.child('operator');
  const effectPath = path.child('effect');
  if (key !== '') yield* qualifiedName(key, path.child('key'));
  else if (operator !== 'Exists') {
    yield invalidValue(
      operatorPath,
      operator,
      'operator must be Exists when `key` is empty, which means "match all values and all keys"',
    );
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    const message = "effect must be 'NoExecute' when `tolerationSeconds` is set";
    yield invalidValue(effectPath, effect, message);
  }
  if (operator === 'Equal' || operator === '') {
    const messages = validateLabelValue(value);
    if (messages.length > 0) yield invalidValue(operatorPath, value, messages.join(';'));
  } else if (operator === 'Exists') {
    const message = "value must be empty when `operator` is 'Exists'";
    if (value !== '') yield invalidValue(operatorPath, value, message);
  } else {
    // Lt and Gt are behind a gate that is off; the message names them all the same.
    const comparison = operator === 'Lt' || operator === 'Gt' ? ['Lt', 'Gt'] : [];
    yield notSupported(operatorPath, operator, ['Equal', 'Exists', ...comparison]);
  }
  if (effect !== '' && !EFFECTS.includes(effect)) yield notSupported(effectPath, effect, EFFECTS);
}

/** Tolerations of a pod may be added; of the old ones only the seconds may change (API-925). */
export function* validateOnlyAddedTolerations(
  tolerations: readonly Toleration[],
  old: readonly Toleration[],
  path: FieldPath,
): Causes {
  const kept = old.every((before) =>
    tolerations.some(({ tolerationSeconds, ...toleration }) =>
      jsonEqual({ ...before, tolerationSeconds }, { ...toleration, tolerationSeconds }),
    ),
  );
  if (kept) yield* validateTolerations(tolerations, path);
  else {
    yield forbidden(path, 'existing toleration can not be modified except its tolerationSeconds');
  }
}

/** The taints of a node at `path`. */
export function* validateTaints(taints: readonly Taint[], path: FieldPath): Causes {
  const seen = new Set<string>();
  for (const [i, taint] of taints.entries()) {
    const key = taint.key ?? '';
    const value = taint.value ?? '';
    const effect = taint.effect ?? '';
    const taintPath = path.index(i);
    yield* qualifiedName(key, taintPath.child('key'));
    const messages = validateLabelValue(value);
    if (messages.length > 0) {
      yield invalidValue(taintPath.child('value'), value, messages.join(';'));
    }
    const effectPath = taintPath.child('effect');
    if (effect === '') yield required(effectPath);
    else if (!EFFECTS.includes(effect)) yield notSupported(effectPath, effect, EFFECTS);
    const identity = `${effect} ${key}`;
    if (seen.has(identity)) {
      const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null };
      const cause = duplicate(taintPath, shown);
      const detail = 'taints must be unique by key and effect pair';
      yield { ...cause, message: `${cause.message ?? ''}: ${detail}` };
    }
    seen.add(identity);
  }
}
