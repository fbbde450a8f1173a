// Warnings about the volumes of pods: sources of the past, files that get into each other's way.
import type { PersistentVolumeClaimSpec, Volume, VolumeProjection } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { goQuote } from '../meta/go-quote.ts';
import { isWholeQuantity, parseQuantity } from '../meta/quantity.ts';

type Warnings = Iterable<string>;

/** The field a warning names, and what it says. */
const DEPRECATED: Readonly<Record<string, readonly [field: string, message: string]>> = {
  photonPersistentDisk: ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  gitRepo: ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  scaleIO: ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  flocker: ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  storageos: ['storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  quobyte: ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  glusterfs: ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  cephfs: ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  rbd: ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
};

/** Warnings about deprecated sources of a volume, of a pod's or a persistent one, at `path`. */
export function* deprecatedSourceWarnings(
  volume: object,
  path: FieldPath,
  sources: readonly string[] = Object.keys(DEPRECATED),
): Warnings {
  for (const source of sources) {
    const found = DEPRECATED[source];
    if (found === undefined || Reflect.get(volume, source) === undefined) continue;
    yield `${path.child(found[0]).toString()}: ${found[1]}`;
  }
}

/** Warnings about the volumes at `path`. */
export function* volumeWarnings(volumes: readonly Volume[], path: FieldPath): Warnings {
  for (const [i, volume] of volumes.entries()) {
    const volumePath = path.index(i);
    yield* deprecatedSourceWarnings(volume, volumePath);
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    const claimPath = volumePath.child('ephemeral', 'volumeClaimTemplate', 'spec');
    if (claim) yield* claimSpecWarnings(claim, claimPath);
  }
  for (const volume of volumes) yield* overlapWarnings(volume);
}

/** Warnings about the spec of a claim at `path`. */
export function* claimSpecWarnings(spec: PersistentVolumeClaimSpec, path: FieldPath): Warnings {
  for (const side of ['requests', 'limits'] as const) {
    const amount = spec.resources?.[side]?.['storage'];
    yield* fractionWarnings(amount, path.child('resources', side).key('storage'));
  }
}

/** An amount of bytes that is not whole. */
export function* fractionWarnings(amount: string | undefined, path: FieldPath): Warnings {
  if (amount === undefined || isWholeQuantity(parseQuantity(amount))) return;
  const value = `fractional byte value ${goQuote(amount)}`;
  yield `${path.toString()}: ${value} is invalid, must be an integer`;
}

interface File {
  readonly path: string;
  /** Where the file comes from; empty when the volume has only one source. */
  readonly source: string;
}

type Items = readonly { path?: string | undefined }[];

function files(items: Items | undefined, source = ''): File[] {
  return (items ?? []).map(({ path }) => ({ path: path ?? '', source }));
}

/** Files of one volume of which one is, or lies below, the other. */
function* overlapWarnings(volume: Volume): Warnings {
  const { name, configMap, secret, downwardAPI, projected } = volume;
  const say = (what: string, overlap: string) =>
    `volume ${goQuote(name)} (${what}): overlapping paths: ${overlap}`;
  for (const [what, items] of [
    [`ConfigMap ${goQuote(configMap?.name ?? '')}`, configMap?.items],
    [`Secret ${goQuote(secret?.secretName ?? '')}`, secret?.items],
    ['DownwardAPI', downwardAPI?.items],
  ] as const) {
    for (const overlap of overlaps(files(items))) yield say(what, overlap);
  }
  const all: File[] = [];
  for (const source of projected?.sources ?? []) {
    if (Object.values(source).every((member) => member === undefined)) {
      yield `volume ${goQuote(name)} (Projected) has no sources provided`;
    } else {
      const own = projectedFiles(source);
      for (const overlap of overlaps(own, all)) yield say('Projected', overlap);
      all.push(...own);
    }
  }
}

function projectedFiles(source: VolumeProjection): File[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
  if (configMap?.items) return files(configMap.items, `ConfigMap ${goQuote(configMap.name ?? '')}`);
  if (secret?.items) return files(secret.items, `Secret ${goQuote(secret.name ?? '')}`);
  if (downwardAPI?.items) return files(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return files([serviceAccountToken], 'ServiceAccountToken');
  if (clusterTrustBundle) {
    const bundle = clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '';
    return files([clusterTrustBundle], `ClusterTrustBundle ${goQuote(bundle)}`);
  }
  return [];
}

function* overlaps(added: readonly File[], before: readonly File[] = []): Iterable<string> {
  const seen = [...before];
  for (const { path, source } of added) {
    const file = { path: path.replace(/\/+$/, ''), source };
    for (const other of seen) if (collide(file, other)) yield `${shown(file)} with ${shown(other)}`;
    seen.push(file);
  }
}

function collide(left: File, right: File): boolean {
  if (left.path === '' || right.path === '') return false;
  const [one, other] = [`${left.path}/`, `${right.path}/`];
  return one.startsWith(other) || other.startsWith(one);
}

function shown({ path, source }: File): string {
  return source === '' ? goQuote(path) : `${goQuote(path)} (${source})`;
}
