// Server-side apply as users of kubectl meet it: conflicts, the way from client-side apply, diffs.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '../../src/api/generated/types.ts';
import { describeWithKubectl, TestServer } from './server.ts';

const SHOWN = ['--show-managed-fields'];

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

const web = (replicas: number | undefined, image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'app', image }] },
    },
  },
});

describeWithKubectl('kubectl apply --server-side', () => {
  const server = new TestServer('--nodes', '0', '--controllers', '');
  const serverSide = (manifest: object, ...args: string[]) =>
    server.apply(manifest, '--server-side', ...args);
  const refused = async (manifest: object, ...args: string[]) => {
    const stdin = JSON.stringify(manifest);
    const result = await server.run(['apply', '-f', '-', '--server-side', ...args], { stdin });
    expect(result.code).toBe(1);
    return result.stderr;
  };
  const managers = async (target: string) => {
    const json = await server.kubectl('get', ...target.split(' '), ...SHOWN, '-o', 'json');
    const { metadata } = JSON.parse(json) as { metadata: { managedFields?: ManagedFieldsEntry[] } };
    return (metadata.managedFields ?? []).map(
      ({ manager, operation, subresource }) => `${manager} ${operation} ${subresource ?? ''}`,
    );
  };

  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  test('API-640: creates, changes, and says nothing changed', async () => {
    const applied = 'configmap/one serverside-applied\n';
    expect(await serverSide(configMap('one', { a: '1', b: '1' }))).toBe(applied);
    const version = await server.field('cm one', '{.metadata.resourceVersion}');
    expect(await serverSide(configMap('one', { a: '1', b: '1' }))).toBe(applied);
    expect(await server.field('cm one', '{.metadata.resourceVersion}')).toBe(version);
    expect(await serverSide(configMap('one', { a: '2' }))).toBe(applied);
    expect(await server.field('cm one', '{.data}')).toBe('{"a":"2"}');
    expect(await managers('cm one')).toEqual(['kubectl Apply ']);
  });

  test('API-313: a conflict is explained, and --force-conflicts ends it', async () => {
    await serverSide(configMap('two', { a: '1' }), '--field-manager=first');
    const stderr = await refused(configMap('two', { a: '2' }), '--field-manager=second');
    expect(stderr).toContain(
      'error: Apply failed with 1 conflict: conflict with "first": .data.a\n',
    );
    expect(stderr).toContain('--force-conflicts');
    const force = ['--field-manager=second', '--force-conflicts'];
    await serverSide(configMap('two', { a: '2' }), ...force);
    expect(await managers('cm two')).toEqual(['second Apply ']);
  });

  test('API-646, API-650: from client-side apply to server-side apply', async () => {
    await server.apply(web(2, 'one'));
    expect(await managers('sts web')).toEqual(['kubectl-client-side-apply Update ']);
    await serverSide(web(2, 'two'));
    expect(await managers('sts web')).toContain('kubectl Apply ');
    expect(await managers('sts web')).not.toContain('kubectl-client-side-apply Update ');
    expect(await server.field('sts web', '{.spec.template.spec.containers[0].image}')).toBe('two');
    const last = await server.kubectl('apply', 'view-last-applied', 'sts/web', '-o', 'json');
    expect(JSON.parse(last)).toMatchObject({ spec: { replicas: 2 } });
    // A field that is dropped on the way goes, although the client side had set it.
    await server.apply(configMap('moved', { a: '1', b: '1' }));
    await serverSide(configMap('moved', { a: '1' }));
    expect(await server.field('cm moved', '{.data}')).toBe('{"a":"1"}');
  });

  test('SS-743: kubectl scale takes the replicas from an applier', async () => {
    const named = (replicas: number | undefined) => ({
      ...web(replicas, 'one'),
      metadata: { name: 'scaled' },
    });
    await serverSide(named(1));
    await server.kubectl('scale', 'sts/scaled', '--replicas=3');
    expect(await managers('sts scaled')).toContain('kubectl Update scale');
    expect(await refused(named(1))).toContain(
      'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas',
    );
    await serverSide(named(undefined));
    expect(await server.field('sts scaled', '{.spec.replicas}')).toBe('3');
  });

  test('API-653: diff and dry run show what an apply would do, and do nothing', async () => {
    await serverSide(configMap('seen', { a: '1' }));
    const stdin = JSON.stringify(configMap('seen', { a: '2' }));
    const diff = await server.run(['diff', '--server-side', '-f', '-'], { stdin });
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/^- {2}a: "1"\n\+ {2}a: "2"$/m);
    const same = JSON.stringify(configMap('seen', { a: '1' }));
    expect(await server.run(['diff', '--server-side', '-f', '-'], { stdin: same })).toMatchObject({
      code: 0,
      stdout: '',
    });
    expect(await serverSide(configMap('seen', { a: '2' }), '--dry-run=server')).toBe(
      'configmap/seen serverside-applied (server dry run)\n',
    );
    expect(await server.field('cm seen', '{.data.a}')).toBe('1');
  });

  test('API-406: owners are shown when asked for, and last-applied can be viewed', async () => {
    await server.apply(configMap('shown', { a: '1' }));
    expect(await server.kubectl('get', 'cm', 'shown', '-o', 'yaml')).not.toContain('managedFields');
    const shown = await server.kubectl('get', 'cm', 'shown', ...SHOWN, '-o', 'yaml');
    expect(shown).toContain('f:kubectl.kubernetes.io/last-applied-configuration: {}');
    expect(await server.kubectl('apply', 'view-last-applied', 'cm/shown')).toContain('a: "1"');
  });
});
