// Wraps the special rules of a kind with what all kinds share: system metadata and its checks,
// generation, status kept or reset.
import type { Causes } from './core/field-rules.ts';
import type { FieldGetter, KindRules, NameRule, RuleContext } from './kind-rules.ts';
import {
  pathSegmentName,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from './core/object-meta-validation.ts';
import { semanticEqual } from './meta/json-equal.ts';
import type { KubernetesObject } from './meta/object.ts';

/** The special part of a kind's rules; what is absent has no special rule. */
export interface KindDefinition<T extends KubernetesObject> {
  readonly namespaced: boolean;
  readonly nameRule: NameRule;
  readonly hasStatus: boolean;
  /** What makes the generation grow; absent for kinds without one. */
  readonly specChanged?: (object: T, old: T) => boolean;
  /** Default true. */
  readonly unconditionalUpdate?: boolean;
  /** Default false. */
  readonly createOnUpdate?: boolean;
  /** True when a write of the status changes none of the metadata a user sets; default false. */
  readonly statusKeepsMetadata?: boolean;
  readonly fieldSelectors?: Readonly<Record<string, FieldGetter<T>>>;
  /** The status of a new object; default `{}` for kinds with status. */
  readonly initialStatus?: (object: T, context: RuleContext) => unknown;
  applyDefaults?(object: T, context: RuleContext): void;
  prepareForCreate?(object: T, context: RuleContext): void;
  prepareForUpdate?(object: T, old: T, context: RuleContext): void;
  prepareForStatusUpdate?(object: T, old: T, context: RuleContext): void;
  validate(object: T, context: RuleContext): Causes;
  validateUpdate(object: T, old: T, context: RuleContext): Causes;
  validateStatusUpdate?(object: T, old: T, context: RuleContext): Causes;
  warnings?(object: T, old: T | undefined): string[];
  statusWarnings?(object: T): string[];
}

interface WithStatus extends KubernetesObject {
  spec?: unknown;
  status?: unknown;
}

/** Completes a definition to the rules the API server uses. */
export function defineKind<T extends KubernetesObject>(kind: KindDefinition<T>): KindRules<T> {
  return {
    generation: kind.specChanged !== undefined,
    unconditionalUpdate: kind.unconditionalUpdate ?? true,
    createOnUpdate: kind.createOnUpdate ?? false,
    hasStatus: kind.hasStatus,
    nameRule: kind.nameRule,
    fieldSelectors: kind.fieldSelectors ?? {},
    applyDefaults: (object, context) => kind.applyDefaults?.(object, context),
    warnings: (object, old) => kind.warnings?.(object, old) ?? [],
    statusWarnings: (object) => kind.statusWarnings?.(object) ?? [],
    ...preparation(kind),
    ...validation(kind),
  };
}

function preparation<T extends KubernetesObject>(kind: KindDefinition<T>) {
  return {
    prepareForCreate(object: T, context: RuleContext): void {
      const { metadata } = object;
      delete metadata.deletionTimestamp;
      delete metadata.deletionGracePeriodSeconds;
      delete metadata.selfLink;
      if (kind.specChanged) metadata.generation = 1;
      if (kind.hasStatus)
        (object as WithStatus).status = kind.initialStatus?.(object, context) ?? {};
      kind.prepareForCreate?.(object, context);
    },
    prepareForUpdate(object: T, old: T, context: RuleContext): void {
      keepGeneration(object, old);
      if (kind.hasStatus) keepField(object, old, 'status');
      kind.prepareForUpdate?.(object, old, context);
      if (kind.specChanged?.(object, old) === true) {
        object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      }
      keepSystemMetadata(object, old);
    },
    prepareForStatusUpdate(object: T, old: T, context: RuleContext): void {
      keepGeneration(object, old);
      keepField(object, old, 'spec');
      if (kind.statusKeepsMetadata === true) keepUserMetadata(object, old);
      kind.prepareForStatusUpdate?.(object, old, context);
      keepSystemMetadata(object, old);
    },
  };
}

function validation<T extends KubernetesObject>(kind: KindDefinition<T>) {
  const anyName = { namespaced: kind.namespaced, nameRule: pathSegmentName };
  const commonUpdate = (object: T, old: T) => [
    ...validateObjectMeta(object.metadata, anyName),
    ...validateObjectMetaUpdate(object.metadata, old.metadata),
  ];
  return {
    validate(object: T, context: RuleContext) {
      const causes = [...kind.validate(object, context)];
      return causes.length > 0 ? causes : [...validateObjectMeta(object.metadata, anyName)];
    },
    validateUpdate: (object: T, old: T, context: RuleContext) => [
      ...commonUpdate(object, old),
      ...kind.validateUpdate(object, old, context),
    ],
    validateStatusUpdate: (object: T, old: T, context: RuleContext) => [
      ...commonUpdate(object, old),
      ...(kind.validateStatusUpdate?.(object, old, context) ?? []),
    ],
  };
}

/** The usual meaning of "changed" for the generation: the spec differs. */
export function specDiffers(object: WithStatus, old: WithStatus): boolean {
  return !semanticEqual(object.spec, old.spec);
}

function keepGeneration(object: KubernetesObject, old: KubernetesObject): void {
  if (old.metadata.generation === undefined) delete object.metadata.generation;
  else object.metadata.generation = old.metadata.generation;
}

function keepField(object: WithStatus, old: WithStatus, field: 'spec' | 'status'): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = old[field];
}

const USER_METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

function keepUserMetadata(object: KubernetesObject, old: KubernetesObject): void {
  for (const field of USER_METADATA) delete object.metadata[field];
  for (const field of USER_METADATA) {
    const value = old.metadata[field];
    if (value !== undefined) Object.assign(object.metadata, { [field]: value });
  }
}

/** API-306, API-407: an update can neither change nor remove what the server wrote. */
function keepSystemMetadata(
  { metadata }: KubernetesObject,
  { metadata: old }: KubernetesObject,
): void {
  if ((metadata.uid ?? '') === '' && old.uid !== undefined) metadata.uid = old.uid;
  if (old.creationTimestamp !== undefined) metadata.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp !== undefined) metadata.deletionTimestamp = old.deletionTimestamp;
  metadata.deletionGracePeriodSeconds ??= old.deletionGracePeriodSeconds;
  if (metadata.deletionGracePeriodSeconds === undefined) delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
}
