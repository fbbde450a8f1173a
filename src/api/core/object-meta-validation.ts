// The rules of ObjectMeta that hold for every kind (API-405 … API-410).
import type { ObjectMeta, OwnerReference } from '../generated/types.ts';
import type { NameRule } from '../kind-rules.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, forbidden, invalidValue, required, tooLong } from '../meta/field-errors.ts';
import { validateLabels } from '../meta/labels.ts';
import {
  validateDns1123Label,
  validateDns1123Subdomain,
  validatePathSegmentName,
  validateQualifiedName,
} from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { immutable, nonNegative } from './field-rules.ts';

const METADATA = fieldPath('metadata');
const ANNOTATIONS_LIMIT = 256 * 1024;
const STANDARD_FINALIZERS: readonly string[] = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** A DNS-1123 subdomain; a trailing dash is allowed in a prefix. */
export const subdomainName: NameRule = (name, prefix) =>
  validateDns1123Subdomain(prefix ? maskTrailingDash(name) : name);
/** A DNS-1123 label; a trailing dash is allowed in a prefix. */
export const labelName: NameRule = (name, prefix) =>
  validateDns1123Label(prefix ? maskTrailingDash(name) : name);
/** What every name must satisfy to be a segment of a path. */
export const pathSegmentName: NameRule = (name, prefix) => validatePathSegmentName(name, prefix);

function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
}

/** How the metadata of a kind is checked. */
export interface ObjectMetaRules {
  readonly namespaced: boolean;
  readonly nameRule: NameRule;
  /** Finalizers without a domain must be well-known ones. */
  readonly standardFinalizers?: boolean;
}

/** The rules of a built-in kind's metadata, its names as the kind says. */
export function* validateMetadata(
  metadata: ObjectMeta,
  rules: Omit<ObjectMetaRules, 'standardFinalizers'>,
): Causes {
  yield* validateObjectMeta(metadata, { ...rules, standardFinalizers: true });
}

/** Name, namespace, generation, labels, annotations, owners and finalizers. */
export function* validateObjectMeta(metadata: ObjectMeta, rules: ObjectMetaRules): Causes {
  const { nameRule } = rules;
  const generateName = metadata.generateName ?? '';
  const name = metadata.name ?? '';
  if (generateName !== '') {
    const path = METADATA.child('generateName');
    for (const message of nameRule(generateName, true)) {
      yield invalidValue(path, generateName, message);
    }
  }
  const namePath = METADATA.child('name');
  if (name === '') yield required(namePath, 'name or generateName is required');
  else for (const message of nameRule(name, false)) yield invalidValue(namePath, name, message);
  yield* validateNamespaceField(metadata.namespace ?? '', rules.namespaced);
  yield* nonNegative(metadata.generation, METADATA.child('generation'));
  yield* validateLabels(metadata.labels, METADATA.child('labels'));
  yield* validateAnnotations(metadata.annotations, METADATA.child('annotations'));
  yield* validateOwnerReferences(metadata.ownerReferences ?? []);
  yield* validateFinalizers(metadata.finalizers ?? []);
  if (rules.standardFinalizers === true) yield* standardFinalizers(metadata.finalizers ?? []);
}

function* validateNamespaceField(namespace: string, namespaced: boolean): Causes {
  const path = METADATA.child('namespace');
  if (!namespaced) {
    if (namespace !== '') yield forbidden(path, 'not allowed on this type');
  } else if (namespace === '') yield required(path);
  else
    for (const message of labelName(namespace, false)) yield invalidValue(path, namespace, message);
}

/** Keys are qualified names; keys and values together are at most 256 KiB. */
export function* validateAnnotations(
  annotations: Record<string, string> | undefined,
  path: FieldPath,
): Causes {
  if (annotations === undefined) return;
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const message of validateQualifiedName(key.toLowerCase()))
      yield invalidValue(path, key, message);
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > ANNOTATIONS_LIMIT) yield tooLong(path, ANNOTATIONS_LIMIT);
}

function* validateOwnerReferences(references: readonly OwnerReference[]): Causes {
  const path = METADATA.child('ownerReferences');
  let controller = '';
  for (const reference of references) {
    yield* validateOwnerReference(reference, path);
    if (reference.controller !== true) continue;
    const current = `${reference.kind}/${reference.name}`;
    if (controller === '') controller = current;
    else {
      yield invalidValue(
        path,
        references,
        'Only one reference can have Controller set to true. ' +
          `Found "true" in references for ${controller} and ${current}`,
      );
    }
  }
}

function* validateOwnerReference(reference: Partial<OwnerReference>, path: FieldPath): Causes {
  const { apiVersion = '', kind = '', name = '', uid = '' } = reference;
  const [first = '', second, ...more] = apiVersion.split('/');
  const version = more.length > 0 ? '' : (second ?? first);
  if (version === '') {
    yield invalidValue(path.child('apiVersion'), apiVersion, 'version must not be empty');
  }
  if (kind === '') yield invalidValue(path.child('kind'), kind, 'must not be empty');
  if (name === '') yield invalidValue(path.child('name'), name, 'must not be empty');
  if (uid === '') yield invalidValue(path.child('uid'), uid, 'must not be empty');
  if (apiVersion === 'v1' && kind === 'Event') {
    yield invalidValue(path, reference, '/v1, Kind=Event is disallowed from being an owner');
  }
}

function* validateFinalizers(finalizers: readonly string[]): Causes {
  const path = METADATA.child('finalizers');
  for (const finalizer of finalizers) yield* finalizerSyntax(finalizer, path);
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    const message = 'finalizer orphan and foregroundDeletion cannot be both set';
    yield invalidValue(path, finalizers, message);
  }
}

function* finalizerSyntax(finalizer: string, path: FieldPath): Causes {
  for (const message of validateQualifiedName(finalizer))
    yield invalidValue(path, finalizer, message);
}

function* standardFinalizers(finalizers: readonly string[]): Causes {
  const path = METADATA.child('finalizers');
  for (const [i, finalizer] of finalizers.entries()) {
    yield* standardFinalizer(finalizer, path.index(i));
  }
}

function* standardFinalizer(finalizer: string, path: FieldPath): Causes {
  if (finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer)) return;
  const message = 'name is neither a standard finalizer name nor is it fully qualified';
  yield invalidValue(path, finalizer, message);
}

/** A finalizer outside metadata (a namespace's spec): syntax and well-known names. */
export function* validateFinalizerName(finalizer: string, path: FieldPath): Causes {
  yield* finalizerSyntax(finalizer, path);
  yield* standardFinalizer(finalizer, path);
}

/** What an update may not change (API-306, API-407, API-408). */
export function* validateObjectMetaUpdate(metadata: ObjectMeta, old: ObjectMeta): Causes {
  if (old.deletionTimestamp !== undefined) yield* noNewFinalizers(metadata, old);
  if ((metadata.resourceVersion ?? '') === '') {
    const path = METADATA.child('resourceVersion');
    yield invalidValue(path, '', 'must be specified for an update');
  }
  if ((metadata.generation ?? 0) < (old.generation ?? 0)) {
    const path = METADATA.child('generation');
    yield invalidValue(path, metadata.generation ?? 0, 'must not be decremented');
  }
  for (const field of ['name', 'namespace', 'uid'] as const) {
    yield* immutable(metadata[field] ?? '', old[field] ?? '', METADATA.child(field));
  }
  for (const field of [
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ] as const) {
    yield* immutable(metadata[field], old[field], METADATA.child(field));
  }
  yield* validateLabels(metadata.labels, METADATA.child('labels'));
  yield* validateAnnotations(metadata.annotations, METADATA.child('annotations'));
  yield* validateOwnerReferences(metadata.ownerReferences ?? []);
}

/** validateObjectMetaUpdate as the built-in kinds repeat it, with the well-known finalizers. */
export function* validateMetadataUpdate(metadata: ObjectMeta, old: ObjectMeta): Causes {
  yield* validateObjectMetaUpdate(metadata, old);
  yield* standardFinalizers(metadata.finalizers ?? []);
}

function* noNewFinalizers(metadata: ObjectMeta, old: ObjectMeta): Causes {
  const known = new Set(old.finalizers);
  const added = [...new Set(metadata.finalizers)].filter((finalizer) => !known.has(finalizer));
  if (added.length === 0) return;
  const list = added.sort().map((finalizer) => JSON.stringify(finalizer));
  yield forbidden(
    METADATA.child('finalizers'),
    'no new finalizers can be added if the object is being deleted, ' +
      `found new finalizers []string{${list.join(', ')}}`,
  );
}
