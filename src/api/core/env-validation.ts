// Environment variables of containers: names, values and their sources.
import type {
  ConfigMapKeySelector,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  FileKeySelector,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidForEach, invalidValue, required } from '../meta/field-errors.ts';
import { validateConfigMapKey, validateRelaxedEnvVarName } from '../meta/names.ts';
import { validateFieldRef, validateResourceFieldRef } from './downward-api-validation.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, isBlank, requiredText } from './field-rules.ts';
import { subdomainName } from './object-meta-validation.ts';
import { validateNoBacksteps } from './path-validation.ts';

const FIELDS: readonly string[] = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** The `env` of a container. */
export function* validateEnv(variables: readonly EnvVar[], path: FieldPath): Causes {
  for (const [i, variable] of variables.entries()) {
    const name = variable.name ?? '';
    const namePath = path.index(i).child('name');
    if (name === '') yield required(namePath);
    else yield* invalidForEach(namePath, name, validateRelaxedEnvVarName(name));
    if (variable.valueFrom) {
      const sourcePath = path.index(i).child('valueFrom');
      yield* validateSource(variable.valueFrom, variable.value ?? '', sourcePath);
    }
  }
}

function* validateSource(source: EnvVarSource, value: string, path: FieldPath): Causes {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = source;
  if (fieldRef) yield* validateFieldRef(fieldRef, path.child('fieldRef'), FIELDS);
  if (resourceFieldRef) {
    yield* validateResourceFieldRef(resourceFieldRef, path.child('resourceFieldRef'), false);
  }
  if (configMapKeyRef) yield* validateKeyRef(configMapKeyRef, path.child('configMapKeyRef'));
  if (secretKeyRef) yield* validateKeyRef(secretKeyRef, path.child('secretKeyRef'));
  if (fileKeyRef) yield* validateFileKeyRef(fileKeyRef, path.child('fileKeyRef'));
  const count = Object.values(source).filter((member) => member !== undefined).length;
  if (count === 0) {
    yield invalidValue(
      path,
      '',
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, ' +
        '`secretKeyRef` or `fileKeyRef`',
    );
  } else if (value !== '') {
    yield invalidValue(path, '', 'may not be specified when `value` is not empty');
  } else if (count > 1) {
    yield invalidValue(path, '', 'may not have more than one field specified at a time');
  }
}

function* validateKeyRef(reference: ConfigMapKeySelector, path: FieldPath): Causes {
  const name = reference.name ?? '';
  yield* invalidForEach(path.child('name'), name, subdomainName(name, false));
  const key = reference.key ?? '';
  if (key === '') yield required(path.child('key'));
  else yield* invalidForEach(path.child('key'), key, validateConfigMapKey(key));
}

function* validateFileKeyRef(reference: Partial<FileKeySelector>, path: FieldPath): Causes {
  const { key = '', volumeName = '', path: file = '' } = reference;
  if (key === '') yield required(path.child('key'));
  else yield* invalidForEach(path.child('key'), key, validateRelaxedEnvVarName(key));
  if (volumeName === '') yield required(path.child('volumeName'));
  else yield* dnsLabel(volumeName, path.child('volumeName'));
  yield* requiredText(file, path.child('path'));
  if (file !== '') yield* validateNoBacksteps(file, path.child('path'));
}

/** The `envFrom` of a container. */
export function* validateEnvFrom(sources: readonly EnvFromSource[], path: FieldPath): Causes {
  for (const [i, source] of sources.entries()) {
    const itemPath = path.index(i);
    if (!isBlank(source.prefix)) {
      const messages = validateRelaxedEnvVarName(source.prefix);
      yield* invalidForEach(itemPath.child('prefix'), source.prefix, messages);
    }
    const { configMapRef, secretRef } = source;
    if (configMapRef) yield* validateNameRef(configMapRef.name, itemPath.child('configMapRef'));
    if (secretRef) yield* validateNameRef(secretRef.name, itemPath.child('secretRef'));
    if (!configMapRef && !secretRef) {
      yield invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`');
    } else if (configMapRef && secretRef) {
      yield invalidValue(path, '', 'may not have more than one field specified at a time');
    }
  }
}

function* validateNameRef(name: string | undefined, path: FieldPath): Causes {
  if (isBlank(name)) yield required(path.child('name'));
  else yield* invalidForEach(path.child('name'), name, subdomainName(name, true));
}
