// The rules of limit ranges for the API server.
import type { LimitRange, LimitRangeItem } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  forbidden,
  invalidForEach,
  invalidValue,
  required,
} from '../meta/field-errors.ts';
import { validateQualifiedName } from '../meta/names.ts';
import { compareQuantities, parseQuantity, quantityToNumber } from '../meta/quantity.ts';
import type { Causes } from './field-rules.ts';
import { sortedEntries } from './field-rules.ts';
import { subdomainName, validateMetadata } from './object-meta-validation.ts';
import { isOvercommitAllowed } from './resource-list.ts';
import { validateContainerResourceName, validateResourceName } from './resource-validation.ts';

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
const MAPS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type Limit = (typeof MAPS)[number];

/** What the API server asks of this kind. */
export const limitRangeRules = defineKind<LimitRange>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  createOnUpdate: true,
  applyDefaults({ spec }) {
    for (const item of spec?.limits ?? []) if (item.type === 'Container') fillContainer(item);
  },
  validate: validateLimitRange,
  validateUpdate: validateLimitRange,
});

function* validateLimitRange({ metadata, spec }: LimitRange): Causes {
  yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
  yield* validateLimits(spec?.limits ?? []);
}

/** Missing defaults follow from the limits, missing requests from the defaults. */
function fillContainer(item: LimitRangeItem): void {
  const defaults = { ...item.max, ...item.default };
  const requests = { ...item.min, ...defaults, ...item.defaultRequest };
  if (Object.keys(defaults).length > 0) item.default = defaults;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

function* validateLimits(limits: readonly LimitRangeItem[]): Causes {
  const seen = new Set<string>();
  for (const [index, item] of limits.entries()) {
    const path = fieldPath('spec', 'limits').index(index);
    const typePath = path.child('type');
    const messages = validateQualifiedName(item.type);
    yield* invalidForEach(typePath, item.type, messages);
    if (messages.length === 0 && !item.type.includes('/') && !TYPES.includes(item.type)) {
      yield invalidValue(typePath, item.type, 'must be a standard limit type or fully qualified');
    }
    if (seen.has(item.type)) yield duplicate(typePath, item.type);
    seen.add(item.type);
    yield* validateItem(item, path);
  }
}

function* validateItem(item: LimitRangeItem, path: FieldPath): Causes {
  const names = new Set<string>();
  for (const map of MAPS) {
    const amounts = sortedEntries(item[map]);
    if (item.type === 'Pod' && (map === 'default' || map === 'defaultRequest')) {
      if (amounts.length > 0) {
        yield forbidden(path.child(map), "may not be specified when `type` is 'Pod'");
      }
      continue;
    }
    for (const [name] of amounts) {
      yield* validateName(item.type, name, path.child(map).key(name));
      names.add(name);
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !item.min?.storage && !item.max?.storage) {
    const message = 'either minimum or maximum storage value is required, but neither was provided';
    yield required(path.child('limits'), message);
  }
  for (const name of [...names].sort()) yield* validateOrder(item, name, path);
}

function validateName(type: string, name: string, path: FieldPath): Causes {
  const ofContainers = type === 'Pod' || type === 'Container';
  return (ofContainers ? validateContainerResourceName : validateResourceName)(name, path);
}

/** Pairs that must be in order: the first never above the second. */
const ORDERED: readonly (readonly [Limit, Limit, blamed: Limit, shown: Limit, text: string])[] = [
  ['min', 'max', 'min', 'min', 'min value A is greater than max value B'],
  [
    'min',
    'defaultRequest',
    'defaultRequest',
    'defaultRequest',
    'min value A is greater than default request value B',
  ],
  [
    'defaultRequest',
    'max',
    'defaultRequest',
    'defaultRequest',
    'default request value A is greater than max value B',
  ],
  [
    'defaultRequest',
    'default',
    'defaultRequest',
    'defaultRequest',
    'default request value A is greater than default limit value B',
  ],
  ['min', 'default', 'default', 'min', 'min value A is greater than default value B'],
  ['default', 'max', 'default', 'max', 'default value A is greater than max value B'],
];

function* validateOrder(item: LimitRangeItem, name: string, path: FieldPath): Causes {
  const at = (map: Limit) => path.child(map).key(name);
  const compare = (low: string, high: string) =>
    compareQuantities(parseQuantity(low), parseQuantity(high));
  for (const [low, high, blamed, shown, text] of ORDERED) {
    const small = item[low]?.[name];
    const large = item[high]?.[name];
    if (small === undefined || large === undefined || compare(small, large) <= 0) continue;
    const message = text.replace('A', small).replace('B', large);
    yield invalidValue(at(blamed), item[shown]?.[name], message);
  }
  yield* validateRatio(item, name, at('maxLimitRequestRatio'));
  const request = item.defaultRequest?.[name];
  const limit = item.default?.[name];
  if (isOvercommitAllowed(name) || request === undefined || limit === undefined) return;
  if (compare(request, limit) === 0) return;
  const message = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
  yield invalidValue(at('defaultRequest'), request, message);
}

function* validateRatio(item: LimitRangeItem, name: string, path: FieldPath): Causes {
  const ratio = item.maxLimitRequestRatio?.[name];
  if (ratio === undefined) return;
  const value = quantityToNumber(parseQuantity(ratio));
  if (value < 1) yield invalidValue(path, ratio, `ratio ${ratio} is less than 1`);
  const min = item.min?.[name];
  const max = item.max?.[name];
  if (min === undefined || max === undefined) return;
  const limit = quantityToNumber(parseQuantity(max)) / quantityToNumber(parseQuantity(min));
  if (value <= limit) return;
  yield invalidValue(path, ratio, `ratio ${ratio} is greater than max/min = ${limit.toFixed(6)}`);
}
