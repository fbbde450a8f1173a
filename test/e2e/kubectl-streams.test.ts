// What kubectl does through connections to running containers: exec, attach, cp, port-forward, run,
// debug. Several versions of it, because these speak SPDY, WebSocket, or SPDY within WebSocket.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { follow, kubectlPath, otherKubectls, runCommand, type RunOptions } from './kubectl.ts';
import { nodeMount, nodeProgram, nodeVolume, pod, shell, WAIT_FOR_TERM } from './manifests.ts';
import { describeWithPods, TestServer } from './server.ts';
import { inTerminal } from './terminal.ts';
import { until } from './until.ts';

/**
 * Answers only once two requests are there at the same time; /one at once. A port of localhost
 * counts bytes until the other side is done.
 */
const PAIR_SERVER = `
  let waiting = [];
  require('http').createServer((request, response) => {
    if (request.url === '/one') return response.end('one');
    waiting.push(response);
    if (waiting.length < 2) return;
    for (const other of waiting) other.end('both');
    waiting = [];
  }).listen(8080);
  const count = (socket) => {
    let bytes = 0;
    socket.on('data', (chunk) => (bytes += chunk.length));
    socket.on('end', () => socket.end(String(bytes)));
  };
  require('net').createServer({ allowHalfOpen: true }, count).listen(8082, '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
`;

/** Repeats what is typed, and tells the size of its terminal. */
const REPEATING = 'while read line; do echo "<$line>"; [ "$line" = size ] && stty size; done';

/** The oldest, the last that speaks SPDY for port-forward, and the newest, if they are here. */
const chosen = otherKubectls().filter((path) => /\.1\.(27|30|33)$/.test(path));
const kubectls = [...(kubectlPath === undefined ? [] : [kubectlPath]), ...chosen];

describeWithPods('kubectl and running containers', () => {
  const server = new TestServer();
  const scratch = mkdtempSync(join(tmpdir(), 'ordinal-streams-'));
  const terminal = (argv: readonly string[]) =>
    inTerminal(argv, { env: server.environment, directory: scratch, rows: 33, cols: 101 });

  beforeAll(async () => {
    await server.start();
    await server.apply(pod('tool', shell(WAIT_FOR_TERM)));
    const answering = shell('while read line; do echo "got $line"; done', { stdin: true });
    await server.apply(pod('answers', answering));
    await server.apply(pod('repeats', shell(REPEATING, { stdin: true, tty: true })));
    const labels = { app: 'pair' };
    const ports = [{ name: 'http', containerPort: 8080 }];
    const main = { ...nodeProgram(PAIR_SERVER), ports, volumeMounts: [nodeMount] };
    const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
    await server.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'pair' },
      spec: {
        serviceName: 'pair',
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ ...main, readinessProbe }], volumes: [nodeVolume] },
        },
      },
    });
    await server.apply({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'pair' },
      spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
    });
    for (const name of ['tool', 'answers', 'repeats', 'pair-0']) {
      await server.kubectl('wait', '--for=create', `pod/${name}`, '--timeout=20s');
      await server.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=30s');
    }
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true, force: true });
    await server.dispose();
  });

  describe.each(kubectls)('%s', (kubectl) => {
    const version = basename(kubectl).replaceAll('.', '-');
    const run = (args: readonly string[], options: RunOptions = {}) =>
      server.runWith(kubectl, args, options);
    const following = (...args: readonly string[]) =>
      follow([kubectl, ...args], server.environment);

    test('API-730, API-734: exec has output, errors, input to its end, and the exit code', async () => {
      const script = 'cat; echo oops >&2; exit 7';
      const result = await run(['exec', '-i', 'tool', '-c', 'main', '--', 'sh', '-c', script], {
        stdin: 'in\n',
      });
      expect(result).toEqual({
        code: 7,
        stdout: 'in\n',
        stderr: 'oops\ncommand terminated with exit code 7\n',
      });
      const large = 'x'.repeat(400_000);
      const echoed = await run(['exec', '-i', 'tool', '--', 'cat'], { stdin: large });
      expect(echoed.stdout === large).toBe(true);
      const missing = await run(['exec', 'tool', '-c', 'none', '--', 'true']);
      expect(missing.code).toBe(1);
      expect(missing.stderr).toContain('container none');
      const unknown = await run(['exec', 'tool', '-c', 'main', '--', 'nothing']);
      expect(unknown).toMatchObject({ code: 1, stdout: '' });
      expect(unknown.stderr).toMatch(
        /^error: Internal error occurred: .*exec: "nothing": executable file not found in \$PATH\n$/,
      );
    });

    test('API-732: exec -it has a terminal of the size of ours, also when that changes', async () => {
      const script =
        'tty; until stty size | grep "^33 101"; do sleep 0.05; done; ' +
        'until stty size | grep "^44 122"; do sleep 0.05; done; read line; echo "<$line>"; exit 5';
      const screen = terminal([kubectl, 'exec', '-it', 'tool', '--', 'sh', '-c', script]);
      await screen.shows('/dev/pts/');
      await screen.shows('33 101');
      screen.resize({ rows: 44, cols: 122 });
      await screen.shows('44 122');
      screen.type('typed\n');
      await screen.shows('<typed>');
      expect(await screen.ended()).toBe(5);
    });

    test('API-738: attach -i talks to the program of the container', async () => {
      const attached = following('attach', '-i', 'answers');
      await until('an answer', () => {
        attached.child.stdin.write(`${version}\n`);
        return attached.output().includes(`got ${version}\n`);
      });
      await attached.stop();
      expect(await server.field('pod answers', '{.status.phase}')).toBe('Running');
    });

    test('API-738: attach -it has a terminal of the size of ours, also when that changes', async () => {
      const screen = terminal([kubectl, 'attach', '-it', 'repeats']);
      await until('an answer', () => {
        screen.type(`${version}\n`);
        return screen.following.output().includes(`<${version}>`);
      });
      const lastSizeIs = (size: string) =>
        until(`the size ${size}`, () => {
          screen.type('size\n');
          return (
            screen.following
              .output()
              .match(/\d+ \d+(?=\r\n)/g)
              ?.at(-1) === size
          );
        });
      await lastSizeIs('33 101');
      screen.resize({ rows: 44, cols: 122 });
      await lastSizeIs('44 122');
      await screen.following.stop();
    });

    test('API-740: cp takes files and folders both ways', async () => {
      const folder = join(scratch, version);
      mkdirSync(join(folder, 'deep'), { recursive: true });
      const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
      writeFileSync(join(folder, 'deep', 'large'), content);
      writeFileSync(join(folder, 'small'), 'small');
      mkdirSync(join(folder, 'a b', 'ü'), { recursive: true });
      for (const odd of ['x y', '-dash', `"'$\n`]) writeFileSync(join(folder, 'a b/ü', odd), odd);
      for (let index = 0; index < 300; index++) writeFileSync(join(folder, `f${index}`), '');
      symlinkSync('a b/ü/x y', join(folder, 'link'));
      const there = `tool:/copy-${version}`;
      expect((await run(['cp', folder, there])).code).toBe(0);
      const look = (path: string) =>
        run(['exec', 'tool', '--', 'cat', `${there.slice(5)}/${path}`]);
      expect(await look('small')).toMatchObject({ code: 0, stdout: 'small' });
      expect(await look('link')).toMatchObject({ code: 0, stdout: 'x y' });
      const back = join(scratch, `${version}-back`);
      expect((await run(['cp', there, back])).code).toBe(0);
      expect(readFileSync(join(back, 'deep', 'large')).equals(content)).toBe(true);
      expect(readFileSync(join(back, 'small'), 'utf8')).toBe('small');
      // kubectl itself leaves links behind.
      expect(readdirSync(back).length).toBe(303);
      expect(readdirSync(join(back, 'a b/ü')).sort()).toEqual([`"'$\n`, '-dash', 'x y']);
    });

    test('API-750, API-752, API-753: port-forward to a pod, a service and a set, in parallel', async () => {
      for (const target of ['pod/pair-0', 'service/pair', 'statefulset/pair']) {
        const ports = target === 'service/pair' ? '0:80' : '0:8080';
        const forward = following('port-forward', target, ports);
        const port = await until(
          `the port of ${target} is open`,
          () => /127\.0\.0\.1:(\d+) -> 8080/.exec(forward.output())?.[1],
        );
        const get = async (path: string) =>
          (
            await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } })
          ).text();
        expect(await Promise.all([get('/a'), get('/b')])).toEqual(['both', 'both']);
        expect(await get('/one')).toBe('one');
        await forward.stop();
      }
    });

    test('API-752: port-forward to localhost of the pod, until both sides are done', async () => {
      const forward = following('port-forward', 'pod/pair-0', '0:8082');
      const port = await until(
        'the port is open',
        () => /127\.0\.0\.1:(\d+) -> 8082/.exec(forward.output())?.[1],
      );
      const sizes = [0, 1, 1_000_000, 5000, 5000, 5000];
      const counts = sizes.map(async (size) => {
        const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
        socket.end(Buffer.alloc(size));
        return Number(await text(socket));
      });
      expect(await Promise.all(counts)).toEqual(sizes);
      await forward.stop();
    });

    test('API-752: port-forward to a closed port says why', async () => {
      const forward = following('port-forward', 'pod/pair-0', '0:9');
      const port = await until(
        'the port is open',
        () => /127\.0\.0\.1:(\d+) -> 9/.exec(forward.output())?.[1],
      );
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
      await until('the reason', () =>
        /error forwarding port 9: dial tcp [\d.]+:9: connect: connection refused/.test(
          forward.output(),
        ),
      );
      await forward.stop();
    });

    test('API-738: run -i --rm hands on input and the exit code, and removes its pod', async () => {
      const name = `run-${version}`;
      const start = ['run', name, '-i', '--rm', '--quiet', '--restart=Never', '--image=host'];
      const cat = await run([...start, '--command', '--', 'cat'], { stdin: 'typed\n' });
      expect(cat).toMatchObject({ code: 0, stdout: 'typed\n' });
      const failing = [...start, '--command', '--', 'sh', '-c', 'cat; exit 4'];
      expect(await run(failing, { stdin: 'more\n' })).toMatchObject({ code: 4, stdout: 'more\n' });
      expect((await run(['get', 'pod', name])).code).toBe(1);
      const interactive = ['run', name, '-it', '--rm', '--restart=Never', '--image=host'];
      const screen = terminal([kubectl, ...interactive, '--command', '--', 'sh']);
      await screen.shows(/[#$] $/);
      screen.type('echo $((6 * 7)); exit\n');
      await screen.shows('42');
      expect(await screen.ended()).toBe(0);
    });

    test('API-705: debug puts a container into a running pod, or makes a copy of the pod', async () => {
      const name = `debug-${version}`;
      const ask = ['debug', 'tool', '-it', '--image=host', '-c', name, '--target=main', '--'];
      const script = 'hostname; tr "\\0" " " </proc/1/cmdline; read line; echo "<$line>"';
      const screen = terminal([kubectl, ...ask, 'sh', '-c', script]);
      await screen.shows('tool');
      await screen.shows('echo stopping');
      screen.type('typed\n');
      await screen.shows('<typed>');
      await screen.ended();
      const path = `{.status.ephemeralContainerStatuses[?(@.name=="${name}")].state.terminated.reason}`;
      await server.untilField('pod tool', path, { is: 'Completed' });
      const copy = ['debug', 'tool', `--copy-to=${name}`, '--container=main', '--image=other'];
      expect((await run([...copy, '--', 'sleep', '1000'])).code).toBe(0);
      await server.untilField(`pod ${name}`, '{.status.phase}', { is: 'Running' });
      expect(await server.field(`pod ${name}`, '{.spec.containers[*].command}')).toBe(
        '["sleep","1000"]',
      );
      await server.kubectl('delete', 'pod', name, '--now', '--wait=false');
    });
  });

  test('debug --copy-to --share-processes: all see all processes of the pod', async () => {
    const copy = ['debug', 'tool', '--copy-to=shared', '--share-processes', '--image=host'];
    await server.kubectl(...copy, '-c', 'beside', '--', 'sh', '-c', 'exec sleep 1234');
    await server.kubectl('wait', '--for=condition=Ready', 'pod/shared', '--timeout=20s');
    const look = 'for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done';
    const seen = await server.kubectl('exec', 'shared', '-c', 'main', '--', 'sh', '-c', look);
    expect(seen).toContain('sleep 1234');
    expect(seen).toContain('echo stopping');
    await server.kubectl('delete', 'pod', 'shared', '--now', '--wait=false');
  });

  test('API-736: 100 MiB through exec, both ways, in little memory', async () => {
    const peak = () => {
      const status = readFileSync(`/proc/${server.ready.pid}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
    };
    const before = peak();
    const size = 100 * 1024 ** 2;
    const echo = '"$0" exec -i tool -c main -- cat';
    const through = `head -c ${size} /dev/zero | ${echo} | cmp -n ${size} - /dev/zero`;
    const result = await runCommand(['sh', '-c', through, kubectlPath ?? ''], {
      env: server.environment,
    });
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(peak() - before).toBeLessThan(size);
  });

  test('API-720, API-721: logs of what ran before, and of several at once', async () => {
    const failing = 'echo "run of $HOSTNAME"; sleep 0.1; exit 1';
    const labels = { restarts: 'yes' };
    for (const name of ['fails-0', 'fails-1']) {
      const made = pod(name, shell(failing));
      await server.apply({ ...made, metadata: { ...made.metadata, labels } });
    }
    for (const name of ['fails-0', 'fails-1']) {
      const path = '{.status.containerStatuses[0].lastState.terminated.exitCode}';
      await server.untilField(`pod ${name}`, path, { is: '1' });
    }
    expect(await server.kubectl('logs', 'fails-0', '--previous')).toBe('run of fails-0\n');
    const tooMany = ['logs', '-f', '-l', 'restarts', '--max-log-requests=1'];
    expect((await server.run(tooMany)).stderr).toContain('maximum allowed concurrency is 1');
    const both = await server.kubectl('logs', '-f', '-l', 'restarts', '--prefix');
    expect(both.split('\n').toSorted()).toEqual([
      '',
      '[pod/fails-0/main] run of fails-0',
      '[pod/fails-1/main] run of fails-1',
    ]);
    await server.kubectl('delete', 'pod', '-l', 'restarts', '--now', '--wait=false');
  });

  test('API-721, API-722: logs in all forms', async () => {
    await server.apply(
      pod('talks', [
        shell(`echo a1; echo a2; echo a3; ${WAIT_FOR_TERM}`),
        { ...shell('echo b1 >&2; exec sleep 1000'), name: 'side' },
      ]),
    );
    await server.kubectl('wait', '--for=condition=Ready', 'pod/talks', '--timeout=20s');
    const logs = (...args: string[]) => server.kubectl('logs', ...args);
    await until('all lines', async () => (await logs('talks', '-c', 'main')).includes('started'));
    expect(await logs('talks', '-c', 'main')).toBe('a1\na2\na3\nstarted\n');
    expect(await logs('talks', '-c', 'main', '--tail=1')).toBe('started\n');
    expect(await logs('talks', '-c', 'main', '--tail=0')).toBe('');
    expect(await logs('talks', '-c', 'side', '--limit-bytes=2')).toBe('b1');
    expect(await logs('talks', '-c', 'side', '--timestamps')).toMatch(
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z b1\n$/,
    );
    expect(await logs('talks', '-c', 'side', '--since=1h')).toBe('b1\n');
    const future = new Date(Date.now() + 3_600_000).toISOString();
    expect(await logs('talks', '-c', 'side', `--since-time=${future}`)).toBe('');
    const prefixed = await logs('-l', 'pod=talks', '--prefix', '--all-containers');
    expect(prefixed).toContain('[pod/talks/main] a3\n');
    expect(prefixed).toContain('[pod/talks/side] b1\n');
    expect(await logs('statefulset/pair')).toBe('');
    const previous = await server.run(['logs', 'talks', '-c', 'side', '--previous']);
    expect(previous.stderr).toContain(
      'previous terminated container "side" in pod "talks" not found',
    );
    const following = server.following('logs', '-f', 'talks', '-c', 'main', '--tail=1');
    await until('the last line', () => following.output() === 'started\n');
    await server.kubectl('delete', 'pod', 'talks', '--wait=false');
    await following.ended;
    expect(following.output()).toBe('started\nstopping\n');
  });

  test('API-708: proxy, and HTTP through it to pods and services', async () => {
    const proxy = server.following('proxy', '--port=0');
    const address = await until(
      'its port',
      () => /Starting to serve on (\S+)/.exec(proxy.output())?.[1],
    );
    const get = async (path: string) => (await fetch(`http://${address}${path}`)).text();
    const namespace = '/api/v1/namespaces/default';
    expect(JSON.parse(await get('/version'))).toMatchObject({ major: '1' });
    for (const path of ['pods/pair-0:8080', 'pods/http:pair-0:http', 'services/pair:80']) {
      expect(await get(`${namespace}/${path}/proxy/one`)).toBe('one');
    }
    const form = await fetch(`http://${address}${namespace}/services/pair/proxy/one`, {
      method: 'POST',
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      body: 'a=b',
    });
    expect([form.status, await form.text()]).toEqual([200, 'one']);
    const closed = await fetch(`http://${address}${namespace}/pods/pair-0:9/proxy/`);
    expect(closed.status).toBe(503);
    expect(((await closed.json()) as { message: string }).message).toMatch(
      /^error trying to reach service: dial tcp [\d.]+:9: connect: connection refused$/,
    );
    await proxy.stop();
  });
});
