import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PersistentVolume } from '../api/generated/types.ts';
import { createVolumeBackend } from './volume-backend.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ordinal-volumes-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

const buildVolume = (spec: PersistentVolume['spec']): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv' },
  spec,
});

describe('SS-869: the data of a released volume', () => {
  it('go with their directory; a second time is fine', async () => {
    const backend = createVolumeBackend(root);
    const path = join(root, 'pvc-1');
    await mkdir(join(path, 'deep'), { recursive: true });
    await writeFile(join(path, 'deep', 'file'), 'data');
    const volume = buildVolume({ local: { path } });
    await backend.delete(volume);
    expect(await readdir(root)).toEqual([]);
    await backend.delete(volume);
  });

  it.each([
    ['outside', '/somewhere/else'],
    ['the directory of all volumes', ''],
    ['above', '../other'],
  ])('stay when the path is %s', async (_, path) => {
    const directory = join(root, 'volumes');
    await mkdir(directory);
    await mkdir(join(root, 'other'));
    const local = { path: path.startsWith('/') ? path : join(directory, path) };
    await expect(createVolumeBackend(directory).delete(buildVolume({ local }))).rejects.toThrow(
      /its data stay$/,
    );
    expect(await readdir(root)).toEqual(['other', 'volumes']);
  });

  it('of host paths outside of /tmp stay', async () => {
    const hostPath = { path: '/var/lib/ordinal-does-not-exist' };
    await expect(createVolumeBackend(root).delete(buildVolume({ hostPath }))).rejects.toThrow();
  });
});

it('makes the directory of all volumes', async () => {
  const directory = join(root, 'a', 'b');
  await createVolumeBackend(directory).create(buildVolume({ local: { path: 'x' } }));
  expect(await readdir(directory)).toEqual([]);
});
