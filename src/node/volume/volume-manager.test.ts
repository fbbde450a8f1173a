// Volumes in temporary directories, with objects from a table.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type {
  ConfigMap,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  Secret,
  TokenRequest,
  Volume,
} from '../../api/generated/types.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { seededRandom } from '../../base/random.ts';
import type { ObjectReader } from './object-reader.ts';
import { resolveSubPath } from './sub-path.ts';
import { createTokenSource } from './token-source.ts';
import { createVolumeManager } from './volume-manager.ts';
import type { VolumeManager } from './volume-manager.ts';

const isRoot = process.getuid?.() === 0;
const USER = 5432;
const GROUP = isRoot ? 4321 : (process.getgid?.() ?? 0);

let directory: string;
let clock: ManualClock;
let manager: VolumeManager;
let objects: {
  configMap?: Partial<ConfigMap>;
  secret?: Partial<Secret>;
  claim?: Partial<PersistentVolumeClaim>;
  volume?: Partial<PersistentVolume>;
  tokens: number;
};

const named = { metadata: { name: 'x', namespace: 'default', uid: 'claim-uid' } };

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ordinal-volumes-'));
  clock = new ManualClock();
  objects = { tokens: 0 };
  const some = <T>(object: Partial<T> | undefined) =>
    Promise.resolve(object === undefined ? undefined : ({ ...named, ...object } as T));
  const reader: ObjectReader = {
    configMap: () => some<ConfigMap>(objects.configMap),
    secret: () => some<Secret>(objects.secret),
    claim: () => some<PersistentVolumeClaim>(objects.claim),
    volume: () => some<PersistentVolume>(objects.volume),
    token: async () => {
      const expirationTimestamp = new Date(clock.now() + 3_600_000).toISOString();
      const token = `token-${++objects.tokens}`;
      return { status: { token, expirationTimestamp } } as TokenRequest;
    },
  };
  manager = createVolumeManager({
    podDirectory: (uid) => join(directory, 'pods', uid),
    reader,
    tokens: createTokenSource(reader, clock),
    clock,
    random: seededRandom(1),
    mayChangeOwner: isRoot,
    mayMount: false,
  });
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const facts = { podIP: '', hostIP: '10.0.0.1', allocatable: {} };

function podWith(volume: Partial<Volume>, spec: Partial<PodSpec> = {}): Pod {
  const metadata = { name: 'web-0', namespace: 'default', uid: 'u', labels: { app: 'web' } };
  const volumes = [{ name: 'v', ...volume }];
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], volumes, ...spec } };
}

async function mount(pod: Pod, running = false): Promise<string> {
  const mounted = await manager.mount(pod, facts, { running });
  return mounted.get('v')?.hostPath ?? '';
}

const modeOf = (path: string) => statSync(path).mode & 0o7777;

describe('volumes made of objects', () => {
  test('a config map becomes files with its mode, behind ..data', async () => {
    objects.configMap = { data: { colour: 'blue' }, binaryData: { blob: 'AAE=' } };
    const path = await mount(podWith({ configMap: { name: 'x', defaultMode: 0o400 } }));
    expect(readFileSync(join(path, 'colour'), 'utf8')).toBe('blue');
    expect(readFileSync(join(path, 'blob'))).toEqual(Buffer.from([0, 1]));
    expect(modeOf(join(path, 'colour'))).toBe(0o400);
    expect(readlinkSync(join(path, 'colour'))).toBe('..data/colour');
  });

  test('an update switches all files at once and leaves no old version', async () => {
    const pod = podWith({ configMap: { name: 'x' } });
    objects.configMap = { data: { a: '1', b: '1' } };
    const path = await mount(pod);
    const first = readlinkSync(join(path, '..data'));
    await mount(pod, true);
    expect(readlinkSync(join(path, '..data'))).toBe(first);
    objects.configMap = { data: { a: '2', c: '2' } };
    await mount(pod, true);
    expect(readlinkSync(join(path, '..data'))).not.toBe(first);
    expect(readFileSync(join(path, 'a'), 'utf8')).toBe('2');
    expect(readdirSync(path).filter((name) => !name.startsWith('..'))).toEqual(['a', 'c']);
    expect(
      readdirSync(path).filter((name) => name.startsWith('..2') || name.startsWith('..1')),
    ).toHaveLength(1);
  });

  test('items choose keys, paths and modes; a missing key is an error', async () => {
    objects.secret = { data: { key: Buffer.from('s').toString('base64') } };
    const item = { key: 'key', path: 'deep/er/file', mode: 0o440 };
    const path = await mount(podWith({ secret: { secretName: 'x', items: [item] } }));
    expect(readFileSync(join(path, 'deep/er/file'), 'utf8')).toBe('s');
    expect(modeOf(join(path, 'deep/er/file'))).toBe(0o440);
    const items = [{ key: 'no', path: 'f' }];
    await expect(mount(podWith({ secret: { secretName: 'x', items } }))).rejects.toThrow(
      'MountVolume.SetUp failed for volume "v" : secret references non-existent secret key: no',
    );
  });

  test('a missing object is an error unless optional', async () => {
    await expect(mount(podWith({ configMap: { name: 'cm' } }))).rejects.toThrow(
      'MountVolume.SetUp failed for volume "v" : configmap "cm" not found',
    );
    const path = await mount(podWith({ configMap: { name: 'cm', optional: true } }));
    expect(existsSync(path)).toBe(true);
  });

  test('a projected volume joins token, config map and downward API', async () => {
    objects.configMap = { data: { 'ca.crt': 'CA' } };
    const fieldRef = { fieldPath: 'metadata.namespace' };
    const sources = [
      { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef }] } },
    ];
    const pod = podWith({ projected: { sources } });
    const path = await mount(pod);
    const read = (name: string) => readFileSync(join(path, name), 'utf8');
    expect([read('token'), read('ca.crt'), read('namespace')]).toEqual([
      'token-1',
      'CA',
      'default',
    ]);
    await mount(pod, true);
    expect(read('token')).toBe('token-1');
    clock.advance(3_000_000);
    await mount(pod, true);
    expect(read('token')).toBe('token-2');
  });

  const asUser = (runAsUser?: number) =>
    runAsUser === undefined ? {} : { securityContext: { runAsUser } };
  test.each([
    { users: [undefined], mode: 0o644 },
    { users: [USER, USER], mode: 0o600, owner: USER },
    { users: [undefined], podUser: USER, mode: 0o600, owner: USER },
    { users: [USER + 1, USER], mode: 0o644 },
    { users: [USER, undefined], mode: 0o644 },
    { users: [USER, undefined], fsGroup: GROUP, mode: 0o640 },
    { users: [USER], fsGroup: GROUP, mode: 0o640, owner: USER },
  ])('a token is for the user of all containers, and fsGroup: %o', async (expected) => {
    objects.configMap = { data: { key: 'value' } };
    const { users, podUser, fsGroup, mode, owner } = expected;
    const containers = users.map((user, index) => ({ name: `c${index}`, ...asUser(user) }));
    const { securityContext } = asUser(podUser);
    const group = fsGroup === undefined ? {} : { fsGroup };
    const spec = { containers, securityContext: { ...securityContext, ...group } };
    const sources = [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'x' } }];
    const path = await mount(podWith({ projected: { sources, defaultMode: 0o644 } }, spec));
    expect(modeOf(join(path, 'token'))).toBe(mode);
    const { uid, gid } = statSync(join(path, 'token'));
    const own = statSync(directory);
    expect(uid).toBe(isRoot ? (owner ?? own.uid) : own.uid);
    expect(gid).toBe(fsGroup ?? own.gid);
    expect(modeOf(join(path, 'key'))).toBe(0o644);
    expect(statSync(join(path, 'key')).uid).toBe(own.uid);
  });
});

describe('directories', () => {
  test('emptyDir is open to all, survives a refresh and goes with the pod', async () => {
    const pod = podWith({ emptyDir: {} });
    const path = await mount(pod);
    expect(modeOf(path)).toBe(0o777);
    writeFileSync(join(path, 'f'), '1');
    await mount(pod, true);
    expect(existsSync(join(path, 'f'))).toBe(true);
    await manager.unmount('u');
    expect(existsSync(path)).toBe(false);
  });

  test('fsGroup owns the volume and what is made in it', async () => {
    const securityContext = { fsGroup: GROUP };
    const path = await mount(podWith({ emptyDir: {} }, { securityContext }));
    expect(statSync(path).gid).toBe(GROUP);
    expect(modeOf(path)).toBe(0o2777);
    mkdirSync(join(path, 'sub'));
    if (isRoot) expect(statSync(join(path, 'sub')).gid).toBe(GROUP);
  });

  test.each([
    ['Directory', 'is not a directory'],
    ['File', 'is not a file'],
  ])('hostPath of type %s must be there', async (type, why) => {
    const path = join(directory, 'absent');
    await expect(mount(podWith({ hostPath: { path, type } }))).rejects.toThrow(
      `hostPath type check failed: ${path} ${why}`,
    );
  });

  test('hostPath DirectoryOrCreate makes it; unmount leaves it', async () => {
    const path = join(directory, 'host');
    await expect(mount(podWith({ hostPath: { path, type: 'DirectoryOrCreate' } }))).resolves.toBe(
      path,
    );
    await manager.unmount('u');
    expect(existsSync(path)).toBe(true);
  });
});

describe('claims', () => {
  const pod = (more: Partial<PodSpec> = {}) =>
    podWith({ persistentVolumeClaim: { claimName: 'data-web-0' } }, more);
  const bound = { spec: { volumeName: 'pv' }, status: { phase: 'Bound' } };

  test('an unbound or missing claim is waited for, with a clear message', async () => {
    await expect(mount(pod())).rejects.toThrow('persistentvolumeclaim "data-web-0" not found');
    objects.claim = { spec: {}, status: { phase: 'Pending' } };
    await expect(mount(pod())).rejects.toThrow('PVC default/data-web-0 is not bound');
  });

  test('a local volume is made on first use and kept; fsGroup applies', async () => {
    const path = join(directory, 'volumes', 'pv');
    objects.claim = bound;
    objects.volume = { spec: { local: { path }, claimRef: { uid: 'claim-uid' } } };
    await expect(mount(pod({ securityContext: { fsGroup: GROUP } }))).resolves.toBe(path);
    expect(statSync(path).gid).toBe(GROUP);
    expect(modeOf(path)).toBe(0o2775);
    writeFileSync(join(path, 'row'), '1', { mode: 0o600 });
    await mount(pod({ securityContext: { fsGroup: GROUP } }));
    expect(modeOf(join(path, 'row'))).toBe(0o660);
    await manager.unmount('u');
    expect(existsSync(join(path, 'row'))).toBe(true);
  });

  test('OnRootMismatch and refreshes leave files alone', async () => {
    const path = join(directory, 'pv');
    objects.claim = bound;
    objects.volume = { spec: { local: { path } } };
    const fsGroupChangePolicy = 'OnRootMismatch';
    const one = pod({ securityContext: { fsGroup: GROUP, fsGroupChangePolicy } });
    await mount(one);
    writeFileSync(join(path, 'row'), '1');
    chmodSync(join(path, 'row'), 0o600);
    await mount(one);
    await mount(pod({ securityContext: { fsGroup: GROUP } }), true);
    expect(modeOf(join(path, 'row'))).toBe(0o600);
  });

  test('a volume bound to another claim is refused', async () => {
    objects.claim = bound;
    objects.volume = { spec: { local: { path: directory }, claimRef: { uid: 'other' } } };
    await expect(mount(pod())).rejects.toThrow('bound to another claim');
  });
});

describe('resolveSubPath()', () => {
  test('makes missing directories with the mode of the volume', async () => {
    const root = join(directory, 'v');
    mkdirSync(root);
    chmodSync(root, 0o2770);
    await expect(resolveSubPath(root, 'a/b')).resolves.toBe(join(root, 'a/b'));
    expect(modeOf(join(root, 'a/b'))).toBe(0o2770);
  });

  test('follows links inside of the volume and refuses those that lead out', async () => {
    const root = join(directory, 'v');
    mkdirSync(join(root, 'real'), { recursive: true });
    symlinkSync('real', join(root, 'link'));
    symlinkSync('/etc', join(root, 'out'));
    await expect(resolveSubPath(root, 'link')).resolves.toBe(join(root, 'real'));
    await expect(resolveSubPath(root, 'out/passwd')).rejects.toThrow('leads out of the volume');
    await expect(resolveSubPath(root, '../x')).rejects.toThrow('must not contain');
    await expect(resolveSubPath(root, '/etc')).rejects.toThrow('must be relative');
  });
});
