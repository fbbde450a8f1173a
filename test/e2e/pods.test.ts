// What a pod gets from its node: the life of its containers, probes, volumes, environment, users.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeMount, nodeProgram, nodeVolume, pod, shell, WAIT_FOR_TERM } from './manifests.ts';
import { describeWithPods, isRootless, TestServer } from './server.ts';
import { until } from './until.ts';

/** A web server: 200 on /, and on /healthz 200 as long as the file /tmp/sick is missing. */
const HTTP_SERVER = `
  require('http').createServer((request, response) => {
    const sick = request.url === '/healthz' && require('fs').existsSync('/tmp/sick');
    response.statusCode = sick ? 500 : 200;
    response.end();
  }).listen(8080);
  process.on('SIGTERM', () => process.exit(0));
`;

/** The head of an object of the core group. */
const meta = (kind: string, name: string) => ({ apiVersion: 'v1', kind, metadata: { name } });

describeWithPods('pods', () => {
  const server = new TestServer();
  const shared = mkdtempSync(join(tmpdir(), 'ordinal-shared-'));
  const inPod = async (name: string, script: string, ...more: string[]) =>
    (await server.kubectl('exec', name, ...more, '--', 'sh', '-c', script)).trim();
  const ready = async (name: string, seconds = 20) =>
    await server.kubectl('wait', '--for=condition=Ready', `pod/${name}`, `--timeout=${seconds}s`);
  const eventsOf = async (name: string) =>
    await server.kubectl('get', 'events', '--field-selector', `involvedObject.name=${name}`);
  const untilEvent = async (name: string, pattern: RegExp) => {
    let seen = '';
    await until(
      `an event of ${name} like ${pattern}`,
      async () => pattern.test((seen = await eventsOf(name))),
      { show: () => seen },
    );
  };

  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    rmSync(shared, { recursive: true, force: true });
    await server.dispose();
  });

  test('a container has the standard streams and no descriptor of the server', async () => {
    await server.apply(pod('apart', shell(WAIT_FOR_TERM)));
    await ready('apart');
    const listed = await inPod('apart', 'ls -l /proc/1/fd /proc/$$/fd; true');
    const open = Array.from(listed.matchAll(/ (\d+) -> (.*)$/gm), ([, fd, what]) => ({ fd, what }));
    const others = open.filter(({ fd }) => Number(fd) > 2);
    expect(open.length - others.length).toBe(6);
    expect(others.filter(({ what }) => what !== '/dev/null')).toEqual([]);
  });

  test('init containers run one after another before the containers', async () => {
    const mounts = { volumeMounts: [{ name: 'work', mountPath: '/scratch' }] };
    const step = (name: string, script: string) => ({ ...shell(script, mounts), name });
    await server.apply(
      pod('prepared', shell(`cat /scratch/order; ${WAIT_FOR_TERM}`, mounts), {
        initContainers: [
          step('one', 'echo one >/scratch/order'),
          step('two', 'echo two >>/scratch/order'),
        ],
        volumes: [{ name: 'work', emptyDir: {} }],
      }),
    );
    await ready('prepared');
    await until('its log', async () =>
      (await server.kubectl('logs', 'prepared')).includes('started'),
    );
    expect(await server.kubectl('logs', 'prepared')).toBe('one\ntwo\nstarted\n');
    expect(
      await server.field(
        'pod prepared',
        '{.status.initContainerStatuses[*].state.terminated.reason}',
      ),
    ).toBe('Completed Completed');
  });

  test('a failing init container holds the pod back', async () => {
    await server.apply(
      pod('held', shell('true'), { initContainers: [{ ...shell('exit 3'), name: 'check' }] }),
    );
    await until('it is seen', async () =>
      /Init:(Error|CrashLoopBackOff)/.test(await server.kubectl('get', 'pod', 'held')),
    );
    expect(await server.field('pod held', '{.status.containerStatuses[0].started}')).toBe('false');
    await server.kubectl('delete', 'pod', 'held', '--wait=false');
  });

  test('a container that ends again and again is backed off: CrashLoopBackOff', async () => {
    await server.apply(pod('crashing', shell('echo once; exit 4')));
    await until('CrashLoopBackOff shows', async () =>
      / 0\/1 +CrashLoopBackOff +[1-9]/.test(await server.kubectl('get', 'pod', 'crashing')),
    );
    const path = '{.status.containerStatuses[0].lastState.terminated.exitCode}';
    expect(await server.field('pod crashing', path)).toBe('4');
    expect(await server.kubectl('logs', 'crashing', '--previous')).toBe('once\n');
    await untilEvent('crashing', /Warning +BackOff .*Back-off restarting failed container main/);
    await server.kubectl('delete', 'pod', 'crashing', '--wait=false');
  });

  test('restartPolicy Never and OnFailure: the pod ends with its containers', async () => {
    await server.apply(pod('done', shell('exit 0'), { restartPolicy: 'OnFailure' }));
    await server.apply(pod('failed', shell('exit 5'), { restartPolicy: 'Never' }));
    await server.untilField('pod done', '{.status.phase}', { is: 'Succeeded' });
    await server.untilField('pod failed', '{.status.phase}', { is: 'Failed' });
    expect(await server.kubectl('get', 'pods', 'done', 'failed')).toMatch(
      /done +0\/1 +Completed +0 .*\nfailed +0\/1 +Error +0 /,
    );
  });

  test('liveness: a sick container is killed and started again', async () => {
    await server.apply(
      pod(
        'sick',
        shell(`rm -f /scratch/ok; sleep 0.2; touch /scratch/ok; ${WAIT_FOR_TERM}`, {
          volumeMounts: [{ name: 'work', mountPath: '/scratch' }],
          startupProbe: { exec: { command: ['test', '-e', '/scratch/ok'] }, periodSeconds: 1 },
          livenessProbe: {
            exec: { command: ['test', '-e', '/scratch/ok'] },
            periodSeconds: 1,
            failureThreshold: 1,
          },
        }),
        { volumes: [{ name: 'work', emptyDir: {} }] },
      ),
    );
    await ready('sick');
    await inPod('sick', 'rm /scratch/ok');
    await server.untilField('pod sick', '{.status.containerStatuses[0].restartCount}', { is: '1' });
    await ready('sick');
    expect(await server.kubectl('logs', 'sick', '--previous')).toBe('started\nstopping\n');
    await untilEvent('sick', /Warning +Unhealthy .*Liveness probe failed/);
    await untilEvent(
      'sick',
      /Normal +Killing .*Container main failed liveness probe, will be restarted/,
    );
  });

  test('httpGet and tcpSocket probes, by name and number of the port', async () => {
    await server.apply(
      pod(
        'web',
        {
          ...nodeProgram(HTTP_SERVER),
          ports: [{ name: 'http', containerPort: 8080 }],
          startupProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1, failureThreshold: 30 },
          readinessProbe: {
            httpGet: { path: '/healthz', port: 'http' },
            periodSeconds: 1,
            failureThreshold: 1,
          },
          volumeMounts: [nodeMount],
        },
        { volumes: [nodeVolume] },
      ),
    );
    await ready('web');
    await inPod('web', 'touch /tmp/sick');
    await server.kubectl('wait', '--for=condition=Ready=false', 'pod/web', '--timeout=20s');
    await untilEvent(
      'web',
      /Unhealthy .*Readiness probe failed: HTTP probe failed with statuscode: 500/,
    );
    await inPod('web', 'rm /tmp/sick');
    await ready('web');
    expect(await server.field('pod web', '{.status.containerStatuses[0].restartCount}')).toBe('0');
  });

  test('configMap, secret, downwardAPI, projected, emptyDir and hostPath volumes', async () => {
    mkdirSync(join(shared, 'folder'), { recursive: true });
    writeFileSync(join(shared, 'folder', 'of-the-host'), 'host');
    await server.apply({ ...meta('ConfigMap', 'settings'), data: { a: '1', b: '2' } });
    await server.apply({ ...meta('Secret', 'keys'), stringData: { key: 's3cret' } });
    const podName = { path: 'name', fieldRef: { fieldPath: 'metadata.name' } };
    const mounts = ['settings', 'keys', 'down', 'all', 'empty', 'host'];
    await server.apply(
      pod(
        'volumes',
        shell(WAIT_FOR_TERM, {
          volumeMounts: [
            ...mounts.map((name) => ({ name, mountPath: `/v/${name}` })),
            { name: 'settings', mountPath: '/v/single', subPath: 'b' },
          ],
        }),
        {
          volumes: [
            { name: 'settings', configMap: { name: 'settings' } },
            { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
            { name: 'down', downwardAPI: { items: [podName] } },
            {
              name: 'all',
              projected: {
                sources: [
                  { configMap: { name: 'settings', items: [{ key: 'a', path: 'deep/a' }] } },
                  { secret: { name: 'keys' } },
                  { downwardAPI: { items: [podName] } },
                ],
              },
            },
            { name: 'empty', emptyDir: { medium: 'Memory' } },
            { name: 'host', hostPath: { path: join(shared, 'folder'), type: 'Directory' } },
          ],
        },
      ),
    );
    await ready('volumes');
    const paths =
      'settings/a settings/b keys/key down/name all/deep/a all/key all/name host/of-the-host single';
    const script = `for f in ${paths}; do echo $(cat /v/$f); done; echo new >/v/empty/f; cat /v/empty/f`;
    expect((await inPod('volumes', script)).split('\n')).toEqual([
      '1',
      '2',
      's3cret',
      'volumes',
      '1',
      's3cret',
      'volumes',
      'host',
      '2',
      'new',
    ]);
    expect(await inPod('volumes', 'stat -Lc %a /v/keys/key')).toBe('400');
    await server.kubectl('patch', 'configmap', 'settings', '-p', '{"data":{"a":"changed"}}');
    // A change of the pod makes its node look at once; without one it does within about a minute.
    await server.kubectl('annotate', 'pod', 'volumes', 'look=now');
    await until(
      'the change is seen in the pod',
      async () => (await inPod('volumes', 'cat /v/settings/a')) === 'changed',
    );
  });

  test('environment: values, references to each other, fields, resources, maps', async () => {
    await server.apply({ ...meta('ConfigMap', 'env'), data: { ONE: '1' } });
    await server.apply(
      pod(
        'environment',
        shell(`env; ${WAIT_FOR_TERM}`, {
          envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'env' } }],
          env: [
            { name: 'A', value: 'a' },
            { name: 'B', value: '$(A)b $$(A)' },
            { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
            { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'env', key: 'ONE' } } },
          ],
          resources: { limits: { cpu: '1', memory: '64Mi' } },
        }),
      ),
    );
    await ready('environment');
    await until('its log', async () =>
      (await server.kubectl('logs', 'environment')).includes('started'),
    );
    const lines = (await server.kubectl('logs', 'environment')).split('\n');
    const address = await server.field('pod environment', '{.status.podIP}');
    for (const line of [
      'CFG_ONE=1',
      'A=a',
      'B=ab $(A)',
      'NAME=environment',
      `IP=${address}`,
      'NODE=ordinal-0',
      'CPU=1',
      'KEY=1',
      'HOSTNAME=environment',
      'KUBERNETES_SERVICE_HOST=10.96.0.1',
      'KUBERNETES_SERVICE_PORT=443',
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.filter((line) => line.startsWith('ORDINAL_'))).toEqual([]);
  });

  test('runAsUser, runAsGroup and fsGroup', async () => {
    await server.apply(
      pod(
        'user',
        shell(WAIT_FOR_TERM, { volumeMounts: [{ name: 'work', mountPath: '/scratch' }] }),
        {
          securityContext: { runAsUser: 1234, runAsGroup: 2345, fsGroup: 3456 },
          volumes: [{ name: 'work', emptyDir: {} }],
        },
      ),
    );
    await ready('user');
    expect(await inPod('user', 'id -u; id -g')).toBe('1234\n2345');
    expect(await inPod('user', 'touch /scratch/f && stat -c %u /scratch/f')).toBe('1234');
    if (isRootless) return;
    expect(await inPod('user', 'id -G')).toBe('2345 3456');
    expect(await inPod('user', 'stat -c %g /scratch/f')).toBe('3456');
  });

  test('preStop runs first, then SIGTERM, and SIGKILL after the grace period', async () => {
    const volume = { volumes: [{ name: 'host', hostPath: { path: shared } }] };
    const volumeMounts = [{ name: 'host', mountPath: '/host' }];
    const note = (word: string) => `echo ${word} >>/host/end`;
    await server.apply(
      pod(
        'polite',
        shell(`trap "${note('term')}; exit 0" TERM; while :; do sleep 0.05; done`, {
          volumeMounts,
          lifecycle: { preStop: { exec: { command: ['sh', '-c', note('preStop')] } } },
        }),
        volume,
      ),
    );
    await server.apply(
      pod('stubborn', shell('trap "" TERM; while :; do sleep 0.05; done'), {
        terminationGracePeriodSeconds: 1,
      }),
    );
    await Promise.all([ready('polite'), ready('stubborn')]);
    await server.kubectl('delete', 'pod', 'polite', '--timeout=20s');
    expect(readFileSync(join(shared, 'end'), 'utf8')).toBe('preStop\nterm\n');
    const before = performance.now();
    await server.kubectl('delete', 'pod', 'stubborn', '--timeout=20s');
    expect(performance.now() - before).toBeGreaterThan(900);
  });

  test('without a command there is nothing to run, and an event says so', async () => {
    await server.apply(pod('empty', { name: 'main', image: 'nginx' }));
    await untilEvent('empty', /Warning +\w+ .*command/);
    const waiting = await server.field('pod empty', '{.status.containerStatuses[0].state.waiting}');
    expect(waiting).toContain('command');
    expect(await server.kubectl('get', 'pod', 'empty')).not.toContain('Running');
    await server.kubectl('delete', 'pod', 'empty', '--timeout=20s');
  });

  test('a program that is not there: the pod says so', async () => {
    await server.apply(pod('absent', { name: 'main', image: 'x', command: ['/no/such/program'] }));
    await until('it is told', async () => {
      const { stdout } = await server.run(['get', 'pod', 'absent', '-o', 'json']);
      return /no such file|not found/i.test(stdout);
    });
    await server.kubectl('delete', 'pod', 'absent', '--wait=false');
  });

  test('a volume that is not there yet keeps the pod waiting, then it starts', async () => {
    await server.apply(
      pod('late', shell(WAIT_FOR_TERM), {
        volumes: [{ name: 'later', configMap: { name: 'later' } }],
      }),
    );
    await untilEvent('late', /Warning +FailedMount .*configmap "later" not found/);
    await server.apply({ ...meta('ConfigMap', 'later') });
    await ready('late');
  });

  test('two containers share the address; exec and logs choose one', async () => {
    await server.apply(
      pod(
        'pair',
        [shell('echo a; exec sleep 1000'), { ...shell('echo b; exec sleep 1000'), name: 'side' }],
        {
          terminationGracePeriodSeconds: 0,
        },
      ),
    );
    await ready('pair');
    expect(await server.kubectl('logs', 'pair', '-c', 'side')).toBe('b\n');
    const address = 'hostname -I';
    expect(await inPod('pair', address, '-c', 'main')).toBe(
      await inPod('pair', address, '-c', 'side'),
    );
    const wrong = await server.run(['logs', 'pair', '-c', 'other']);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('container other is not valid for pod pair');
  });

  test('attach, port-forward and cp', async () => {
    const forward = server.following('port-forward', 'pod/web', '0:8080');
    const port = await until('the port is open', () => /:(\d+) ->/.exec(forward.output())?.[1]);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    await forward.stop();
    writeFileSync(join(shared, 'copied'), 'copy');
    await server.kubectl('cp', join(shared, 'copied'), 'user:/scratch/copied');
    expect(await inPod('user', 'cat /scratch/copied')).toBe('copy');
  });

  test('pods reach each other and the API server, and nothing of the data directory', async () => {
    const web = await server.field('pod web', '{.status.podIP}');
    const script = `require('http').get('http://${web}:8080/', (r) => console.log(r.statusCode))`;
    expect(await inPod('web', `${nodeMount.mountPath} -e "${script}"`)).toBe('200');
    expect(await inPod('user', 'cat /var/run/secrets/kubernetes.io/serviceaccount/namespace')).toBe(
      'default',
    );
    expect(await inPod('pair', `ls ${server.dataDir} | wc -l`, '-c', 'main')).toBe('0');
  });
});
