import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RootView } from './root-view.ts';
import { assertExecutable } from './find-executable.ts';
import { temporaryDirectory } from './runtime-test-kit.ts';

let dir = '';
let view = new RootView();
const lower = (path: string) => join(dir, 'lower', path);
const upper = (path: string) => join(dir, 'upper', path);
beforeEach(() => {
  dir = temporaryDirectory();
  for (const path of ['lower/etc', 'lower/var', 'lower/bin', 'upper', 'run', 'ro']) {
    mkdirSync(join(dir, path), { recursive: true });
  }
  symlinkSync('/run', lower('var/run'));
  symlinkSync('../run/stub', lower('etc/resolv.conf'));
  symlinkSync('loop', lower('loop'));
  writeFileSync(lower('etc/passwd'), 'root');
  view = new RootView();
  view.add({ at: '/', writable: upper(''), lower: lower('') });
  view.add({ at: '/run', writable: join(dir, 'run'), lower: undefined });
  view.add({ at: '/ro', writable: undefined, lower: join(dir, 'ro') });
});
afterEach(() => rmSync(dir, { recursive: true }));

test('resolve() follows links as the container would, not as the host', () => {
  expect(view.resolve('/var/run/secrets/x')).toBe('/run/secrets/x');
  expect(view.resolve('/etc/resolv.conf')).toBe('/run/stub');
  expect(view.resolve('/a//b/../../../c/.')).toBe('/c');
  expect(() => view.resolve('/loop/x')).toThrow('too many symbolic links');
});

test('hostPath() prefers what was changed', () => {
  expect(view.hostPath('/etc/passwd')).toBe(lower('etc/passwd'));
  view.placeFile('/etc/passwd', 'mine');
  expect(view.hostPath('/etc/passwd')).toBe(upper('etc/passwd'));
  expect(view.hostPath('/nothing')).toBe(undefined);
});

test('placeFile() replaces a link, keeps modes of directories, refuses read-only places', () => {
  chmodSync(lower('etc'), 0o751);
  expect(view.placeFile('/etc/resolv.conf', 'ours')).toBe(true);
  expect(readFileSync(upper('etc/resolv.conf'), 'utf8')).toBe('ours');
  expect(statSync(upper('etc')).mode & 0o777).toBe(0o751);
  expect(view.placeFile('/ro/file', '')).toBe(false);
});

test('ensureMountPoint() makes what is missing in the layer that is on top there', () => {
  view.ensureMountPoint('/run/secrets/kubernetes.io', 'directory');
  expect(statSync(join(dir, 'run/secrets/kubernetes.io')).isDirectory()).toBe(true);
  view.ensureMountPoint('/var/lib/file', 'file');
  expect(statSync(upper('var/lib/file')).isFile()).toBe(true);
  expect(() => view.ensureMountPoint('/etc/passwd', 'directory')).toThrow('something else');
  expect(() => view.ensureMountPoint('/ro/x', 'directory')).toThrow('/ro is read-only');
});

test('assertExecutable() looks along PATH and from the working directory', () => {
  writeFileSync(lower('bin/tool'), '', { mode: 0o755 });
  expect(() => assertExecutable(view, 'tool', { path: '/x:/bin', cwd: '/' })).not.toThrow();
  expect(() => assertExecutable(view, './tool', { path: '', cwd: '/bin' })).not.toThrow();
  expect(() => assertExecutable(view, '/bin', { path: '', cwd: '/' })).toThrow('permission denied');
});
