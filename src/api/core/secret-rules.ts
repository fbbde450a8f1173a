// The rules of secrets for the API server.
import type { Secret } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import {
  fieldPath,
  invalidForEach,
  invalidValue,
  required,
  tooLong,
} from '../meta/field-errors.ts';
import { validateConfigMapKey } from '../meta/names.ts';
import { isJsonObject } from '../meta/object.ts';
import { DATA_LIMIT, validateImmutableData } from './config-map-rules.ts';
import type { Causes } from './field-rules.ts';
import { immutable, isBlank, sortedEntries } from './field-rules.ts';
import { jsonSyntaxError } from './json-syntax-error.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { secretWarnings } from './secret-warnings.ts';

const DATA = fieldPath('data');
const ACCOUNT = 'kubernetes.io/service-account.name';
/** Keys that hold JSON, by type. */
const DOCKER: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/dockercfg', '.dockercfg'],
  ['kubernetes.io/dockerconfigjson', '.dockerconfigjson'],
]);
/** Keys that must be there, by type. */
const KEYS: ReadonlyMap<string, readonly string[]> = new Map([
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
]);

/** What the API server asks of this kind. */
export const secretRules = defineKind<Secret>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  fieldSelectors: { type: ({ type }) => type ?? '' },
  applyDefaults(secret) {
    mergeStringData(secret);
    if (isBlank(secret.type)) secret.type = 'Opaque';
  },
  prepareForUpdate(secret, old) {
    if (isBlank(secret.type) && old.type !== undefined) secret.type = old.type;
  },
  validate: validateSecret,
  *validateUpdate(secret, old) {
    yield* validateMetadataUpdate(secret.metadata, old.metadata);
    yield* immutable(secret.type, old.type, fieldPath('type'));
    yield* validateImmutableData(secret, old, ['data']);
    yield* validateSecret(secret);
  },
  warnings: (secret) => secretWarnings(secret),
});

/** API-926: stringData is only for writing; it becomes base64 in data. */
function mergeStringData(secret: Secret): void {
  for (const [key, text] of Object.entries(secret.stringData ?? {})) {
    secret.data ??= {};
    secret.data[key] = Buffer.from(text, 'utf8').toString('base64');
  }
  delete secret.stringData;
}

function* validateSecret(secret: Secret): Causes {
  yield* validateMetadata(secret.metadata, { namespaced: true, nameRule: subdomainName });
  let size = 0;
  for (const [key, value] of sortedEntries(secret.data)) {
    yield* invalidForEach(DATA.key(key), key, validateConfigMapKey(key));
    size += Buffer.byteLength(value, 'base64');
  }
  if (size > DATA_LIMIT) yield tooLong(DATA, DATA_LIMIT);
  yield* validateType(secret);
}

function* validateType({ type = '', data = {}, metadata }: Secret): Causes {
  if (type === 'kubernetes.io/service-account-token') {
    if (isBlank(metadata.annotations?.[ACCOUNT])) {
      yield required(fieldPath('metadata', 'annotations').key(ACCOUNT));
    }
  } else if (type === 'kubernetes.io/basic-auth') {
    if (data['username'] !== undefined || data['password'] !== undefined) return;
    for (const key of ['username', 'password']) yield required(DATA.key(key));
  }
  const docker = DOCKER.get(type);
  if (docker !== undefined) yield* validateDockerConfig(data[docker], docker);
  for (const key of KEYS.get(type) ?? []) {
    const absent = type === 'kubernetes.io/ssh-auth' ? isBlank(data[key]) : data[key] === undefined;
    if (absent) yield required(DATA.key(key));
  }
}

function* validateDockerConfig(encoded: string | undefined, key: string): Causes {
  const path = DATA.key(key);
  if (encoded === undefined) {
    yield required(path);
    return;
  }
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const problem = jsonSyntaxError(text) ?? notAnObject(text);
  if (problem !== undefined) yield invalidValue(path, '<secret contents redacted>', problem);
}

function notAnObject(text: string): string | undefined {
  const value: unknown = JSON.parse(text);
  if (value === null || isJsonObject(value)) return undefined;
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${type} into Go value of type map[string]interface {}`;
}
