// kubectl and sets, pods and nodes beyond streams: rollouts, set, scale, expose, top, drain.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pod, shell, WAIT_FOR_TERM } from './manifests.ts';
import { describeWithPods, TestServer } from './server.ts';
import { until } from './until.ts';

const labels = { app: 'web' };

const web = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'web' },
  spec: {
    serviceName: 'web',
    replicas: 2,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: { terminationGracePeriodSeconds: 2, containers: [shell(WAIT_FOR_TERM)] },
    },
  },
};

describeWithPods('kubectl and workloads', () => {
  const server = new TestServer();
  const scratch = mkdtempSync(join(tmpdir(), 'ordinal-workloads-'));
  const rolledOut = () => server.kubectl('rollout', 'status', 'sts/web', '--timeout=60s');
  const refused = async (...args: string[]) => {
    const { code, stderr } = await server.run(args);
    expect(code).toBe(1);
    return stderr;
  };

  beforeAll(async () => {
    await server.start();
    await server.apply(web);
    await rolledOut();
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await server.dispose();
  });

  test('API-622: set image, env and resources roll the set out anew', async () => {
    const container = '{.spec.template.spec.containers[0]';
    expect(await server.kubectl('set', 'image', 'sts/web', 'main=other:2')).toBe(
      'statefulset.apps/web image updated\n',
    );
    await server.kubectl('set', 'env', 'sts/web', 'COLOR=blue');
    await server.kubectl('set', 'resources', 'sts/web', '--limits=cpu=500m');
    expect(await server.field('sts web', `${container}.image}`)).toBe('other:2');
    expect(await server.field('sts web', `${container}.resources.limits.cpu}`)).toBe('500m');
    expect(await server.kubectl('set', 'env', 'sts/web', '--list')).toContain('COLOR=blue\n');
    await rolledOut();
    expect(await server.kubectl('exec', 'web-0', '--', 'sh', '-c', 'echo $COLOR')).toBe('blue\n');
  });

  test('SS-746: rollout history, undo, restart; a set can not be paused', async () => {
    const history = await server.kubectl('rollout', 'history', 'sts/web');
    expect(history).toMatch(/REVISION +CHANGE-CAUSE\n1 .*\n2 .*\n3 .*\n4 /);
    const first = await server.kubectl('rollout', 'history', 'sts/web', '--revision=1');
    expect(first).toContain('Image:\thost');
    await server.kubectl('rollout', 'undo', 'sts/web', '--to-revision=1');
    await rolledOut();
    expect(await server.field('sts web', '{.spec.template.spec.containers[0].image}')).toBe('host');
    await server.kubectl('rollout', 'restart', 'sts/web');
    await rolledOut();
    const mark = '{.metadata.annotations.kubectl\\.kubernetes\\.io/restartedAt}';
    expect(await server.field('pod web-1', mark)).not.toBe('');
    expect(await refused('rollout', 'pause', 'sts/web')).toContain('pausing is not supported');
  });

  test('API-702: scale, with and without a condition', async () => {
    const wrong = ['scale', 'sts/web', '--current-replicas=5', '--replicas=1'];
    expect(await refused(...wrong)).toContain('Expected replicas to be 5, was 2');
    expect(await server.kubectl('scale', 'sts/web', '--current-replicas=2', '--replicas=1')).toBe(
      'statefulset.apps/web scaled\n',
    );
    await server.kubectl('wait', '--for=delete', 'pod/web-1', '--timeout=30s');
    expect(await server.kubectl('get', 'sts', 'web', '--subresource=scale')).toMatch(
      /^NAME +DESIRED +AVAILABLE +AGE\nweb +1 +1 /,
    );
    await server.kubectl('scale', 'sts/web', '--replicas=2');
    await rolledOut();
  });

  test('expose and autoscale', async () => {
    await server.kubectl('expose', 'pod', 'web-0', '--name=first', '--port=80');
    expect(await server.field('svc first', '{.spec.selector.app} {.spec.ports[0].port}')).toBe(
      'web 80',
    );
    expect(await refused('expose', 'sts', 'web', '--port=80')).toContain('cannot expose');
    await server.kubectl('autoscale', 'sts/web', '--min=1', '--max=3', '--cpu-percent=50');
    expect(await server.kubectl('get', 'hpa', 'web')).toMatch(
      /web +StatefulSet\/web +cpu: <unknown>\/50% +1 +3 /,
    );
    await server.kubectl('delete', 'hpa,svc', 'web', 'first', '--ignore-not-found');
  });

  test('events, of everything and of one pod', async () => {
    expect(await server.kubectl('events')).toMatch(/^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
    const own = await server.kubectl('events', '--for', 'pod/web-0', '--types=Normal');
    expect(own).toMatch(/Normal +Started +Pod\/web-0 +Container started/);
    expect(own).not.toContain('Pod/web-1');
  });

  test('top node and top pod', async () => {
    expect(await server.kubectl('top', 'node')).toMatch(/\nordinal-0 +\d+m +\d+% +\d+Mi +\d+%/);
    await server.apply(pod('busy', shell('while :; do :; done', { resources: {} })));
    await server.kubectl('wait', '--for=condition=Ready', 'pod/busy', '--timeout=20s');
    await until('the busy pod is seen to use a processor', async () => {
      const { stdout } = await server.run(['top', 'pod', 'busy', '--no-headers']);
      return Number(/^busy +(\d+)m/.exec(stdout)?.[1] ?? 0) >= 50;
    });
    const all = await server.kubectl('top', 'pod', '-l', 'app=web', '--containers');
    expect(all).toMatch(/^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\nweb-0 +main +\d+m +\d+Mi/);
    expect(await server.kubectl('top', 'pod', '-A', '--sort-by=cpu')).toMatch(/\ndefault +busy /);
    expect(await refused('top', 'pod', 'nobody')).toContain('"default/nobody" not found');
    expect(await server.kubectl('get', 'pods.metrics.k8s.io')).toMatch(
      /^NAME +CPU +MEMORY +WINDOW/,
    );
    expect(await server.kubectl('api-resources', '--api-group=metrics.k8s.io', '-o', 'name')).toBe(
      'nodes.metrics.k8s.io\npods.metrics.k8s.io\n',
    );
    await server.kubectl('delete', 'pod', 'busy', '--now');
  });

  test('wait: for conditions, fields, creation and deletion', async () => {
    const creation = server.run(['wait', '--for=create', 'pod/awaited', '--timeout=20s']);
    await server.apply(pod('awaited', shell(WAIT_FOR_TERM)));
    expect((await creation).code).toBe(0);
    const ready = ['wait', '--for=condition=Ready', 'pod', '-l', 'pod=awaited', '--timeout=20s'];
    expect(await server.kubectl(...ready)).toBe('pod/awaited condition met\n');
    const phase = ['wait', 'pod/awaited', '--for=jsonpath={.status.phase}=Running'];
    expect(await server.kubectl(...phase)).toBe('pod/awaited condition met\n');
    expect(
      await refused('wait', '--for=condition=Ready=false', 'pod/awaited', '--timeout=1s'),
    ).toContain('timed out waiting for the condition on pods/awaited');
    const deletion = server.run(['wait', '--for=delete', 'pod/awaited', '--timeout=20s']);
    await server.kubectl('delete', 'pod', 'awaited', '--grace-period=1', '--wait=false');
    expect((await deletion).code).toBe(0);
  });

  test('API-905, API-907: delete --now, --force, --wait=false, -l, --all and --raw', async () => {
    const stubborn = shell('trap "" TERM; while :; do sleep 0.05; done');
    const names = ['one', 'two', 'three'];
    for (const name of names) await server.apply(pod(name, stubborn));
    await server.kubectl('wait', '--for=condition=Ready', 'pod', ...names, '--timeout=20s');
    const forced = await server.run(['delete', 'pod', 'one', '--force', '--grace-period=0']);
    expect(forced).toMatchObject({ code: 0, stdout: 'pod "one" force deleted\n' });
    expect(forced.stderr).toContain('Immediate deletion does not wait');
    expect(await server.kubectl('delete', 'pod', '-l', 'pod=two', '--now')).toBe(
      'pod "two" deleted\n',
    );
    await server.kubectl('delete', 'pod', 'three', '--wait=false', '--grace-period=60');
    expect(await server.kubectl('get', 'pod', 'three')).toMatch(/three +1\/1 +Terminating /);
    await server.kubectl('delete', 'pod', 'three', '--force', '--grace-period=0');
    await server.kubectl('create', 'configmap', 'raw');
    const path = '/api/v1/namespaces/default/configmaps/raw';
    expect(JSON.parse(await server.kubectl('delete', '--raw', path))).toMatchObject({
      status: 'Success',
    });
    await server.kubectl('create', 'namespace', 'emptied');
    for (const name of names) await server.kubectl('create', 'cm', name, '-n', 'emptied');
    await server.kubectl('delete', 'configmap', '--all', '-n', 'emptied');
    const left = await server.kubectl('get', 'configmap', '-n', 'emptied', '-o', 'name');
    expect(left).not.toMatch(/one|two|three/);
  });

  test('cluster-info and its dump', async () => {
    expect(await server.kubectl('cluster-info')).toContain('control plane');
    const directory = join(scratch, 'dump');
    await server.kubectl('cluster-info', 'dump', `--output-directory=${directory}`);
    expect(readdirSync(directory).toSorted()).toEqual(['default', 'kube-system', 'nodes.json']);
    expect(readdirSync(join(directory, 'default'))).toContain('web-0');
  });

  test('cordon, uncordon and taint keep pods off a node', async () => {
    await server.kubectl('cordon', 'ordinal-0');
    expect(await server.kubectl('get', 'node', 'ordinal-0')).toContain('Ready,SchedulingDisabled');
    await server.apply(pod('kept-off', shell(WAIT_FOR_TERM)));
    const reason = '{.status.conditions[?(@.type=="PodScheduled")].reason}';
    await server.untilField('pod kept-off', reason, { is: 'Unschedulable' });
    await server.kubectl('taint', 'node', 'ordinal-0', 'a=b:NoSchedule');
    await server.kubectl('uncordon', 'ordinal-0');
    expect(await server.field('pod kept-off', reason)).toBe('Unschedulable');
    await server.kubectl('taint', 'node', 'ordinal-0', 'a-');
    await server.kubectl('wait', '--for=condition=Ready', 'pod/kept-off', '--timeout=20s');
    await server.kubectl('delete', 'pod', 'kept-off', '--now');
  });

  test('API-703: drain waits for a disruption budget and goes on when that allows it', async () => {
    await server.kubectl('create', 'pdb', 'keep', '--selector=app=web', '--min-available=2');
    const allowed = '{.status.disruptionsAllowed}{.status.currentHealthy}';
    await until('the numbers', async () => /^0?2$/.test(await server.field('pdb keep', allowed)));
    const drain = server.following('drain', 'ordinal-0', '--ignore-daemonsets', '--timeout=50s');
    await until('the refusal', () =>
      drain.output().includes("Cannot evict pod as it would violate the pod's disruption budget"),
    );
    expect(await server.field('pod web-0', '{.metadata.deletionTimestamp}')).toBe('');
    await server.kubectl('delete', 'pdb', 'keep');
    await until('the drain', () => drain.output().includes('node/ordinal-0 drained'), {
      show: () => drain.output(),
    });
    await drain.ended;
    await server.kubectl('uncordon', 'ordinal-0');
    await rolledOut();
  });
});
