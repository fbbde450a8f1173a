// The environment of a container, with a kubelet's rules of order and precedence: `env` over
// `envFrom` over services; `$(NAME)` sees what was defined before it.
import type { ConfigMap, Container, EnvVarSource, Pod, Secret } from '../../api/generated/types.ts';
import { namespaceOf } from '../../api/meta/object.ts';
import { expandVariables } from './expand-variables.ts';
import { fieldValue, resourceValue } from './field-ref.ts';
import type { PodFacts } from './field-ref.ts';

/** The pod's configuration refers to something that is not there; `message` is for the user. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Fetched objects by name; undefined: there is no such object. */
export interface EnvironmentSources {
  readonly configMaps: ReadonlyMap<string, ConfigMap | undefined>;
  readonly secrets: ReadonlyMap<string, Secret | undefined>;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly facts: PodFacts;
  readonly sources: EnvironmentSources;
  readonly services: ReadonlyMap<string, string>;
}

/** Names of the config maps and secrets that the container's environment is made from. */
export function environmentReferences(container: Container): {
  configMaps: string[];
  secrets: string[];
} {
  const { env = [], envFrom = [] } = container;
  const present = (name: string | undefined): string[] => (name === undefined ? [] : [name]);
  return {
    configMaps: [
      ...envFrom.flatMap(({ configMapRef }) => present(configMapRef?.name)),
      ...env.flatMap(({ valueFrom }) => present(valueFrom?.configMapKeyRef?.name)),
    ],
    secrets: [
      ...envFrom.flatMap(({ secretRef }) => present(secretRef?.name)),
      ...env.flatMap(({ valueFrom }) => present(valueFrom?.secretKeyRef?.name)),
    ],
  };
}

function decodeSecret(data: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly optional: boolean | undefined;
}

/** The object's text values; undefined if it is optional and absent. */
function valuesOf(
  sources: EnvironmentSources,
  { kind, name, optional }: Reference,
): Record<string, string> | undefined {
  if (kind === 'ConfigMap') {
    const object = sources.configMaps.get(name);
    if (object !== undefined) return object.data ?? {};
  } else {
    const object = sources.secrets.get(name);
    if (object !== undefined) return decodeSecret(object.data ?? {});
  }
  if (optional === true) return undefined;
  throw new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
}

function fromEverything({ container, sources }: EnvironmentInput): Map<string, string> {
  const result = new Map<string, string>();
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const reference = configMapRef ?? secretRef;
    if (reference === undefined) continue;
    const { name = '', optional } = reference;
    const kind = configMapRef === undefined ? 'Secret' : 'ConfigMap';
    const values = valuesOf(sources, { kind, name, optional }) ?? {};
    for (const [key, value] of Object.entries(values)) result.set(prefix + key, value);
  }
  return result;
}

/** One key of a config map or secret; undefined if that is optional and absent. */
function keyValue(
  { pod, sources }: EnvironmentInput,
  reference: Reference,
  key: string,
): string | undefined {
  const values = valuesOf(sources, reference);
  if (values === undefined) return undefined;
  const value = values[key];
  if (value !== undefined || reference.optional === true) return value;
  const { kind, name } = reference;
  throw new ConfigError(`couldn't find key ${key} in ${kind} ${namespaceOf(pod)}/${name}`);
}

function resourceOf(input: EnvironmentInput, source: EnvVarSource): string | undefined {
  const selector = source.resourceFieldRef;
  if (selector === undefined) return undefined;
  const named = (input.pod.spec?.containers ?? []).find(
    ({ name }) => name === selector.containerName,
  );
  const value = resourceValue(named ?? input.container, selector, input.facts);
  if (value === undefined) throw new ConfigError(`unsupported resource: ${selector.resource}`);
  return value;
}

/** The value that `valueFrom` points to; undefined: the variable is not set. */
function sourceValue(input: EnvironmentInput, source: EnvVarSource): string | undefined {
  const { fieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef !== undefined) {
    const value = fieldValue(input.pod, fieldRef.fieldPath, input.facts);
    if (value === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  if (configMapKeyRef !== undefined) {
    const { name = '', key, optional } = configMapKeyRef;
    return keyValue(input, { kind: 'ConfigMap', name, optional }, key);
  }
  if (secretKeyRef !== undefined) {
    const { name = '', key, optional } = secretKeyRef;
    return keyValue(input, { kind: 'Secret', name, optional }, key);
  }
  return resourceOf(input, source);
}

/** All variables by name. Throws ConfigError if something that is not optional is missing. */
export function containerEnvironment(input: EnvironmentInput): Map<string, string> {
  const result = fromEverything(input);
  const lookup = (name: string) => result.get(name) ?? input.services.get(name);
  for (const { name, value, valueFrom } of input.container.env ?? []) {
    const text =
      valueFrom === undefined
        ? expandVariables(value ?? '', lookup)
        : sourceValue(input, valueFrom);
    if (text !== undefined) result.set(name, text);
  }
  for (const [name, value] of input.services) if (!result.has(name)) result.set(name, value);
  return result;
}
