// The commands of kubectl that need the API only: no node, no controllers beside the defaults.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithKubectl, TestServer } from './server.ts';
import { until } from './until.ts';

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { suite: 'api' } },
  data,
});

const podManifest = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shape', labels: { app: 'shape' } },
  spec: {
    containers: [
      { name: 'a', image: 'one', command: ['true'], env: [{ name: 'FIRST', value: '1' }] },
      { name: 'b', image: 'two', command: ['true'] },
    ],
  },
};

describeWithKubectl('kubectl against the API', () => {
  const server = new TestServer('--nodes', '0');
  const scratch = mkdtempSync(join(tmpdir(), 'ordinal-files-'));
  const file = (name: string, content: string | object) => {
    const path = join(scratch, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };

  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await server.dispose();
  });

  test('version and api-resources tell what is served', async () => {
    const version = JSON.parse(await server.kubectl('version', '-o', 'json')) as {
      serverVersion: { major: string; minor: string };
    };
    expect(version.serverVersion).toMatchObject({ major: '1', minor: '36' });
    const resources = await server.kubectl('api-resources', '--no-headers');
    for (const line of [
      /^statefulsets +sts +apps\/v1 +true +StatefulSet$/m,
      /^pods +po +v1 +true +Pod$/m,
      /^persistentvolumes +pv +v1 +false +PersistentVolume$/m,
      /^poddisruptionbudgets +pdb +policy\/v1 +true +PodDisruptionBudget$/m,
    ]) {
      expect(resources).toMatch(line);
    }
  });

  test('API-1205: create, apply and replace, from YAML and JSON, client-side', async () => {
    const yaml = file(
      'one.yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata: {k: v1}\n',
    );
    expect(await server.kubectl('create', '-f', yaml)).toBe('configmap/one created\n');
    const again = await server.run(['create', '-f', yaml]);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toContain('Error from server (AlreadyExists)');
    expect(
      await server.kubectl('replace', '-f', file('r.json', configMap('one', { k: 'v2' }))),
    ).toBe('configmap/one replaced\n');
    expect(await server.field('configmap one', '{.data.k}')).toBe('v2');

    expect(await server.apply(configMap('two', { a: '1', b: '2' }))).toBe(
      'configmap/two created\n',
    );
    expect(await server.apply(configMap('two', { a: '1', b: '2' }))).toBe(
      'configmap/two unchanged\n',
    );
    expect(await server.apply(configMap('two', { a: '3' }))).toBe('configmap/two configured\n');
    expect(await server.field('configmap two', '{.data}')).toBe('{"a":"3"}');
    const dry = await server.apply(configMap('two', { a: '4' }), '--dry-run=server');
    expect(dry).toBe('configmap/two configured (server dry run)\n');
    expect(await server.field('configmap two', '{.data.a}')).toBe('3');
  });

  test('get prints tables, yaml, json, wide and names, and selects by label and field', async () => {
    await server.apply(configMap('shown', { k: 'v' }));
    await server.apply(podManifest);
    expect(await server.kubectl('get', 'configmap', 'shown')).toMatch(
      /^NAME +DATA +AGE\nshown +1 +\d+s\n$/,
    );
    expect(await server.kubectl('get', 'configmap', 'shown', '-o', 'yaml')).toContain(
      'kind: ConfigMap\n',
    );
    const json = await server.kubectl('get', 'configmap', '-l', 'suite=api', '-o', 'json');
    expect(JSON.parse(json)).toMatchObject({ kind: 'List', apiVersion: 'v1' });
    expect(await server.kubectl('get', 'cm', 'shown', '-o', 'name')).toBe('configmap/shown\n');
    expect(await server.kubectl('get', 'pods', '-o', 'wide')).toMatch(
      /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nshape +0\/2 /,
    );
    const names = ['get', 'pods', '-o', 'name'];
    expect(await server.kubectl(...names, '--field-selector', 'metadata.name=shape')).toBe(
      'pod/shape\n',
    );
    expect(await server.kubectl(...names, '-l', 'app!=shape')).toBe('');
    const missing = await server.run(['get', 'pod', 'nobody']);
    expect(missing).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): pods "nobody" not found\n',
    });
  });

  test('get -w goes on telling of changes', async () => {
    const watch = server.following('get', 'configmaps', '-w', '-o', 'name', '--watch-only');
    await until('the watch tells of a new object', async () => {
      await server.apply(configMap('watched', { at: `${performance.now()}` }));
      return watch.output().includes('configmap/watched\n');
    });
    await watch.stop();
  });

  test('label and annotate', async () => {
    await server.apply(configMap('marked', {}));
    await server.kubectl('label', 'configmap', 'marked', 'tier=db');
    await server.kubectl('annotate', 'configmap', 'marked', 'note=a b');
    expect((await server.run(['label', 'configmap', 'marked', 'tier=web'])).code).toBe(1);
    await server.kubectl('label', 'configmap', 'marked', 'tier=web', '--overwrite');
    expect(
      await server.field('cm marked', '{.metadata.labels.tier} {.metadata.annotations.note}'),
    ).toBe('web a b');
    await server.kubectl('label', 'configmap', 'marked', 'tier-');
    expect(await server.field('cm marked', '{.metadata.labels.tier}')).toBe('');
  });

  test('patch: JSON, merge and strategic', async () => {
    await server.apply({ ...podManifest, metadata: { name: 'patched' } });
    const patch = async (type: string, body: unknown) =>
      await server.kubectl('patch', 'pod', 'patched', '--type', type, '-p', JSON.stringify(body));
    await patch('strategic', { spec: { containers: [{ name: 'b', image: 'three' }] } });
    expect(await server.field('pod patched', '{.spec.containers[*].image}')).toBe('one three');
    await patch('json', [{ op: 'replace', path: '/spec/containers/0/image', value: 'four' }]);
    expect(await server.field('pod patched', '{.spec.containers[*].image}')).toBe('four three');
    await patch('merge', { metadata: { labels: { x: 'y' } } });
    expect(await server.field('pod patched', '{.metadata.labels.x}')).toBe('y');
    const nothing = '{"spec":{"containers":[]}}';
    const command = ['patch', 'pod', 'patched', '--type', 'merge', '-p', nothing];
    const forbidden = await server.run(command);
    expect(forbidden.code).toBe(1);
    expect(forbidden.stderr).toContain('is invalid: \n* spec.containers: ');
  });

  test('edit changes what the editor changed', async () => {
    await server.apply(configMap('edited', { k: 'before' }));
    const editor = file('editor.sh', '#!/bin/sh\nsed -i s/before/after/ "$1"\n');
    const result = await server.run(['edit', 'configmap', 'edited'], {
      env: { EDITOR: `sh ${editor}`, KUBE_EDITOR: `sh ${editor}` },
    });
    expect(result).toMatchObject({ code: 0, stdout: 'configmap/edited edited\n' });
    expect(await server.field('cm edited', '{.data.k}')).toBe('after');
  });

  test('delete: every cascade mode, by file and by label; wait --for=delete', async () => {
    for (const mode of ['background', 'foreground', 'orphan']) {
      await server.apply(configMap(`gone-${mode}`, {}));
      expect(await server.kubectl('delete', 'configmap', `gone-${mode}`, `--cascade=${mode}`)).toBe(
        `configmap "gone-${mode}" deleted\n`,
      );
    }
    const path = file('gone.json', configMap('gone', {}));
    await server.kubectl('apply', '-f', path);
    const waiting = server.run(['wait', '--for=delete', 'configmap/gone', '--timeout=20s']);
    await server.kubectl('delete', '-f', path);
    expect(await waiting).toMatchObject({ code: 0 });
    expect((await server.run(['get', 'cm', 'gone'])).code).toBe(1);
    expect(await server.kubectl('delete', 'cm', 'gone', '--ignore-not-found')).toBe('');
  });

  test('describe, explain and diff', async () => {
    await server.apply(configMap('described', { 'key.conf': 'line' }));
    const text = await server.kubectl('describe', 'configmap', 'described');
    expect(text).toMatch(/^Name: +described\nNamespace: +default\nLabels: +suite=api\n/);
    expect(text).toContain('key.conf:\n----\nline\n');
    expect(await server.kubectl('explain', 'statefulset.spec.serviceName')).toContain(
      'FIELD: serviceName <string>',
    );
    const diff = await server.run([
      'diff',
      '-f',
      file('d.json', configMap('described', { a: 'b' })),
    ]);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toContain('+  a: b');
  });

  test('namespaces: objects of one are not seen in another', async () => {
    await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'apart' } });
    await server.apply(configMap('here', {}), '-n', 'apart');
    expect((await server.run(['get', 'cm', 'here'])).code).toBe(1);
    expect(await server.kubectl('get', 'cm', '-A', '-o', 'name')).toContain('configmap/here\n');
    await server.kubectl('delete', 'namespace', 'apart', '--timeout=20s');
    expect((await server.run(['get', 'namespace', 'apart'])).code).toBe(1);
  });

  test('a set without nodes: its pods wait; a foreground deletion waits for them', async () => {
    await server.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'idle' },
      spec: {
        serviceName: 'idle',
        selector: { matchLabels: { app: 'idle' } },
        template: {
          metadata: { labels: { app: 'idle' } },
          spec: { containers: [{ name: 'c', image: 'x', command: ['true'] }] },
        },
      },
    });
    await server.untilField('pod idle-0', '{.status.phase}', { is: 'Pending' });
    expect(await server.kubectl('get', 'statefulset')).toMatch(/\nidle +0\/1 +\d+s\n$/);
    await server.kubectl('delete', 'statefulset', 'idle', '--cascade=foreground', '--timeout=20s');
    expect((await server.run(['get', 'pod', 'idle-0'])).code).toBe(1);
  });
});
