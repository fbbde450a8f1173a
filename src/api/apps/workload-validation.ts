// What StatefulSets, Deployments and ReplicaSets have in common: selector and pod template.
import type { LabelSelector, PodTemplateSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { immutable, nonNegative } from '../core/field-rules.ts';
import { validatePodTemplate } from '../core/pod-template-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  forbidden,
  invalidValue,
  notSupported,
  required,
  fieldPath,
} from '../meta/field-errors.ts';
import {
  matches,
  selectorFromObject,
  selectsEverything,
  validateLabelSelector,
  type Selector,
} from '../meta/labels.ts';
import { SelectorError } from '../meta/label-requirement.ts';

/** SS-721: given, well formed and not empty; `kind` stands in the message. */
export function* validateSelector(
  selector: LabelSelector | undefined,
  path: FieldPath,
  kind: string,
): Causes {
  if (selector === undefined) {
    yield required(path);
    return;
  }
  yield* validateLabelSelector(selector, path);
  const { matchLabels = {}, matchExpressions = [] } = selector;
  if (Object.keys(matchLabels).length + matchExpressions.length === 0) {
    yield invalidValue(path, selector, `empty selector is invalid for ${kind}`);
  }
}

/** The selector, or undefined when it cannot be used. */
export function usableSelector(selector: LabelSelector | undefined): Selector | undefined {
  try {
    return selectorFromObject(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** SS-722: the labels of the template satisfy the selector. */
export function* validateTemplateLabels(
  template: PodTemplateSpec,
  selector: Selector,
  path: FieldPath,
): Causes {
  const labels = template.metadata?.labels;
  if (selectsEverything(selector) || matches(selector, labels)) return;
  const message = '`selector` does not match template `labels`';
  yield invalidValue(path.child('metadata', 'labels'), labels ?? null, message);
}

/** SS-724, SS-725: workloads keep their pods running. */
export function* validateAlwaysRunning(
  template: PodTemplateSpec,
  path: FieldPath,
  kind: string,
): Causes {
  const spec = template.spec;
  if (spec?.restartPolicy !== 'Always') {
    yield notSupported(path.child('spec', 'restartPolicy'), spec?.restartPolicy ?? '', ['Always']);
  }
  if (spec?.activeDeadlineSeconds !== undefined) {
    const message = `activeDeadlineSeconds in ${kind} is not Supported`;
    yield forbidden(path.child('spec', 'activeDeadlineSeconds'), message);
  }
}

interface ReplicatedSpec {
  selector: LabelSelector;
  template?: PodTemplateSpec | undefined;
}

/** Selector and template of a Deployment or ReplicaSet. */
export function* validateSelectorAndTemplate(spec: ReplicatedSpec): Causes {
  const path = fieldPath('spec', 'selector');
  // Upstream says "deployment" for replica sets too.
  yield* validateSelector(spec.selector, path, 'deployment');
  const selector = usableSelector(spec.selector);
  if (selector === undefined) {
    yield invalidValue(path, spec.selector, 'invalid label selector');
    return;
  }
  const template = spec.template ?? {};
  const templatePath = fieldPath('spec', 'template');
  yield* validateTemplateLabels(template, selector, templatePath);
  yield* validatePodTemplate(template, templatePath);
  // Upstream says "ReplicaSet" for deployments too.
  yield* validateAlwaysRunning(template, templatePath, 'ReplicaSet');
}

/** Selectors of workloads never change. */
export function immutableSelector(selector: unknown, old: unknown): Causes {
  return immutable(selector, old, fieldPath('spec', 'selector'));
}

/** Counts in a status: none negative, and none above what bounds it. */
export function* validateCounts(
  status: object,
  counts: readonly string[],
  bounds: readonly (readonly [string, string, string])[],
): Causes {
  const path = fieldPath('status');
  const value = (name: string) => {
    const count: unknown = Reflect.get(status, name);
    return typeof count === 'number' ? count : 0;
  };
  for (const name of counts) yield* nonNegative(value(name), path.child(name));
  for (const [name, bound, message] of bounds) {
    if (value(name) > value(bound)) yield invalidValue(path.child(name), value(name), message);
  }
}

/** `status.collisionCount` only grows. */
export function* validateCollisionCount(
  status: { collisionCount?: number | undefined } | undefined,
  old: { collisionCount?: number | undefined } | undefined,
): Causes {
  const before = old?.collisionCount;
  const now = status?.collisionCount;
  if (before !== undefined && (now === undefined || now < before)) {
    yield invalidValue(fieldPath('status', 'collisionCount'), now ?? 0, 'cannot be decremented');
  }
}
