// kubectl and a history that is shorter than its patience: what it asks for is gone (410), again
// and again. A server in this process, because its handler forgets at the right moment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiHandler } from '../../src/apiserver/api-request.ts';
import { startEdgeServer, type EdgeServer } from '../../src/apiserver/testing/edge-server.ts';
import { createTestApi, type TestApi } from '../../src/apiserver/testing/test-api.ts';
import { createMemoryStore } from '../../src/storage/memory-store.ts';
import { follow, kubectlPath, otherKubectls, runCommand } from './kubectl.ts';
import { describeWithKubectl } from './server.ts';
import { until } from './until.ts';

const HISTORY_LIMIT = 10;
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
/** The oldest and that of the PATH. */
const chosen = otherKubectls().filter((path) => path.endsWith('1.27'));
const kubectls = [kubectlPath, ...chosen].filter((path) => path !== undefined);

describeWithKubectl('kubectl and what is gone', () => {
  let api: TestApi;
  let edge: EdgeServer;
  let flags: string[];
  const home = mkdtempSync(join(tmpdir(), 'ordinal-expired-'));
  /** What the next requests of each kind meet: their revision is forgotten first. */
  const forgets = { continued: 0, watch: 0 };

  const forget = async () => {
    for (let count = 0; count <= HISTORY_LIMIT; count++) {
      await api.ok(`PUT ${CONFIG_MAPS}/noise`, {
        metadata: { name: 'noise' },
        data: { at: `${performance.now()}` },
      });
    }
  };
  const handler: ApiHandler = async (request) => {
    const kind = request.query.has('continue') ? 'continued' : 'watch';
    const concerned = kind === 'continued' || request.query.has('watch');
    if (concerned && forgets[kind] > 0) {
      forgets[kind]--;
      await forget();
    }
    return await api.handler(request);
  };

  beforeAll(async () => {
    api = await createTestApi({ store: createMemoryStore({ historyLimit: HISTORY_LIMIT }) });
    await api.ok(`POST ${CONFIG_MAPS}`, { metadata: { name: 'noise' } });
    for (const name of ['a', 'b', 'c']) {
      await api.ok(`POST ${CONFIG_MAPS}`, { metadata: { name, labels: { seen: 'yes' } } });
    }
    edge = await startEdgeServer(handler);
    const ca = join(home, 'ca.crt');
    writeFileSync(ca, edge.certificates.ca);
    const server = `https://127.0.0.1:${edge.port}`;
    const { adminToken } = edge.certificates;
    flags = [`--server=${server}`, `--token=${adminToken}`, `--certificate-authority=${ca}`];
  });
  afterAll(async () => {
    await edge.server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  describe.each(kubectls)('%s', (kubectl) => {
    const env = { HOME: home, KUBECONFIG: join(home, 'none') };
    const run = (...args: string[]) => runCommand([kubectl, ...flags, ...args], { env });

    test('API-504: get --chunk-size says that the rest of the list is gone', async () => {
      forgets.continued = 1;
      const list = await run('get', 'cm', '-l', 'seen', '--chunk-size=1', '-o', 'name');
      expect(list.code).toBe(1);
      expect(list.stderr).toContain('Error from server (Expired): The provided continue parameter');
    });

    test('API-514: get -w tells that the past is gone, and ends', async () => {
      forgets.watch = 1;
      const watch = await run('get', 'cm', '-l', 'seen', '-w');
      expect(watch.stdout).toMatch(/\nFailure +Expired +too old resource version: \d+ \(\d+\)\n$/);
    });

    test('API-514: wait lists anew when the past is gone', async () => {
      forgets.watch = 1;
      const name = `waited-${kubectls.indexOf(kubectl)}`;
      await api.ok(`POST ${CONFIG_MAPS}`, { metadata: { name } });
      const waiting = follow(
        [kubectl, ...flags, 'wait', '--for=jsonpath={.data.k}=v', `cm/${name}`],
        env,
      );
      await until('it watches again', () => forgets.watch === 0);
      await api.ok(`PUT ${CONFIG_MAPS}/${name}`, { metadata: { name }, data: { k: 'v' } });
      await waiting.ended;
      expect(waiting.output()).toContain(`configmap/${name} condition met`);
    });
  });
});
