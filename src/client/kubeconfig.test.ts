import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OrdinalError } from '../base/errors.ts';
import { loadInClusterConfig, loadKubeconfig } from './kubeconfig.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, content: string) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const base64 = (text: string) => Buffer.from(text).toString('base64');
const config = (user: object, cluster: object = {}) =>
  write(
    'config',
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'shop' } }],
      clusters: [{ name: 'k', cluster: { server: 'https://h:1', ...cluster } }],
      users: [{ name: 'u', user }],
    }),
  );
const texts = (value: unknown) => (value as Buffer | undefined)?.toString();

describe('kubeconfig', () => {
  test('a kubectl file: data, token, namespace', () => {
    const path = write(
      'config',
      `apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: k, user: u}}
- {name: two, context: {cluster: k, user: u, namespace: shop}}
clusters:
- name: k
  cluster:
    server: https://h:1/prefix
    certificate-authority-data: ${base64('CA')}
    tls-server-name: other
users:
- name: u
  user:
    client-certificate-data: ${base64('CERT')}
    client-key-data: ${base64('KEY')}
    token: abc
`,
    );
    const connection = loadKubeconfig({ path });
    expect(connection).toMatchObject({
      server: 'https://h:1/prefix',
      tlsServerName: 'other',
      token: 'abc',
      namespace: 'default',
    });
    expect([connection.ca, connection.cert, connection.key].map(texts)).toEqual([
      'CA',
      'CERT',
      'KEY',
    ]);
    expect(loadKubeconfig({ path, context: 'two' }).namespace).toBe('shop');
  });

  test('files are found next to the kubeconfig; a token file is read each time', async () => {
    mkdirSync(join(folder, 'pki'));
    write('pki/ca.crt', 'CA');
    const tokenPath = write('token', 'one\n');
    const path = config({ tokenFile: 'token' }, { 'certificate-authority': 'pki/ca.crt' });
    const { ca, token } = loadKubeconfig({ path });
    expect(texts(ca)).toBe('CA');
    if (typeof token !== 'function') throw new Error('no function');
    expect(await token()).toBe('one');
    writeFileSync(tokenPath, 'two');
    expect(await token()).toBe('two');
  });

  test('insecure-skip-tls-verify', () => {
    const { insecureSkipTlsVerify, ca } = loadKubeconfig({
      path: config({}, { 'insecure-skip-tls-verify': true }),
    });
    expect([insecureSkipTlsVerify, ca]).toEqual([true, undefined]);
  });

  test('several files: the first that has an entry wins', () => {
    const first = write('a', 'current-context: c\nusers: [{name: u, user: {token: first}}]');
    const second = config({ token: 'second' });
    expect(loadKubeconfig({ path: [first, second] })).toMatchObject({
      token: 'first',
      server: 'https://h:1',
    });
  });

  test.each([
    ['exec', { exec: { command: 'x' } }, 'field "exec" is not supported'],
    ['password', { username: 'x', password: 'y' }, 'field "username" is not supported'],
    ['half a pair', { 'client-key-data': 'eA==' }, 'only one of client certificate'],
    ['missing file', { 'client-key': 'none', 'client-certificate': 'none' }, 'ENOENT'],
    ['wrong type', { token: 5 }, 'field "token" is not a string'],
  ])('a user with %s is refused clearly', (_, user, message) => {
    const load = () => loadKubeconfig({ path: config(user) });
    expect(load).toThrow(OrdinalError);
    expect(load).toThrow(message);
  });

  test.each([
    ['no file', () => join(folder, 'absent'), 'ENOENT'],
    ['bad YAML', () => write('x', 'a: [b'), 'is not valid YAML'],
    ['no mapping', () => write('x', '- a'), 'is not a kubeconfig file'],
    ['nothing', () => write('x', ''), 'names no current context'],
    ['no context', () => write('x', 'current-context: c'), 'no context "c" (it has: none)'],
    ['a bad server', () => config({}, { server: 'nonsense' }), 'server "nonsense" is not a URL'],
    ['a proxy', () => config({}, { 'proxy-url': 'http://p' }), 'field "proxy-url"'],
  ])('%s is a clear error', (_, path, message) => {
    const load = () => loadKubeconfig({ path: path() });
    expect(load).toThrow(message);
    expect(load).toThrow(expect.objectContaining({ code: 'ORD_KUBECONFIG' }));
  });
});

describe('API-1108: in a pod', () => {
  test('environment and service account files', async () => {
    write('token', 'tok\n');
    write('ca.crt', 'CA');
    write('namespace', 'shop');
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
    const connection = loadInClusterConfig(env, { folder });
    expect(connection).toMatchObject({
      server: 'https://10.0.0.1:443',
      ca: 'CA',
      namespace: 'shop',
    });
    expect(await (connection.token as () => Promise<string>)()).toBe('tok');
    const ipv6 = { ...env, KUBERNETES_SERVICE_HOST: 'fd00::1' };
    expect(loadInClusterConfig(ipv6, { folder }).server).toBe('https://[fd00::1]:443');
  });

  test('elsewhere', () => {
    expect(() => loadInClusterConfig({})).toThrow('not in a pod');
    const env = { KUBERNETES_SERVICE_HOST: 'h', KUBERNETES_SERVICE_PORT: '443' };
    expect(() => loadInClusterConfig(env, { folder })).toThrow('ENOENT');
  });
});
