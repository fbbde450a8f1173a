// The files that config maps, secrets, the downward API and tokens contribute to a volume.
import type {
  ConfigMap,
  Container,
  DownwardAPIVolumeFile,
  KeyToPath,
  Pod,
  Secret,
  VolumeProjection,
} from '../../api/generated/types.ts';
import { namespaceOf } from '../../api/meta/object.ts';
import { commonUser } from '../plan/container-user.ts';
import { fieldValue, resourceValue } from '../plan/field-ref.ts';
import type { PodFacts } from '../plan/field-ref.ts';
import type { VolumeFile } from './atomic-writer.ts';
import type { ObjectReader } from './object-reader.ts';
import type { TokenSource } from './token-source.ts';
import { VolumeError } from './volume-error.ts';

export interface ProjectionContext {
  readonly pod: Pod;
  readonly facts: PodFacts;
  readonly reader: ObjectReader;
  readonly tokens: TokenSource;
}

type Files = Map<string, VolumeFile>;

/** Whatever mode the volume asks for, as upstream. */
const TOKEN_MODE = 0o600;

interface KeyedSource {
  readonly kind: 'configmap' | 'secret';
  readonly values: ReadonlyMap<string, Buffer>;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean;
  readonly mode: number;
}

function selectKeys({ kind, values, items, optional, mode }: KeyedSource): Files {
  const files: Files = new Map();
  if (items === undefined || items.length === 0) {
    for (const [key, content] of values) files.set(key, { content, mode });
    return files;
  }
  for (const { key, path, mode: own } of items) {
    const content = values.get(key);
    if (content !== undefined) files.set(path, { content, mode: own ?? mode });
    else if (!optional) {
      const what = kind === 'secret' ? 'secret' : 'config';
      throw new VolumeError(`${kind} references non-existent ${what} key: ${key}`);
    }
  }
  return files;
}

function configMapValues({ data, binaryData }: ConfigMap): Map<string, Buffer> {
  const text = Object.entries(data ?? {});
  const binary = Object.entries(binaryData ?? {});
  return new Map([
    ...text.map(([key, value]): [string, Buffer] => [key, Buffer.from(value)]),
    ...binary.map(([key, value]): [string, Buffer] => [key, Buffer.from(value, 'base64')]),
  ]);
}

function secretValues({ data }: Secret): Map<string, Buffer> {
  const entries = Object.entries(data ?? {});
  return new Map(entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
}

export interface KeySelection {
  readonly name: string;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean | undefined;
  readonly mode: number;
}

/** Files of a config map; throws VolumeError if it or a key is missing and not optional. */
export async function configMapFiles(
  { pod, reader }: ProjectionContext,
  { name, items, optional = false, mode }: KeySelection,
): Promise<Files> {
  const object = await reader.configMap({ namespace: namespaceOf(pod), name });
  if (object === undefined && !optional) throw new VolumeError(`configmap "${name}" not found`);
  const values = object === undefined ? new Map<string, Buffer>() : configMapValues(object);
  return selectKeys({ kind: 'configmap', values, items, optional, mode });
}

/** Files of a secret; throws VolumeError if it or a key is missing and not optional. */
export async function secretFiles(
  { pod, reader }: ProjectionContext,
  { name, items, optional = false, mode }: KeySelection,
): Promise<Files> {
  const object = await reader.secret({ namespace: namespaceOf(pod), name });
  if (object === undefined && !optional) throw new VolumeError(`secret "${name}" not found`);
  const values = object === undefined ? new Map<string, Buffer>() : secretValues(object);
  return selectKeys({ kind: 'secret', values, items, optional, mode });
}

function containerNamed(pod: Pod, name: string | undefined): Container {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const found = all.find((container) => container.name === name);
  if (found === undefined) throw new VolumeError(`container ${name ?? ''} not found`);
  return found;
}

/** Files of the downward API. */
export function downwardFiles(
  { pod, facts }: ProjectionContext,
  items: readonly DownwardAPIVolumeFile[],
  mode: number,
): Files {
  const files: Files = new Map();
  for (const { path, fieldRef, resourceFieldRef, mode: own } of items) {
    const value =
      fieldRef === undefined
        ? resourceFieldRef &&
          resourceValue(
            containerNamed(pod, resourceFieldRef.containerName),
            resourceFieldRef,
            facts,
          )
        : fieldValue(pod, fieldRef.fieldPath, facts);
    if (value === undefined) throw new VolumeError(`unsupported field for file ${path}`);
    files.set(path, { content: Buffer.from(value), mode: own ?? mode });
  }
  return files;
}

/** A token is for one user where there is one; a group is let in with the whole volume. */
function tokenAccess(pod: Pod, mode: number): Pick<VolumeFile, 'mode' | 'owner'> {
  const owner = commonUser(pod);
  const isPrivate = owner !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  return { mode: isPrivate ? TOKEN_MODE : mode, owner };
}

/** Files of one source of a projected volume. */
export async function projectedFiles(
  context: ProjectionContext,
  source: VolumeProjection,
  mode: number,
): Promise<Files> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap !== undefined) {
    const { name = '', items, optional } = configMap;
    return configMapFiles(context, { name, items, optional, mode });
  }
  if (secret !== undefined) {
    const { name = '', items, optional } = secret;
    return secretFiles(context, { name, items, optional, mode });
  }
  if (downwardAPI !== undefined) return downwardFiles(context, downwardAPI.items ?? [], mode);
  if (serviceAccountToken !== undefined) {
    const token = await context.tokens.token(context.pod, serviceAccountToken);
    const file = { content: Buffer.from(token), ...tokenAccess(context.pod, mode) };
    return new Map([[serviceAccountToken.path, file]]);
  }
  throw new VolumeError(`projected source ${Object.keys(source).join(', ')} is not supported`);
}
