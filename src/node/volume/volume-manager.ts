// Provides the volumes of pods as directories of this node and takes them away again.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod, Volume } from '../../api/generated/types.ts';
import { nameOf, uidOf } from '../../api/meta/object.ts';
import { parseQuantity, quantityToNumber } from '../../api/meta/quantity.ts';
import type { Clock } from '../../base/clock.ts';
import { errorMessage } from '../../base/errors.ts';
import type { Random } from '../../base/random.ts';
import type { PodFacts } from '../plan/field-ref.ts';
import { writeAtomically } from './atomic-writer.ts';
import type { VolumeFiles } from './atomic-writer.ts';
import { claimedDirectory } from './claim.ts';
import { prepareHostPath } from './host-path.ts';
import type { ObjectReader } from './object-reader.ts';
import { applyOwners, applyOwnership } from './ownership.ts';
import type { Ownership } from './ownership.ts';
import { configMapFiles, downwardFiles, projectedFiles, secretFiles } from './projection.ts';
import type { ProjectionContext } from './projection.ts';
import type { TokenSource } from './token-source.ts';
import { mountTmpfs, unmountBelow } from './tmpfs.ts';
import { VolumeError } from './volume-error.ts';

export interface MountedVolume {
  readonly hostPath: string;
  readonly readOnly: boolean;
}

export type MountedVolumes = ReadonlyMap<string, MountedVolume>;

export interface VolumeManager {
  /**
   * Provides all volumes of the pod. With `running`, files made of API objects are brought up to
   * date and owners are left alone. Throws VolumeError naming the first volume that fails.
   */
  mount(pod: Pod, facts: PodFacts, options: { running: boolean }): Promise<MountedVolumes>;
  /** Takes the pod's own volumes away; data of claims and host paths stays. Safe to repeat. */
  unmount(podUid: string): Promise<void>;
}

export interface VolumeManagerOptions {
  /** Where the directory of a pod is. */
  podDirectory(podUid: string): string;
  readonly reader: ObjectReader;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly random: Random;
  /** May the agent give files to other users and groups? */
  readonly mayChangeOwner: boolean;
  /** May the agent mount (in a mount namespace of its own)? */
  readonly mayMount: boolean;
}

const MODE_DEFAULT = 0o644;

interface Context extends ProjectionContext {
  readonly options: VolumeManagerOptions;
  readonly directory: string;
  readonly running: boolean;
  readonly ownership: (readOnly: boolean) => Ownership;
}

export function createVolumeManager(options: VolumeManagerOptions): VolumeManager {
  const volumesOf = (podUid: string) => join(options.podDirectory(podUid), 'volumes');
  return {
    async mount(pod, facts, { running }) {
      const mounted = new Map<string, MountedVolume>();
      for (const volume of pod.spec?.volumes ?? []) {
        const directory = join(volumesOf(uidOf(pod)), volume.name);
        const { reader, tokens } = options;
        const ownership = ownershipOf(pod, options);
        const context = { options, pod, facts, reader, tokens, directory, ownership, running };
        mounted.set(volume.name, await mountVolume(context, volume));
      }
      return mounted;
    },
    async unmount(podUid) {
      options.tokens.forget(podUid);
      if (options.mayMount) await unmountBelow(volumesOf(podUid));
      await rm(volumesOf(podUid), { recursive: true, force: true });
    },
  };
}

function ownershipOf(pod: Pod, { mayChangeOwner }: VolumeManagerOptions) {
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
  const onRootMismatch = fsGroupChangePolicy === 'OnRootMismatch';
  return (readOnly: boolean): Ownership => ({ fsGroup, onRootMismatch, readOnly, mayChangeOwner });
}

async function mountVolume(context: Context, volume: Volume): Promise<MountedVolume> {
  try {
    const files = await filesOf(context, volume);
    return files === undefined
      ? await mountDirectory(context, volume)
      : await mountFiles(context, files);
  } catch (error) {
    const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${errorMessage(error)}`;
    throw new VolumeError(message, { cause: error });
  }
}

/** The files of a volume that is made of API objects; undefined for other volumes. */
async function filesOf(context: Context, volume: Volume): Promise<VolumeFiles | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap !== undefined) {
    const { name = '', items, optional, defaultMode: mode = MODE_DEFAULT } = configMap;
    return configMapFiles(context, { name, items, optional, mode });
  }
  if (secret !== undefined) {
    const { secretName: name = '', items, optional, defaultMode: mode = MODE_DEFAULT } = secret;
    return secretFiles(context, { name, items, optional, mode });
  }
  if (downwardAPI !== undefined) {
    return downwardFiles(context, downwardAPI.items ?? [], downwardAPI.defaultMode ?? MODE_DEFAULT);
  }
  if (projected === undefined) return undefined;
  const mode = projected.defaultMode ?? MODE_DEFAULT;
  const sources = projected.sources ?? [];
  const lists = await Promise.all(sources.map((one) => projectedFiles(context, one, mode)));
  return new Map(lists.flatMap((files) => [...files]));
}

async function mountFiles(context: Context, files: VolumeFiles): Promise<MountedVolume> {
  const { directory, options, ownership } = context;
  const version = `..${options.clock.now()}.${options.random.integer(2 ** 31)}`;
  await writeAtomically({
    directory,
    files,
    version,
    async prepare(path) {
      await applyOwners(path, files, options);
      await applyOwnership(path, { ...ownership(true), onRootMismatch: false });
    },
  });
  return { hostPath: directory, readOnly: true };
}

async function mountDirectory(context: Context, volume: Volume): Promise<MountedVolume> {
  const { emptyDir, hostPath, persistentVolumeClaim: claim, ephemeral } = volume;
  if (hostPath !== undefined) {
    await prepareHostPath(hostPath.path, hostPath.type);
    return { hostPath: hostPath.path, readOnly: false };
  }
  if (claim !== undefined) {
    const { claimName, readOnly = false } = claim;
    return mountClaim(context, { claimName, readOnly });
  }
  if (ephemeral !== undefined) {
    const claimName = `${nameOf(context.pod)}-${volume.name}`;
    return mountClaim(context, { claimName, readOnly: false });
  }
  if (emptyDir === undefined) {
    const source = Object.keys(volume).filter((key) => key !== 'name');
    throw new VolumeError(`volumes of type ${source.join(', ')} are not supported`);
  }
  return mountEmptyDir(context, emptyDir);
}

async function mountEmptyDir(
  { directory, options, ownership }: Context,
  { medium, sizeLimit }: { medium?: string | undefined; sizeLimit?: string | undefined },
): Promise<MountedVolume> {
  const mounted = { hostPath: directory, readOnly: false };
  const made = await mkdir(directory, { recursive: true });
  if (made === undefined) return mounted;
  await chmod(directory, 0o777);
  if (medium === 'Memory' && options.mayMount) {
    const limit = sizeLimit === undefined ? 0 : quantityToNumber(parseQuantity(sizeLimit));
    await mountTmpfs(directory, limit > 0 ? limit : undefined);
  }
  await applyOwnership(directory, ownership(false));
  return mounted;
}

async function mountClaim(
  context: Context,
  { claimName, readOnly }: { claimName: string; readOnly: boolean },
): Promise<MountedVolume> {
  const { path, ownable } = await claimedDirectory(context.reader, context.pod, claimName);
  if (ownable && !readOnly && !context.running)
    await applyOwnership(path, context.ownership(false));
  return { hostPath: path, readOnly };
}
