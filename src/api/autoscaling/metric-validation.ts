// The metrics that a horizontal pod autoscaler follows.
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsLabel, isBlank } from '../core/field-rules.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import { validatePathSegmentName } from '../meta/names.ts';
import { parseQuantity, quantitySign } from '../meta/quantity.ts';

const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
/** In upstream's order of looking. */
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;

/** What stands for parts that nobody gave. */
const NONE: MetricIdentifier = { name: '' };
const NO_TARGET: MetricTarget = { type: '' };

/** What is scaled, or what a metric is about. */
export function* validateTarget(
  target: Partial<CrossVersionObjectReference> | undefined,
  path: FieldPath,
): Causes {
  for (const field of ['kind', 'name'] as const) {
    const value = target?.[field];
    if (isBlank(value)) yield required(path.child(field));
    else yield* invalidForEach(path.child(field), value, validatePathSegmentName(value));
  }
  const apiVersion = target?.apiVersion ?? '';
  if (apiVersion.split('/').length > 2) {
    const message = `unexpected GroupVersion string: ${apiVersion}`;
    yield invalidValue(path.child('apiVersion'), apiVersion, message);
  }
}

/** One of `spec.metrics`. */
export function* validateMetric(metric: MetricSpec, path: FieldPath): Causes {
  const { type } = metric;
  const typePath = path.child('type');
  if (type === '') yield required(typePath, 'must specify a metric source type');
  if (!TYPES.includes(type)) yield notSupported(typePath, type, TYPES);
  const present = SOURCES.filter((source) => metric[source] !== undefined);
  const [first] = present;
  if (first) yield* validateSource(metric, first, path.child(first));
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

function* validateSource(
  metric: MetricSpec,
  source: (typeof SOURCES)[number],
  path: FieldPath,
): Causes {
  const { object, external, pods, resource, containerResource } = metric;
  if (source === 'object' && object) {
    yield* validateTarget(object.describedObject, path.child('describedObject'));
    yield* validateIdentifier(object.metric ?? NONE, path.child('metric'));
    yield* validateValue(object.target ?? NO_TARGET, path.child('target'));
  } else if (source === 'external' && external) {
    yield* validateIdentifier(external.metric ?? NONE, path.child('metric'));
    yield* validateValue(external.target ?? NO_TARGET, path.child('target'));
  } else if (source === 'pods' && pods) {
    yield* validateIdentifier(pods.metric ?? NONE, path.child('metric'));
    yield* validateAmount(pods.target ?? NO_TARGET, path.child('target'));
    if (pods.target?.averageValue === undefined) {
      const message = 'must specify a positive target averageValue';
      yield required(path.child('target', 'averageValue'), message);
    }
  } else if (containerResource ?? resource) {
    const { name, target } = (containerResource ?? resource)!;
    if (isBlank(name)) yield required(path.child('name'), 'must specify a resource name');
    if (containerResource) {
      const { container } = containerResource;
      if (isBlank(container)) yield required(path.child('container'), 'must specify a container');
      else yield* dnsLabel(container, path.child('container'));
    }
    yield* validateUtilization(target ?? NO_TARGET, path.child('target'));
  }
}

function* validateIdentifier({ name, selector }: MetricIdentifier, path: FieldPath): Causes {
  if (isBlank(name)) yield required(path.child('name'), 'must specify a metric name');
  else yield* invalidForEach(path.child('name'), name, validatePathSegmentName(name));
  if (selector) yield* validateLabelSelector(selector, path.child('selector'));
}

/** A target as a value, or as an average of the pods, but not both. */
function* validateValue(target: MetricTarget, path: FieldPath): Causes {
  yield* validateAmount(target, path);
  if (target.value === undefined && target.averageValue === undefined) {
    const message = 'must set either a target value or averageValue';
    yield required(path.child('averageValue'), message);
  }
  if (target.value !== undefined && target.averageValue !== undefined) {
    const message = 'may not set both a target value and averageValue';
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
