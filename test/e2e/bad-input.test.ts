// What is refused, and how: by the API (status codes and field paths), and by the command line (one
// clear line, a non-zero exit, nothing lost).
import { truncateSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadKubeconfig } from '../../src/client/kubeconfig.ts';
import { describeWithKubectl, makeDataDirectory, ordinal, TestServer } from './server.ts';

interface StatusReply {
  readonly code: number;
  readonly body: {
    readonly reason?: string;
    readonly message?: string;
    readonly details?: { readonly causes?: readonly { readonly field: string }[] };
  };
}

/** Upstream answers paths of no API with plain text. */
function parse(text: string): StatusReply['body'] {
  return text.startsWith('{') ? (JSON.parse(text) as StatusReply['body']) : { message: text };
}

const set = (spec: object, name = 'web') => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name },
  spec: {
    serviceName: 'web',
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'x' }] },
    },
    ...spec,
  },
});

describeWithKubectl('bad input to the API', () => {
  const server = new TestServer('--nodes', '0');
  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  /** One request as the administrator, beside every client's own care. */
  function send(method: string, path: string, body?: string): Promise<StatusReply> {
    const { server: address, ca, cert, key } = loadKubeconfig({ path: server.ready.kubeconfig });
    const agent = new Agent({ ca, cert, key });
    const headers = { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const call = request(`${address}${path}`, { method, agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({
            code: response.statusCode ?? 0,
            body: parse(text),
          }),
        );
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  const sets = '/apis/apps/v1/namespaces/default/statefulsets';
  const refused = async (path: string, object: object) => {
    const { code, body } = await send('POST', path, JSON.stringify(object));
    return { code, reason: body.reason, fields: body.details?.causes?.map(({ field }) => field) };
  };

  test.each([
    ['replicas', { replicas: -1 }, 'spec.replicas'],
    [
      'selector and labels',
      { selector: { matchLabels: { app: 'other' } } },
      'spec.template.metadata.labels',
    ],
    ['no selector', { selector: {} }, 'spec.selector'],
    [
      'restartPolicy',
      {
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] },
        },
      },
      'spec.template.spec.restartPolicy',
    ],
    ['podManagementPolicy', { podManagementPolicy: 'Sometimes' }, 'spec.podManagementPolicy'],
    ['update strategy', { updateStrategy: { type: 'Quick' } }, 'spec.updateStrategy'],
    [
      'partition',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: -1 } } },
      'spec.updateStrategy.rollingUpdate.partition',
    ],
    ['start ordinal', { ordinals: { start: -1 } }, 'spec.ordinals.start'],
  ])(
    'SS-712, SS-713, SS-715, SS-719: a StatefulSet with bad %s is 422 with the field',
    async (_name, spec, field) => {
      expect(await refused(sets, set(spec))).toEqual({
        code: 422,
        reason: 'Invalid',
        fields: [field],
      });
    },
  );

  test('SS-711: names, and pod basics: labels, ports, volumes, mounts, resources', async () => {
    expect(await refused(sets, set({}, 'Not_A_Name'))).toMatchObject({
      code: 422,
      fields: ['metadata.name'],
    });
    const container = {
      name: 'main',
      image: 'x',
      ports: [{ containerPort: 70_000 }],
      volumeMounts: [{ name: 'missing', mountPath: '/x' }],
      resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } },
    };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { 'bad key': 'x' } },
      spec: { containers: [container], volumes: [{ name: 'UPPER', emptyDir: {} }] },
    };
    const { code, fields } = await refused('/api/v1/namespaces/default/pods', pod);
    expect(code).toBe(422);
    expect(fields?.sort()).toEqual([
      'metadata.labels',
      'spec.containers[0].ports[0].containerPort',
      'spec.containers[0].resources.requests',
      'spec.containers[0].volumeMounts[0].name',
      'spec.volumes[0].name',
    ]);
  });

  test('an unchangeable field of a StatefulSet is 422', async () => {
    await server.apply(set({}, 'fixed'));
    const change = '{"spec":{"serviceName":"x"}}';
    const command = ['patch', 'statefulset', 'fixed', '--type=merge', '-p', change];
    const { code, stderr } = await server.run(command);
    expect(code).toBe(1);
    expect(stderr).toContain('spec: Forbidden: updates to statefulset spec for fields other than');
  });

  test('malformed JSON is 400, a wrong kind is 400, unknown paths are 404', async () => {
    expect(await send('POST', sets, '{"kind": ')).toMatchObject({
      code: 400,
      body: { reason: 'BadRequest' },
    });
    expect(await send('POST', sets, '[]')).toMatchObject({ code: 400 });
    expect(await send('POST', sets, '')).toMatchObject({ code: 400 });
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } };
    expect(await refused(sets, configMap)).toMatchObject({ code: 400, reason: 'BadRequest' });
    const wrongType = JSON.stringify(set({ replicas: 'three' }));
    expect(await send('POST', sets, wrongType)).toMatchObject({ code: 400 });
    for (const path of [
      '/nothing',
      '/apis/none/v1',
      '/api/v1/namespaces/default/unknowns',
      '/apis/apps/v1/none',
    ]) {
      expect(await send('GET', path)).toMatchObject({ code: 404 });
    }
    expect(await send('PUT', sets, '{}')).toMatchObject({ code: 405 });
    expect(
      await send('POST', '/api/v1/namespaces/nowhere/configmaps', JSON.stringify(configMap)),
    ).toMatchObject({ code: 404 });
  });

  test('an unknown field is refused by kubectl apply', async () => {
    const stdin = JSON.stringify(set({ replica: 3 }));
    const { code, stderr } = await server.run(['apply', '-f', '-'], { stdin });
    expect(code).toBe(1);
    expect(stderr).toContain('strict decoding error: unknown field "spec.replica"');
  });

  test('the server is in good health after all this', async () => {
    expect(await server.kubectl('get', '--raw', '/readyz')).toBe('ok');
    expect(server.log).toBe('');
  });
});

describeWithKubectl('bad input to the command line', () => {
  const up = async (dataDir: string, ...args: string[]) =>
    await ordinal(['up', '--data-dir', dataDir, '--port', '0', '--nodes', '0', ...args], {
      timeoutMs: 20_000,
    });
  const complaint = { code: 1, stdout: '' };
  let free: string;
  beforeAll(() => {
    free = makeDataDirectory();
  });
  afterAll(() => {
    rmSync(free, { recursive: true, force: true });
  });

  test('a busy port, for the API and for DNS', async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const flag of ['--port', '--dns-port']) {
      const result = await up(free, flag, `${port}`);
      expect(result).toMatchObject(complaint);
      expect(result.stderr).toMatch(/^ordinal: .*in use.*\n$/);
      expect(result.stderr).toContain(`${port}`);
    }
    await new Promise((resolve) => listener.close(resolve));
  });

  test.each([
    [['--controllers', '*,nonsense'], 'no controller "nonsense"'],
    [['--port', 'many'], '--port'],
    [['--port', '99999'], '--port'],
    [['--runtime', 'docker'], 'sandbox'],
    [['--durability', 'none'], 'memory'],
    [['--emulated-version', '1.2'], '1.36'],
    [['--feature-gates', 'Nonsense'], 'Gate=true|false'],
    [['--feature-gates', 'NoSuchGate=true'], 'NoSuchGate'],
    [['--feature-gates', 'StatefulSetRecreateStrategy=true'], '1.36 has no feature gate'],
    [['--kubeconfig', '/no/such/folder/kubeconfig'], '/no/such/folder'],
    [['--data-dir', '/proc/no-such'], '/proc/no-such'],
    [['--unknown'], '--unknown'],
    [['unexpected'], 'argument'],
  ])('up %j', async (args, named) => {
    const result = await up(free, ...args);
    expect(result).toMatchObject(complaint);
    expect(result.stderr).toContain(named);
    expect(result.stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(result.stderr).not.toMatch(/^ +at /m);
  });

  test('unknown commands, and --help for each', async () => {
    expect(await ordinal(['fly'])).toMatchObject({ code: 1, stdout: '' });
    for (const command of ['up', 'down', 'status', 'controller', 'doctor']) {
      const { code, stdout } = await ordinal([command, '--help']);
      expect({ code, usage: stdout.split('\n')[0] }).toMatchObject({
        code: 0,
        usage: expect.stringContaining(`Usage: ordinal ${command}`) as string,
      });
    }
    expect((await ordinal(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('a data directory in use; a corrupt store; nothing is lost', async () => {
    const server = new TestServer('--nodes', '0');
    await server.start();
    await server.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept' } });
    const second = await up(server.dataDir);
    expect(second).toMatchObject(complaint);
    expect(second.stderr).toMatch(/^ordinal: .*(in use|running).*\n$/);
    expect(await server.kubectl('get', 'cm', 'kept', '-o', 'name')).toBe('configmap/kept\n');
    await server.down();

    const store = join(server.dataDir, 'store');
    const name =
      readdirSync(store).find((file) => file.endsWith('.mdb') && !/lock/.test(file)) ?? '';
    const path = join(store, name);
    const good = readFileSync(path);
    const damages: [string, () => void][] = [
      ['cut', () => truncateSync(path, Math.floor(good.length / 2 / 4096) * 4096)],
      ['empty', () => truncateSync(path, 100)],
      ['overwritten', () => writeFileSync(path, Buffer.alloc(good.length, 'x'))],
    ];
    for (const [damage, apply] of damages) {
      apply();
      const result = await up(server.dataDir);
      expect({ damage, ...result }).toMatchObject({ damage, ...complaint });
      expect(result.stderr).toMatch(/^ordinal: .*store.*\n$/);
      writeFileSync(path, good);
    }
    await server.start();
    expect(await server.kubectl('get', 'cm', 'kept', '-o', 'name')).toBe('configmap/kept\n');
    await server.dispose();
  }, 60_000);

  test('down and status where no server ever was', async () => {
    expect(await ordinal(['down', '--data-dir', free])).toMatchObject({ code: 0 });
    expect(await ordinal(['status', '--data-dir', free])).toMatchObject({ code: 3 });
  });
});
