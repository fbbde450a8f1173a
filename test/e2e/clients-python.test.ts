// A client of another language, not of this project's making: Kubernetes' own Python client, as
// Debian has it (python3-kubernetes).
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from './kubectl.ts';
import { describeUnless, TestServer } from './server.ts';

const program = fileURLToPath(new URL('clients-python.py', import.meta.url));
const TIMEOUT_MS = 120_000;

/** The first Python that has the client. */
function findPython(): string | undefined {
  const hasClient = (python: string) =>
    spawnSync(python, ['-c', 'import kubernetes.dynamic, kubernetes.stream']).status === 0;
  return ['/usr/bin/python3', 'python3'].find(hasClient);
}

const python = findPython();
const missing =
  python === undefined ? 'no Python has the Kubernetes client (python3-kubernetes)' : undefined;

describeUnless(missing, 'the Python client', () => {
  const server = new TestServer('--nodes', '1');
  beforeAll(() => server.start());
  afterAll(() => server.dispose());

  test(
    'lists, watches, execs, forwards, patches, applies, deletes',
    async () => {
      const command = [python ?? '', program, python ?? ''];
      const result = await runCommand(command, { env: server.environment, timeoutMs: TIMEOUT_MS });
      expect(result).toMatchObject({ code: 0 });
      const works = result.stdout.trim().split('\n');
      expect(works).toEqual(
        [
          'watch',
          'statefulset',
          'exec',
          'log',
          'port-forward',
          'patch',
          'dynamic client',
          'custom resources',
          'refusals',
          'delete',
        ].map((name) => `ok ${name}`),
      );
    },
    TIMEOUT_MS,
  );
});
