// Probes against real sockets.
import { createServer as createHttpServer } from 'node:http';
import { createSecureServer, createServer as createHttp2Server } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Probe } from '../../api/generated/types.ts';
import { systemClock } from '../../base/clock.ts';
import type { ExecResult } from '../runtime/runtime.ts';
import { portNumber, runProbe } from './run-probe.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function run(probe: Probe, result: Partial<ExecResult> = {}) {
  const empty = Buffer.alloc(0);
  const answer = { exitCode: 0, stdout: empty, stderr: empty, timedOut: false, ...result };
  const tools = {
    runtime: { execSync: async () => answer },
    clock: systemClock,
    userAgent: 'kube-probe/1.36',
  };
  const target = { container: { name: 'main' }, containerId: 'c', podIP: '127.0.0.1' };
  return runProbe(tools, target, probe);
}

describe('exec', () => {
  const exec = { command: ['check', 'it'] };
  test('exit code 0 is success, others fail with the output', async () => {
    await expect(run({ exec })).resolves.toMatchObject({ success: true });
    const stdout = Buffer.from('not yet\n');
    await expect(run({ exec }, { exitCode: 1, stdout })).resolves.toEqual({
      success: false,
      output: 'not yet\n',
    });
  });

  test('a timeout fails', async () => {
    await expect(run({ exec, timeoutSeconds: 2 }, { timedOut: true })).resolves.toEqual({
      success: false,
      output: 'command timed out: "check it" timed out after 2s',
    });
  });
});

describe('httpGet', () => {
  const server = (status: number, headers: Record<string, string> = {}) =>
    createHttpServer((_request, response) => response.writeHead(status, headers).end('body'));

  test.each([
    [200, true],
    [399, true],
    [400, false],
    [503, false],
  ])('status %d: success %s', async (status, success) => {
    const port = await listen(server(status));
    const outcome = await run({ httpGet: { port, path: '/healthz' } });
    expect(outcome.success).toBe(success);
    if (!success) expect(outcome.output).toBe(`HTTP probe failed with statuscode: ${status}`);
  });

  test('sends the headers asked for and names itself', async () => {
    let seen: Record<string, unknown> = {};
    const port = await listen(
      createHttpServer((request, response) => {
        seen = request.headers;
        response.end();
      }),
    );
    const httpHeaders = [{ name: 'Host', value: 'example.com' }];
    await run({ httpGet: { port, httpHeaders } });
    expect(seen).toMatchObject({ host: 'example.com', 'user-agent': 'kube-probe/1.36' });
  });

  test('follows redirects on the same host only', async () => {
    const bad = await listen(server(500));
    const here = await listen(server(302, { location: `http://127.0.0.1:${bad}/` }));
    await expect(run({ httpGet: { port: here } })).resolves.toMatchObject({ success: false });
    const away = await listen(server(302, { location: 'http://elsewhere.invalid/' }));
    await expect(run({ httpGet: { port: away } })).resolves.toMatchObject({ success: true });
  });

  test('a refused connection and a silent server fail in words of Go', async () => {
    const closed = await listen(server(200));
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(run({ httpGet: { port: closed } })).resolves.toEqual({
      success: false,
      output:
        `Get "http://127.0.0.1:${closed}/": ` +
        `dial tcp 127.0.0.1:${closed}: connect: connection refused`,
    });
    const silent = await listen(createServer((socket) => socket.on('error', () => {}).resume()));
    const outcome = await run({ httpGet: { port: silent }, timeoutSeconds: 0.05 });
    expect(outcome.output).toContain('context deadline exceeded');
  });

  test('a server that talks TLS is no plain one', async () => {
    const port = await listen(createSecureServer() as unknown as Server);
    await expect(run({ httpGet: { port } })).resolves.toMatchObject({ success: false });
  });
});

describe('tcpSocket', () => {
  test('an open port is success, a closed one is not', async () => {
    const port = await listen(createServer((socket) => socket.end()));
    await expect(run({ tcpSocket: { port } })).resolves.toMatchObject({ success: true });
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(run({ tcpSocket: { port } })).resolves.toEqual({
      success: false,
      output: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });
});

describe('grpc', () => {
  const health = (status: number) => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
    });
    return server as unknown as Server;
  };

  test('SERVING is success, anything else is not', async () => {
    const good = await listen(health(1));
    await expect(run({ grpc: { port: good } })).resolves.toMatchObject({ success: true });
    const bad = await listen(health(2));
    await expect(run({ grpc: { port: bad, service: 's' } })).resolves.toEqual({
      success: false,
      output: 'service unhealthy (responded with "NOT_SERVING")',
    });
  });
});

test('portNumber() finds ports by name', () => {
  const container = { name: 'c', ports: [{ name: 'web', containerPort: 8080 }] };
  expect(portNumber(container, 'web')).toBe(8080);
  expect(portNumber(container, 9)).toBe(9);
  expect(() => portNumber(container, 'nope')).toThrow('couldn\'t find port: "nope"');
});
