// Which objects of a collection a request asks for: label and field selectors, namespace, name.
import { isCustom } from '../../api/apiextensions/custom-kind.ts';
import {
  checkFieldSelector,
  matchesFields,
  parseFieldSelector,
  requiredFieldValue,
} from '../../api/meta/field-selector.ts';
import type { FieldSelector } from '../../api/meta/field-selector.ts';
import { matches, parseLabelSelector, selectsEverything } from '../../api/meta/labels.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { nameOf, namespaceOf } from '../../api/meta/object.ts';
import { badRequest } from '../../api/meta/status-error.ts';
import { collectionPrefix, objectKey } from '../registry/object-keys.ts';
import type { ResourceRequest } from './handler-context.ts';
import type { ListOptions } from './list-options.ts';

export interface Selection {
  /** Where in the store to look. */
  readonly prefix: string;
  /** True when every object under the prefix is selected. */
  readonly all: boolean;
  /** True when the prefix is the key of one object. */
  readonly single: boolean;
  readonly selects: (object: KubernetesObject) => boolean;
}

/** Throws 400 for selectors that don't parse or name unsupported fields (API-517, API-518). */
export function parseSelection(target: ResourceRequest, options: ListOptions): Selection {
  const { resource, rules, info } = target;
  const labels = parseLabelSelector(options.labelSelector);
  const fields = parseFieldSelector(options.fieldSelector);
  const special = Object.keys(rules.fieldSelectors);
  const extra = special.length > 0 || isCustom(resource) ? special : undefined;
  checkFieldSelector(fields, { extra, namespaced: resource.namespaced });
  if (info.name !== '') requireName(fields, info.name);
  // The old watch path may name one object (API-521).
  const name = info.name || (requiredFieldValue(fields, 'metadata.name') ?? '');
  const narrowed = name !== '' && isOneNamespace(target);
  return {
    prefix: narrowed
      ? objectKey(resource, { namespace: info.namespace, name })
      : collectionPrefix(resource, info.namespace),
    single: narrowed,
    all: info.name === '' && selectsEverything(labels) && fields.length === 0,
    selects: (object) =>
      (info.name === '' || nameOf(object) === info.name) &&
      matches(labels, object.metadata.labels) &&
      matchesFields(fields, (field) => fieldOf(target, object, field)),
  };
}

/** The name of the path is the only thing that a watch of it may select by. Throws 400. */
function requireName(fields: FieldSelector, name: string): void {
  if (fields.length === 0 || requiredFieldValue(fields, 'metadata.name') === name) return;
  throw badRequest("fieldSelector metadata.name doesn't match requested name");
}

function isOneNamespace({ resource, info }: ResourceRequest): boolean {
  return !resource.namespaced || info.namespace !== '';
}

function fieldOf({ rules }: ResourceRequest, object: KubernetesObject, field: string): string {
  if (field === 'metadata.name') return nameOf(object);
  if (field === 'metadata.namespace') return namespaceOf(object);
  return rules.fieldSelectors[field]?.(object) ?? '';
}
