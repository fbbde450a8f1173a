// The fallback where namespaces are refused: pods as plain processes, by the same commands.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pod, shell, WAIT_FOR_TERM } from './manifests.ts';
import { describeWithKubectl, TestServer } from './server.ts';
import { until } from './until.ts';

describeWithKubectl('pods as plain processes', () => {
  const server = new TestServer('--runtime', 'process');
  beforeAll(async () => {
    await server.start();
  });
  afterAll(async () => {
    await server.dispose();
  });

  test('run, log, exec, survive the server, end gracefully', async () => {
    expect(server.ready.runtime).toBe('process');
    await server.apply(pod('plain', shell(WAIT_FOR_TERM)));
    await server.kubectl('wait', '--for=condition=Ready', 'pod/plain', '--timeout=20s');
    const identity = '{.status.containerStatuses[0].containerID} {.status.podIP}';
    const before = await server.field('pod plain', identity);
    expect((await server.run(['exec', 'plain', '--', 'sh', '-c', 'exit 5'])).code).toBe(5);
    await server.kill();
    await server.start();
    expect(await server.field('pod plain', identity)).toBe(before);
    expect((await server.run(['exec', 'plain', '--', 'true'])).code).toBe(0);
    expect(await server.kubectl('logs', 'plain')).toBe('started\n');
    const logs = server.following('logs', '-f', 'plain');
    await until('the log is followed', () => logs.output() === 'started\n');
    await server.kubectl('delete', 'pod', 'plain', '--timeout=20s');
    await logs.ended;
    expect(logs.output()).toBe('started\nstopping\n');
  });
});
