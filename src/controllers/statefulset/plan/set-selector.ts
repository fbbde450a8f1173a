// The set's selector, parsed once per object.
import type { StatefulSet } from '../../../api/generated/types.ts';
import { selectorFromObject, type Selector } from '../../../api/meta/labels.ts';

const parsed = new WeakMap<object, Selector | 'unparsable'>();

/** Undefined for a selector that can't be parsed (SS-839). */
export function setSelector(set: StatefulSet): Selector | undefined {
  const source = set.spec?.selector;
  if (source === undefined) return undefined;
  let selector = parsed.get(source);
  if (selector === undefined) {
    selector = parse(source);
    parsed.set(source, selector);
  }
  return selector === 'unparsable' ? undefined : selector;
}

function parse(source: NonNullable<StatefulSet['spec']>['selector']): Selector | 'unparsable' {
  try {
    return selectorFromObject(source);
  } catch {
    return 'unparsable';
  }
}
