// Rules of kinds that the server only keeps for others: metadata, members that must be given and
// members that never change. Types and unknown fields are checked when a body is decoded.
import type { Causes } from './core/field-rules.ts';
import { immutable } from './core/field-rules.ts';
import {
  subdomainName,
  validateObjectMeta,
  validateMetadataUpdate,
} from './core/object-meta-validation.ts';
import { defineKind, specDiffers, type KindDefinition } from './define-kind.ts';
import type { KindRules } from './kind-rules.ts';
import { fieldPath, required } from './meta/field-errors.ts';
import type { KubernetesObject } from './meta/object.ts';

/** What is special about a simple kind. */
export interface SimpleKind<T extends KubernetesObject> extends Partial<
  Pick<
    KindDefinition<T>,
    | 'applyDefaults'
    | 'specChanged'
    | 'initialStatus'
    | 'prepareForCreate'
    | 'prepareForUpdate'
    | 'createOnUpdate'
    | 'statusKeepsMetadata'
    | 'validateUpdate'
    | 'validateStatusUpdate'
    | 'nameRule'
    | 'unconditionalUpdate'
    | 'fieldSelectors'
    | 'warnings'
  >
> {
  readonly namespaced?: boolean;
  readonly hasStatus?: boolean;
  /** False where finalizers need not be well-known ones. */
  readonly standardFinalizers?: boolean;
  /** True for kinds with a generation that grows with the spec; or give `specChanged`. */
  readonly generation?: boolean;
  /** Paths of members that must be given: `spec.attacher`. */
  readonly required?: readonly string[];
  /** Paths of members that stay as they were created. */
  readonly fixed?: readonly string[];
  /** More checks, of every write. */
  check?(object: T): Causes;
}

/** The rules of a simple kind. */
export function simpleKind<T extends KubernetesObject>(kind: SimpleKind<T>): KindRules<T> {
  const { namespaced = false, nameRule = subdomainName, hasStatus = false } = kind;
  return defineKind<T>({
    ...(kind.generation === true ? { specChanged: specDiffers } : {}),
    ...kind,
    namespaced,
    nameRule,
    hasStatus,
    *validate(object) {
      const standardFinalizers = kind.standardFinalizers ?? true;
      yield* validateObjectMeta(object.metadata, { namespaced, nameRule, standardFinalizers });
      yield* checkMembers(kind, object);
    },
    *validateUpdate(object, old, context) {
      if (kind.validateUpdate) yield* kind.validateUpdate(object, old, context);
      else yield* checkUpdate(kind, object, old);
    },
  });
}

function* checkUpdate<T extends KubernetesObject>(kind: SimpleKind<T>, object: T, old: T): Causes {
  yield* validateMetadataUpdate(object.metadata, old.metadata);
  for (const path of kind.fixed ?? []) {
    yield* immutable(memberAt(object, path), memberAt(old, path), pathOf(path));
  }
  yield* checkMembers(kind, object);
}

function* checkMembers<T extends KubernetesObject>(kind: SimpleKind<T>, object: T): Causes {
  for (const path of kind.required ?? []) {
    if (isEmpty(memberAt(object, path))) yield required(pathOf(path));
  }
  yield* kind.check?.(object) ?? [];
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || isEmptyList(value);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function memberAt(object: object, path: string): unknown {
  let value: unknown = object;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

function pathOf(path: string) {
  const [root = '', ...names] = path.split('.');
  return fieldPath(root, ...names);
}
