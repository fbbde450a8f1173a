// For tests: takes objects through the rules in the order the API server does.
import { assert, present } from '../base/assert.ts';
import { kindRules, type KindRules, type RuleContext } from './kind-rules.ts';
import { decodeObject } from './meta/decode.ts';
import type { JsonObject, KubernetesObject } from './meta/object.ts';
import type { StatusCause } from './meta/status-error.ts';
import { builtinResources } from './resources.ts';

/** The time of every request in tests. */
export const NOW = '2026-01-02T03:04:05Z';

/** What the rules of upstream 1.36 know, with the given gates on. */
export function ruleContext(...gates: string[]): RuleContext {
  const featureGates = new Map(gates.map((gate) => [gate, true]));
  return { featureGates, emulatedVersion: '1.36', now: NOW };
}

/** The rules of `pods`, `statefulsets.apps` … */
export function rulesOf(resource: string): KindRules {
  return present(kindRules.get(resource), `rules of ${resource}`);
}

/** A decoded, named object in namespace `ns` (unless the kind has no namespace). */
export function decoded<T extends KubernetesObject>(resource: string, body: JsonObject): T {
  const [plural = '', ...group] = resource.split('.');
  const definition = present(
    builtinResources.find((r) => r.resource === plural && r.group === group.join('.')),
    resource,
  );
  const object = decodeObject(body, { type: definition.model }).object as unknown as T;
  object.metadata ??= {};
  object.metadata.name ??= 'x';
  if (definition.namespaced) object.metadata.namespace ??= 'ns';
  return object;
}

export interface Outcome<T> {
  readonly object: T;
  readonly causes: StatusCause[];
  /** The causes as lines: `field: message`. */
  readonly errors: string[];
  readonly warnings: string[];
}

/** Creates an object; pass `context` for gates. */
export function create<T extends KubernetesObject>(
  resource: string,
  body: JsonObject,
  context = ruleContext(),
): Outcome<T> {
  const rules = rulesOf(resource);
  const object = decoded<T>(resource, body);
  rules.applyDefaults(object, context);
  rules.prepareForCreate(object, context);
  return outcome(object, rules.validate(object, context), rules.warnings(object, undefined));
}

/** How an update in a test is special. */
export interface UpdateOptions<T> {
  readonly context?: RuleContext;
  /** `status`, or empty for the object itself. */
  readonly subresource?: string;
  /** Changes what is stored before the update. */
  readonly old?: (object: T) => void;
}

/** Creates an object and changes a copy of it, by PUT to the object or to its status. */
export function update<T extends KubernetesObject>(
  resource: string,
  body: JsonObject,
  change: (object: T) => void,
  { context = ruleContext(), subresource = '', old }: UpdateOptions<T> = {},
): Outcome<T> {
  const rules = rulesOf(resource);
  const created = create<T>(resource, body, context);
  assert(created.causes.length === 0, `not valid: ${created.errors.join(', ')}`);
  const stored = created.object;
  Object.assign(stored.metadata, { uid: 'u', resourceVersion: '1', creationTimestamp: NOW });
  old?.(stored);
  const object = structuredClone(stored);
  change(object);
  rules.applyDefaults(object, context);
  if (subresource === 'status') {
    rules.prepareForStatusUpdate(object, stored, context);
    const causes = rules.validateStatusUpdate(object, stored, context);
    return outcome(object, causes, rules.statusWarnings(object));
  }
  rules.prepareForUpdate(object, stored, context);
  const causes = rules.validateUpdate(object, stored, context);
  return outcome(object, causes, rules.warnings(object, stored));
}

function outcome<T>(object: T, causes: StatusCause[], warnings: string[]): Outcome<T> {
  const errors = causes.map((cause) => `${cause.field ?? ''}: ${cause.message ?? ''}`);
  return { object, causes, errors, warnings };
}
