// The rules of priority classes for the API server, and the two that every cluster has.
import type { PriorityClass } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { immutable, oneOf } from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, forbidden } from '../meta/field-errors.ts';

const SYSTEM_PREFIX = 'system-';
const USER_MAX = 1_000_000_000;

/** Made at the first start, by name. */
export const systemPriorityClasses: ReadonlyMap<string, { value: number; description: string }> =
  new Map([
    [
      'system-cluster-critical',
      {
        value: 2 * USER_MAX,
        description:
          'Used for system critical pods that must run in the cluster, but can be moved to ' +
          'another node if necessary.',
      },
    ],
    [
      'system-node-critical',
      {
        value: 2 * USER_MAX + 1000,
        description:
          'Used for system critical pods that must not be moved from their current node.',
      },
    ],
  ]);

/** What the API server asks of this kind. */
export const priorityClassRules = defineKind<PriorityClass>({
  namespaced: false,
  nameRule: subdomainName,
  hasStatus: false,
  specChanged: () => false,
  applyDefaults(priorityClass) {
    priorityClass.preemptionPolicy ??= 'PreemptLowerPriority';
  },
  validate: validatePriorityClass,
  *validateUpdate(priorityClass, old) {
    yield* validateMetadataUpdate(priorityClass.metadata, old.metadata);
    if (priorityClass.value !== old.value) {
      yield forbidden(fieldPath('value'), 'may not be changed in an update.');
    }
    const path = fieldPath('preemptionPolicy');
    yield* immutable(priorityClass.preemptionPolicy, old.preemptionPolicy, path);
  },
});

function* validatePriorityClass(priorityClass: PriorityClass): Causes {
  const { metadata, value, preemptionPolicy } = priorityClass;
  yield* validateMetadata(metadata, { namespaced: false, nameRule: subdomainName });
  if ((metadata.name ?? '').startsWith(SYSTEM_PREFIX)) {
    const fault = systemFault(priorityClass);
    if (fault !== undefined) {
      const message = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${fault}`;
      yield forbidden(fieldPath('metadata', 'name'), message);
    }
  } else if ((value ?? 0) > USER_MAX) {
    const message = `maximum allowed value of a user defined priority is ${USER_MAX}`;
    yield forbidden(fieldPath('value'), message);
  }
  const policies = ['Never', 'PreemptLowerPriority'];
  yield* oneOf(preemptionPolicy, fieldPath('preemptionPolicy'), policies);
}

function systemFault({ metadata, value, globalDefault }: PriorityClass): string | undefined {
  const { name = '' } = metadata;
  const known = systemPriorityClasses.get(name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known.value) return `value of ${name} PriorityClass must be ${known.value}`;
  return globalDefault === true
    ? `globalDefault of ${name} PriorityClass must be false`
    : undefined;
}
