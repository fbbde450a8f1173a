// A short tour with every other version of kubectl that is found.
import { basename } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { otherKubectls } from './kubectl.ts';
import { WEB_SCRIPT, webSet } from './manifests.ts';
import { describeWithPods, TestServer } from './server.ts';

describeWithPods('other versions of kubectl', () => {
  const server = new TestServer();
  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  test('the versions that were found', () => {
    process.stderr.write(
      `other kubectls: ${
        otherKubectls()
          .map((path) => basename(path))
          .join(' ') || 'none'
      }\n`,
    );
  });

  for (const path of otherKubectls()) {
    test(`${basename(path)}: apply, get, describe, scale, rollout, logs, exec, delete`, async () => {
      const namespace = basename(path).replaceAll('.', '-');
      const ok = async (args: string[], stdin = '') => {
        const { code, stdout, stderr } = await server.runWith(path, ['-n', namespace, ...args], {
          stdin,
        });
        expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({
          args,
          code: 0,
          stderr: '',
        });
        return stdout;
      };
      await server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      await ok(['apply', '-f', '-'], webSet(1, WEB_SCRIPT));
      await ok(['apply', '-f', '-'], webSet(1, WEB_SCRIPT));
      await ok(['rollout', 'status', 'sts/web', '--timeout=30s']);
      expect(await ok(['get', 'pods', '-o', 'wide'])).toMatch(/\nweb-0 +1\/1 +Running +0 /);
      expect(await ok(['describe', 'pod', 'web-0'])).toContain('Controlled By:  StatefulSet/web');
      await ok(['scale', 'statefulset/web', '--replicas=2']);
      await ok(['rollout', 'status', 'sts/web', '--timeout=30s']);
      expect(await ok(['logs', 'web-1'])).toBe('web-1 runs\n');
      expect(await ok(['exec', '-i', 'web-1', '--', 'cat'], 'text')).toBe('text');
      const failing = await server.runWith(path, [
        '-n',
        namespace,
        'exec',
        'web-0',
        '--',
        'sh',
        '-c',
        'exit 3',
      ]);
      expect(failing.code).toBe(3);
      await ok(['delete', 'sts/web', 'svc/nginx', '--timeout=30s']);
      await ok(['delete', 'namespace', namespace, '--timeout=30s']);
    }, 60_000);
  }
});
