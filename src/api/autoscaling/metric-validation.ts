// The metrics that a horizontal pod autoscaler follows.
import type {
  ContainerResourceMetricSource,
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsLabel, isBlank } from '../core/field-rules.ts';
import { validateContainerResourceName } from '../core/resource-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validatePathSegmentName } from '../meta/names.ts';
import { parseQuantity, quantitySign } from '../meta/quantity.ts';

const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
/** In upstream's order of looking. */
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;

/** What stands for parts that nobody gave. */
const NONE: MetricIdentifier = { name: '' };
const NO_TARGET: MetricTarget = { type: '' };

/** How strictly the version of a reference is looked at. */
export interface ReferenceRules {
  /** The version may be one of the group without a name. */
  readonly emptyGroup?: boolean;
  /** The version may be anything: it has been there before. */
  readonly anyVersion?: boolean;
}

/** What is scaled, or what a metric is about. */
export function* validateTarget(
  target: Partial<CrossVersionObjectReference> | undefined,
  path: FieldPath,
  rules: ReferenceRules,
): Causes {
  for (const field of ['kind', 'name'] as const) {
    const value = target?.[field];
    if (isBlank(value)) yield required(path.child(field));
    else yield* invalidForEach(path.child(field), value, validatePathSegmentName(value));
  }
  const apiVersion = target?.apiVersion ?? '';
  const fault = versionFault(apiVersion, rules);
  if (fault !== undefined) yield invalidValue(path.child('apiVersion'), apiVersion, fault);
}

/** What is wrong with the version of a reference. */
export function versionFault(apiVersion: string, rules: ReferenceRules): string | undefined {
  if (rules.anyVersion === true) return undefined;
  const [group = '', ...rest] = apiVersion.split('/');
  if (rest.length > 1) return `unexpected GroupVersion string: ${apiVersion}`;
  const grouped = rest.length === 1 && group !== '';
  return grouped || rules.emptyGroup === true ? undefined : 'apiVersion must specify API group';
}

/** One of `spec.metrics`. */
export function* validateMetric(
  metric: MetricSpec,
  path: FieldPath,
  rules: ReferenceRules,
): Causes {
  const { type } = metric;
  const typePath = path.child('type');
  if (type === '') yield required(typePath, 'must specify a metric source type');
  if (!TYPES.includes(type)) yield notSupported(typePath, type, TYPES);
  const present = SOURCES.filter((source) => metric[source] !== undefined);
  const [first] = present;
  if (first === 'object') yield* validateObject(metric, path.child(first), rules);
  else if (first) yield* validateSource(metric, first, path.child(first));
  const expected = SOURCES.find((source) => source.toLowerCase() === type.toLowerCase());
  if (!expected) {
    yield notSupported(typePath, type, TYPES);
  } else if (metric[expected] === undefined) {
    const message = 'must populate information for the given metric source';
    yield required(path.child(expected), message);
  }
  if (present.length === 1) return;
  for (const other of present.filter((source) => source !== expected)) {
    yield forbidden(path.child(other), 'must populate the given metric source only');
  }
}

function* validateObject({ object }: MetricSpec, path: FieldPath, rules: ReferenceRules): Causes {
  yield* validateTarget(object?.describedObject, path.child('describedObject'), rules);
  yield* validateIdentifier(object?.metric ?? NONE, path.child('metric'));
  const target = object?.target ?? NO_TARGET;
  yield* validateAmount(target, path.child('target'));
  if (target.value !== undefined || target.averageValue !== undefined) return;
  const message = 'must set either a target value or averageValue';
  yield required(path.child('target', 'averageValue'), message);
}

function* validateSource(
  { external, pods, resource, containerResource }: MetricSpec,
  source: Exclude<(typeof SOURCES)[number], 'object'>,
  path: FieldPath,
): Causes {
  if (source === 'external') {
    yield* validateIdentifier(external?.metric ?? NONE, path.child('metric'));
    yield* validateExternal(external?.target ?? NO_TARGET, path.child('target'));
  } else if (source === 'pods') {
    yield* validateIdentifier(pods?.metric ?? NONE, path.child('metric'));
    yield* validateAmount(pods?.target ?? NO_TARGET, path.child('target'));
    if (pods?.target?.averageValue !== undefined) return;
    const message = 'must specify a positive target averageValue';
    yield required(path.child('target', 'averageValue'), message);
  } else if (source === 'resource') {
    const namePath = path.child('name');
    if (isBlank(resource?.name)) yield required(namePath, 'must specify a resource name');
    yield* validateUtilization(resource?.target ?? NO_TARGET, path.child('target'));
  } else yield* validateContainerResource(containerResource, path);
}

function* validateContainerResource(
  source: Partial<ContainerResourceMetricSource> = {},
  path: FieldPath,
): Causes {
  const { name, container, target } = source;
  if (isBlank(name)) yield required(path.child('name'), 'must specify a resource name');
  else yield* validateContainerResourceName(name, path.child('name'));
  if (isBlank(container)) yield required(path.child('container'), 'must specify a container');
  else yield* dnsLabel(container, path.child('container'));
  yield* validateUtilization(target ?? NO_TARGET, path.child('target'));
}

function* validateIdentifier({ name }: MetricIdentifier, path: FieldPath): Causes {
  if (isBlank(name)) yield required(path.child('name'), 'must specify a metric name');
  else yield* invalidForEach(path.child('name'), name, validatePathSegmentName(name));
}

/** A target as a value, or as an average of the pods, but not both. */
function* validateExternal(target: MetricTarget, path: FieldPath): Causes {
  yield* validateAmount(target, path);
  if (target.value === undefined && target.averageValue === undefined) {
    const message = 'must set either a target value for metric or a per-pod target';
    yield required(path.child('averageValue'), message);
  }
  if (target.value !== undefined && target.averageValue !== undefined) {
    const message = 'may not set both a target value for metric and a per-pod target';
    yield forbidden(path.child('value'), message);
  }
}

function* validateUtilization(target: MetricTarget, path: FieldPath): Causes {
  yield* validateAmount(target, path);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    const message = 'must set either a target raw value or a target utilization';
    yield required(path.child('averageUtilization'), message);
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const message = 'may not set both a target raw value and a target utilization';
    yield forbidden(path.child('averageValue'), message);
  }
}

function* validateAmount(target: MetricTarget, path: FieldPath): Causes {
  const { type, averageUtilization } = target;
  if (type === '') yield required(path.child('type'), 'must specify a metric target type');
  if (!['Utilization', 'Value', 'AverageValue'].includes(type)) {
    const message = 'must be either Utilization, Value, or AverageValue';
    yield invalidValue(path.child('type'), type, message);
  }
  for (const field of ['value', 'averageValue'] as const) {
    const value = target[field];
    if (value !== undefined && quantitySign(parseQuantity(value)) <= 0) {
      yield invalidValue(path.child(field), value, 'must be positive');
    }
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    yield invalidValue(
      path.child('averageUtilization'),
      averageUtilization,
      'must be greater than 0',
    );
  }
}
