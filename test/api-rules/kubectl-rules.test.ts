// Rules of docs/semantics/kubernetes-api.md that only the real kubectl can prove.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubectl, TestServer } from '../e2e/server.ts';
import { until } from '../e2e/until.ts';

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { part: 'of-it' } },
  data,
});

const list = (...items: object[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

describeWithKubectl('kubectl', () => {
  const server = new TestServer('--nodes', '0');
  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  const names = async () =>
    (await server.kubectl('get', 'configmaps', '-l', 'part=of-it', '-o', 'name'))
      .trim()
      .split('\n');

  test('API-331: messages are shown as they are', async () => {
    const missing = await server.run(['get', 'statefulset', 'web']);
    expect(missing).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): statefulsets.apps "web" not found\n',
    });
    const stdin = JSON.stringify({ ...configMap('cm'), data: { 'a b': '1' } });
    const invalid = await server.run(['create', '-f', '-'], { stdin });
    expect(invalid.code).toBe(1);
    expect(invalid.stderr).toContain('The ConfigMap "cm" is invalid: data[a b]: Invalid value');
    const denied = await server.run(['get', 'pods', '--as', 'somebody']);
    expect(denied.stderr).toContain(
      'Error from server (Forbidden): pods is forbidden: User "somebody" cannot list resource',
    );
  });

  test('API-906: delete waits until the object is gone', async () => {
    await server.apply(configMap('held'));
    const finalizers = (value: string) => `{"metadata":{"finalizers":${value}}}`;
    await server.kubectl('patch', 'configmap', 'held', '-p', finalizers('["example.com/x"]'));
    const deleting = server.following('delete', 'configmap', 'held');
    await until('it says so', () => deleting.output().includes('"held" deleted'));
    await server.untilField('configmap held', '{.metadata.deletionTimestamp}', { is: /Z$/ });
    expect(deleting.child.exitCode).toBeNull();
    await server.kubectl('patch', 'configmap', 'held', '-p', finalizers('null'));
    await deleting.ended;
    expect(deleting.child.exitCode).toBe(0);
    expect((await server.run(['get', 'configmap', 'held'])).code).toBe(1);
  });

  test('API-906: delete --wait=false does not', async () => {
    await server.apply({ ...configMap('quick') });
    await server.kubectl('delete', 'configmap', 'quick', '--wait=false');
    expect((await server.run(['get', 'configmap', 'quick'])).code).toBe(1);
  });

  test('API-1302: apply --prune removes what the files no longer have', async () => {
    const prune = ['--prune', '-l', 'part=of-it', '--prune-allowlist=core/v1/ConfigMap'];
    await server.apply(list(configMap('one'), configMap('two')), ...prune);
    expect(await names()).toEqual(['configmap/one', 'configmap/two']);
    await server.kubectl('create', 'configmap', 'not-applied');
    await server.kubectl('label', 'configmap', 'not-applied', 'part=of-it');
    const output = await server.apply(list(configMap('two', { a: '1' })), ...prune);
    expect(output).toContain('configmap/one pruned');
    expect(await names()).toEqual(['configmap/not-applied', 'configmap/two']);
  });

  test('API-1301: what client-side apply notes down is stored as it came', async () => {
    await server.apply(configMap('noted', { a: '1' }));
    const path = '{.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}';
    const noted = await server.field('configmap noted', path);
    expect(noted).toMatch(/\}\n$/);
    expect(JSON.parse(noted)).toMatchObject({ kind: 'ConfigMap', data: { a: '1' } });
    expect(await server.apply(configMap('noted', { a: '1' }))).toContain(
      'configmap/noted unchanged',
    );
    await server.apply(configMap('noted', { b: '2' }));
    expect(await server.field('configmap noted', '{.data}')).toBe('{"b":"2"}');
  });
});
