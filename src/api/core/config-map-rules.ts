// The rules of config maps for the API server.
import type { ConfigMap } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import {
  fieldPath,
  forbidden,
  invalidForEach,
  invalidValue,
  tooLong,
} from '../meta/field-errors.ts';
import { jsonEqual } from '../meta/json-equal.ts';
import { validateConfigMapKey } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { sortedEntries } from './field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';

/** API-111: all values of a ConfigMap or Secret together. */
export const DATA_LIMIT = 1024 * 1024;
const FIXED = 'field is immutable when `immutable` is set';

/** What the API server asks of this kind. */
export const configMapRules = defineKind<ConfigMap>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  validate: validateConfigMap,
  *validateUpdate(configMap, old) {
    yield* validateMetadataUpdate(configMap.metadata, old.metadata);
    yield* validateImmutableData(configMap, old, ['data', 'binaryData']);
    yield* validateConfigMap(configMap);
  },
});

function* validateConfigMap({ metadata, data, binaryData }: ConfigMap): Causes {
  yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
  let size = 0;
  for (const [key, value] of sortedEntries(data)) {
    const path = fieldPath('data').key(key);
    yield* invalidForEach(path, key, validateConfigMapKey(key));
    if (binaryData?.[key] !== undefined) {
      yield invalidValue(path, key, 'duplicate of key present in binaryData');
    }
    size += Buffer.byteLength(value);
  }
  for (const [key, value] of sortedEntries(binaryData)) {
    yield* invalidForEach(fieldPath('binaryData').key(key), key, validateConfigMapKey(key));
    size += Buffer.byteLength(value, 'base64');
  }
  // Upstream's path of the whole object reads `[]`.
  if (size > DATA_LIMIT) yield tooLong('[]', DATA_LIMIT);
}

interface MaybeImmutable {
  immutable?: boolean | undefined;
}

/** With `immutable` set neither the data nor the mark itself changes. */
export function* validateImmutableData(
  object: MaybeImmutable,
  old: MaybeImmutable,
  fields: readonly string[],
): Causes {
  if (old.immutable !== true) return;
  if (object.immutable !== true) yield forbidden(fieldPath('immutable'), FIXED);
  for (const field of fields) {
    if (jsonEqual(Reflect.get(object, field), Reflect.get(old, field))) continue;
    yield forbidden(fieldPath(field), FIXED);
  }
}
