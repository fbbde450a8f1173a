// Makes request bodies: objects in the three formats, patches, options, and texts that are none.
import type { Random } from '../../src/base/random.ts';
import type { Json, JsonObject } from '../../src/api/meta/object.ts';
import { groupVersion, type ResourceDefinition } from '../../src/api/resources.ts';
import { stringify } from 'yaml';
import { chance, pick } from './choice.ts';
import { mutateBytes, mutateJson, mutateText } from './mutate.ts';
import { protobufBody } from './protobuf-body.ts';
import { PATCH_TYPES, randomPatch } from './random-patch.ts';
import { randomJson, randomObject } from './random-value.ts';
import { validObjects } from './valid-objects.ts';

export interface Body {
  readonly bytes: Buffer;
  readonly contentType: string;
}

export interface BodyTarget {
  readonly resource: ResourceDefinition;
  readonly name: string;
  readonly namespace: string;
}

const JSON_TYPE = 'application/json';
const YAML_TYPE = 'application/yaml';
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

const deep = (count: number) => `${'['.repeat(count)}${']'.repeat(count)}`;
const deepObject = (count: number) => `${'{"a":'.repeat(count)}1${'}'.repeat(count)}`;
const bomb = Array.from({ length: 12 }, (_, level) =>
  level === 0
    ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]'
    : `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`,
).join('\n');

/** Bodies that cost a careless reader its memory, its stack or minutes. */
const MONSTERS: readonly (() => Body)[] = [
  () => ({ bytes: Buffer.from(deep(100_000)), contentType: JSON_TYPE }),
  () => ({ bytes: Buffer.from(deepObject(50_000)), contentType: JSON_TYPE }),
  () => ({ bytes: Buffer.from(`{"metadata":${deepObject(20_000)}}`), contentType: JSON_TYPE }),
  () => ({ bytes: Buffer.from(`{"data":${deepObject(3_000)}}`), contentType: JSON_TYPE }),
  () => ({ bytes: Buffer.from(deep(5_000)), contentType: YAML_TYPE }),
  () => ({ bytes: Buffer.from('- '.repeat(20_000)), contentType: YAML_TYPE }),
  () => ({ bytes: Buffer.from(bomb), contentType: YAML_TYPE }),
  () => ({ bytes: Buffer.from(`a: &a [*a]`), contentType: YAML_TYPE }),
  () => ({ bytes: Buffer.alloc(3 * 1024 * 1024 + 1, ' '), contentType: JSON_TYPE }),
  () => ({ bytes: Buffer.alloc(1024 * 1024, '{'), contentType: JSON_TYPE }),
  () => ({ bytes: Buffer.alloc(300 * 1024, '"a\\'), contentType: JSON_TYPE }),
  () => ({ bytes: Buffer.alloc(300 * 1024, '*'), contentType: YAML_TYPE }),
  () => ({ bytes: Buffer.from(`k8s\0${'\x0a'.repeat(50_000)}`), contentType: PROTOBUF_TYPE }),
  () => ({ bytes: Buffer.from(`k8s\0${'\x0b'.repeat(50_000)}`), contentType: PROTOBUF_TYPE }),
  () => ({
    bytes: Buffer.from(`[${'{"op":"copy","from":"","path":"/a"},'.repeat(64)}{"op":"x"}]`),
    contentType: 'application/json-patch+json',
  }),
  () => ({
    bytes: Buffer.from(deepObject(5_000)),
    contentType: 'application/strategic-merge-patch+json',
  }),
  () => ({ bytes: Buffer.from(deepObject(20_000)), contentType: 'application/merge-patch+json' }),
  () => ({ bytes: Buffer.from(deepObject(2_000)), contentType: 'application/apply-patch+yaml' }),
  () => {
    const labels = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 'v']));
    const bytes = Buffer.from(JSON.stringify({ metadata: { name: 'a', labels } }));
    return { bytes, contentType: JSON_TYPE };
  },
];

function objectFor(random: Random, { resource, name, namespace }: BodyTarget): JsonObject {
  const valid = validObjects[resource.resource];
  if (valid && chance(random, 75)) {
    const metadata = resource.namespaced ? { name, namespace } : { name };
    return { apiVersion: groupVersion(resource), kind: resource.kind, metadata, ...valid };
  }
  return randomObject(random, resource, { name, namespace });
}

function encode(random: Random, value: Json, contentType: string): Body {
  const text = contentType.includes('yaml')
    ? stringify(value, { aliasDuplicateObjects: false })
    : JSON.stringify(value);
  if (chance(random, 85)) return { bytes: Buffer.from(text), contentType };
  if (chance(random, 50)) return { bytes: mutateBytes(random, Buffer.from(text)), contentType };
  return { bytes: Buffer.from(mutateText(random, text)), contentType };
}

/** A body of a create or an update. */
export function objectBody(random: Random, target: BodyTarget): Body {
  if (chance(random, 1)) return pick(random, MONSTERS)();
  const format = random.integer(10);
  if (format === 0) {
    const bytes = protobufBody(random, target.resource, target.name);
    const damaged = chance(random, 40) ? mutateBytes(random, bytes) : bytes;
    return { bytes: damaged, contentType: PROTOBUF_TYPE };
  }
  const object = objectFor(random, target);
  const value = chance(random, 60) ? mutateJson(random, object) : object;
  return encode(random, value, format < 3 ? YAML_TYPE : JSON_TYPE);
}

/** A body of a patch. */
export function patchBody(random: Random, target: BodyTarget): Body {
  if (chance(random, 1)) return pick(random, MONSTERS)();
  const contentType = pick(random, PATCH_TYPES);
  return encode(random, randomPatch(random, contentType, objectFor(random, target)), contentType);
}

/** DeleteOptions, or something like it. */
export function deleteBody(random: Random): Body | undefined {
  if (chance(random, 50)) return undefined;
  const options: JsonObject = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    gracePeriodSeconds: pick(random, [0, 1, 30, -1, 2 ** 53]),
    propagationPolicy: pick(random, ['Foreground', 'Background', 'Orphan', 'x', '']),
    ...(chance(random, 30) ? { preconditions: { uid: 'x', resourceVersion: '1' } } : {}),
    ...(chance(random, 30) ? { orphanDependents: true } : {}),
    ...(chance(random, 30) ? { dryRun: [pick(random, ['All', 'x'])] } : {}),
  };
  const value = chance(random, 40) ? mutateJson(random, options) : options;
  return encode(random, chance(random, 5) ? randomJson(random, 3) : value, JSON_TYPE);
}
