// The StatefulSet of the Kubernetes documentation on a real node: identity, volumes, names,
// scaling, updates, and the commands of kubectl that deal with sets and their pods.
import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WEB_SCRIPT, webSet } from './manifests.ts';
import { describeWithPods, TestServer } from './server.ts';
import { until } from './until.ts';

const PAGE = '/usr/share/nginx/html';

describeWithPods('the StatefulSet of the documentation', () => {
  const server = new TestServer();
  const names = async () => (await server.kubectl('get', 'pods', '-o', 'name')).trim().split('\n');
  const rolledOut = async () =>
    await server.kubectl('rollout', 'status', 'statefulset/web', '--timeout=60s');
  const resolver = () => {
    const dns = new Resolver({ timeout: 1000, tries: 2 });
    dns.setServers([`127.0.0.1:${server.ready.dnsPort}`]);
    return dns;
  };
  const addressOf = async (name: string) => await server.field(`pod ${name}`, '{.status.podIP}');
  const inPod = async (name: string, script: string) =>
    (await server.kubectl('exec', name, '--', 'sh', '-c', script)).trim();

  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  test('SS-301: pods web-0 to web-2 come up in order, each when the one before is Ready', async () => {
    const watch = server.following('get', 'pods', '-w', '--no-headers');
    expect(await server.apply(webSet(3, WEB_SCRIPT))).toBe(
      'service/nginx created\nstatefulset.apps/web created\n',
    );
    expect(await rolledOut()).toMatch(
      /partitioned roll out complete|rolling update complete 3 pods/,
    );
    await until('the watch has told of web-2', () => /web-2 +1\/1 +Running/.test(watch.output()));
    await watch.stop();
    const first = (pattern: RegExp) => watch.output().search(pattern);
    expect(first(/web-0 +1\/1/)).toBeLessThan(first(/^web-1 /m));
    expect(first(/web-1 +1\/1/)).toBeLessThan(first(/^web-2 /m));
    expect(await names()).toEqual(['pod/web-0', 'pod/web-1', 'pod/web-2']);
    expect(await server.kubectl('get', 'statefulset', 'web')).toMatch(/\nweb +3\/3 +\d+s\n/);
  });

  test('SS-101: hostname, subdomain, labels, claim, node and address of each pod', async () => {
    const addresses = new Set<string>();
    for (const index of [0, 1, 2]) {
      const path =
        '{.spec.hostname} {.spec.subdomain} {.metadata.labels.app} ' +
        '{.metadata.labels.statefulset\\.kubernetes\\.io/pod-name} ' +
        '{.metadata.labels.apps\\.kubernetes\\.io/pod-index} ' +
        '{.spec.volumes[?(@.name=="www")].persistentVolumeClaim.claimName}';
      const name = `web-${index}`;
      expect(await server.field(`pod ${name}`, path)).toBe(
        `${name} nginx nginx ${name} ${index} www-${name}`,
      );
      expect(
        await server.field(`pvc www-${name}`, '{.status.phase} {.spec.storageClassName}'),
      ).toBe('Bound local');
      expect(await inPod(name, 'hostname')).toBe(name);
      addresses.add(await addressOf(name));
    }
    expect(addresses.size).toBe(3);
    expect(await inPod('web-1', 'hostname -f')).toBe('web-1.nginx.default.svc.cluster.local');
  });

  test('SS-907: names resolve inside pods and from the host', async () => {
    const full = 'web-1.nginx.default.svc.cluster.local';
    const address = await addressOf('web-1');
    for (const name of ['web-1.nginx', full]) {
      expect(await inPod('web-0', `getent hosts ${name}`)).toMatch(new RegExp(`^${address} `));
    }
    expect(await resolver().resolve4(full)).toEqual([address]);
    expect((await resolver().resolve4('nginx.default.svc.cluster.local')).sort()).toEqual(
      (await Promise.all(['web-0', 'web-1', 'web-2'].map(addressOf))).sort(),
    );
    await expect(resolver().resolve4('web-7.nginx.default.svc.cluster.local')).rejects.toThrow(
      'ENOTFOUND',
    );
  });

  test('SS-909: SRV and PTR records', async () => {
    const records = await resolver().resolveSrv('_web._tcp.nginx.default.svc.cluster.local');
    expect(records.map(({ name, port }) => `${name}:${port}`).sort()).toEqual(
      [0, 1, 2].map((index) => `web-${index}.nginx.default.svc.cluster.local:80`),
    );
    expect(await resolver().reverse(await addressOf('web-2'))).toEqual([
      'web-2.nginx.default.svc.cluster.local',
    ]);
  });

  test('SS-901: a pod without network tools finds its own name in /etc/hosts', async () => {
    const address = await addressOf('web-0');
    expect(await inPod('web-0', 'cat /etc/hosts')).toMatch(
      new RegExp(`^${address}\\s+web-0\\.nginx\\.default\\.svc\\.cluster\\.local\\s+web-0$`, 'm'),
    );
  });

  test('a deleted pod comes back: same name, same volume and data, its name follows', async () => {
    const uid = await server.field('pod web-1', '{.metadata.uid}');
    await inPod('web-1', `echo kept >${PAGE}/index.html`);
    expect(await server.kubectl('delete', 'pod', 'web-1')).toBe('pod "web-1" deleted\n');
    await until('web-1 is a new pod', async () => {
      const { stdout } = await server.run([
        'get',
        'pod',
        'web-1',
        '-o',
        'jsonpath={.metadata.uid}',
      ]);
      return stdout !== '' && stdout !== uid;
    });
    await server.kubectl('wait', '--for=condition=Ready', 'pod/web-1', '--timeout=30s');
    expect(await inPod('web-1', `cat ${PAGE}/index.html ${PAGE}/log`)).toBe(
      'kept\nweb-1 started\nweb-1 stopped\nweb-1 started',
    );
    const address = await addressOf('web-1');
    await until('its name has the address', async () => {
      const found = await inPod('web-0', 'getent hosts web-1.nginx || true');
      return found.startsWith(`${address} `);
    });
    expect(await resolver().resolve4('web-1.nginx.default.svc.cluster.local')).toEqual([address]);
  });

  test('scale down from the highest ordinal, claims are kept; up again with the same data', async () => {
    await inPod('web-2', `echo two >${PAGE}/index.html`);
    expect(await server.kubectl('scale', 'statefulset', 'web', '--replicas=1')).toBe(
      'statefulset.apps/web scaled\n',
    );
    await until('web-0 alone is left', async () => (await names()).join() === 'pod/web-0');
    expect(await server.kubectl('get', 'pvc', '-o', 'name')).toBe(
      [0, 1, 2].map((index) => `persistentvolumeclaim/www-web-${index}\n`).join(''),
    );
    const wrong = await server.run(['scale', 'sts/web', '--replicas=2', '--current-replicas=7']);
    expect(wrong.code).toBe(1);
    await server.kubectl('scale', 'statefulset', 'web', '--replicas=3');
    await rolledOut();
    expect(await inPod('web-2', `cat ${PAGE}/index.html`)).toBe('two');
  });

  test('SS-746: rollout restart, history, undo', async () => {
    const oldUid = await server.field('pod web-0', '{.metadata.uid}');
    await server.kubectl('rollout', 'restart', 'statefulset/web');
    await rolledOut();
    expect(await server.field('pod web-0', '{.metadata.uid}')).not.toBe(oldUid);
    const restartedAt =
      '{.spec.template.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}';
    expect(await server.field('statefulset web', restartedAt)).toMatch(/^\d{4}-\d\d-\d\dT/);
    await server.kubectl('set', 'image', 'statefulset/web', 'nginx=nginx:two');
    await rolledOut();
    expect(await server.field('pod web-0', '{.spec.containers[0].image}')).toBe('nginx:two');
    const history = await server.kubectl('rollout', 'history', 'statefulset/web');
    expect(history).toMatch(/REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>\n3 +<none>\n/);
    expect(await server.kubectl('rollout', 'history', 'sts/web', '--revision=3')).toContain(
      'nginx:two',
    );
    await server.kubectl('rollout', 'undo', 'statefulset/web');
    await rolledOut();
    expect(await server.field('pod web-0', '{.spec.containers[0].image}')).toContain('nginx-slim');
    await server.kubectl('rollout', 'undo', 'statefulset/web', '--to-revision=1');
    expect(await server.field('statefulset web', restartedAt)).toBe('');
    await rolledOut();
  }, 60_000);

  test('logs, logs -f and describe', async () => {
    expect(await server.kubectl('logs', 'web-0')).toBe('web-0 runs\n');
    expect(await server.kubectl('logs', '-l', 'app=nginx', '--prefix', '--tail=1')).toContain(
      '[pod/web-2/nginx] web-2 runs\n',
    );
    const logs = server.following('logs', '-f', 'web-0');
    await until('the log is followed', () => logs.output().includes('web-0 runs'));
    await logs.stop();
    const set = await server.kubectl('describe', 'statefulset', 'web');
    expect(set).toContain('3 Running / 0 Waiting / 0 Succeeded / 0 Failed');
    expect(set).toMatch(/SuccessfulCreate .*Create Pod web-0 in StatefulSet web successful/);
    const pod = await server.kubectl('describe', 'pod', 'web-0');
    expect(pod).toMatch(/Controlled By: +StatefulSet\/web/);
    expect(pod).toMatch(/Normal +Scheduled .*Successfully assigned default\/web-0 to ordinal-0/);
    expect(pod).toMatch(/Normal +Started /);
    const events = await server.kubectl('get', 'events');
    expect(events).toMatch(/Normal +SuccessfulCreate +statefulset\/web /);
    expect(await server.kubectl('describe', 'pvc', 'www-web-0')).toMatch(/Used By: +web-0/);
  });

  test('exec: output, exit code, standard input', async () => {
    const code = await server.run([
      'exec',
      'web-0',
      '--',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    ]);
    expect(code).toMatchObject({ code: 7, stdout: 'out\n' });
    expect(code.stderr).toContain('err\n');
    const text = 'line\n'.repeat(50_000);
    const piped = await server.run(['exec', '-i', 'web-0', '--', 'cat'], { stdin: text });
    expect(piped.code).toBe(0);
    expect(piped.stdout === text).toBe(true);
    const missing = await server.run(['exec', 'web-0', '--', 'no-such-program']);
    expect(missing.code).not.toBe(0);
  });

  test('SS-218, SS-603, SS-613: delete --cascade=foreground waits for pods; claims stay', async () => {
    await server.kubectl('delete', 'sts', 'web', '--cascade=foreground', '--timeout=30s');
    expect(await server.kubectl('get', 'pods', '-o', 'name')).toBe('');
    expect(await server.kubectl('get', 'pvc', '-o', 'name')).not.toBe('');
    await server.kubectl('delete', 'pvc', '--all', '--timeout=20s');
    await until('the volumes are gone', async () => {
      return (await server.kubectl('get', 'pv', '-o', 'name')) === '';
    });
  });

  test('SS-604, SS-613: delete --cascade=orphan leaves the pods; a new set adopts them', async () => {
    const uids = async () => await server.field('pods', '{.items[*].metadata.uid}');
    await server.apply(webSet(2, WEB_SCRIPT));
    await rolledOut();
    const before = await uids();
    await server.kubectl('delete', 'statefulset', 'web', '--cascade=orphan');
    await until('the pods have no owner', async () => {
      return (await server.field('pods', '{.items[*].metadata.ownerReferences}')) === '';
    });
    await server.apply(webSet(2, WEB_SCRIPT));
    await server.untilField('statefulset web', '{.status.readyReplicas}', { is: '2' });
    expect(await uids()).toBe(before);
  });

  test('SS-601, SS-613: delete --cascade=background: the pods go after their set', async () => {
    await server.kubectl('delete', 'sts', 'web');
    await until('the pods are gone', async () => {
      return (await server.kubectl('get', 'pods', '-o', 'name')) === '';
    });
    await expect(resolver().resolve4('web-0.nginx.default.svc.cluster.local')).rejects.toThrow(
      'ENOTFOUND',
    );
  });
});
