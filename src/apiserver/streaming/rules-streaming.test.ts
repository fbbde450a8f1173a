// Rules of docs/semantics/kubernetes-api.md about streams that clients keep open for long.
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ApiResponse } from '../api-request.ts';
import { startEdgeServer, type EdgeServer } from '../testing/edge-server.ts';

let edge: EdgeServer;
let end: (code: number) => void = () => {};

/** A process that says nothing until it is told to end. */
async function handler(): Promise<ApiResponse> {
  return {
    kind: 'process',
    request: { stdin: false, stdout: true, stderr: false, tty: false },
    async connect() {
      const stdout = new PassThrough();
      const exitCode = new Promise<number>((resolve) => (end = resolve));
      void exitCode.then(() => stdout.end());
      return { stdin: undefined, stdout, stderr: undefined, exitCode, resize() {}, kill() {} };
    },
  };
}

beforeAll(async () => {
  edge = await startEdgeServer(handler);
});
afterAll(() => edge.server.stop());

function open(): WebSocket {
  const { certificates, port } = edge;
  const path = '/api/v1/namespaces/ns/pods/p/exec?command=sleep&stdout=true';
  return new WebSocket(`wss://127.0.0.1:${port}${path}`, ['v5.channel.k8s.io'], {
    ca: certificates.ca,
    headers: { authorization: `Bearer ${certificates.adminToken}` },
  });
}

test('API-735: a ping is answered while nothing else is said', async () => {
  const socket = open();
  await once(socket, 'open');
  for (const text of ['one', 'two']) {
    socket.ping(text);
    const [pong] = (await once(socket, 'pong')) as [Buffer];
    expect(pong.toString()).toBe(text);
  }
  end(0);
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(1000);
});

test('API-735: a client may close at any time', async () => {
  const socket = open();
  await once(socket, 'open');
  socket.close(1000);
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(1000);
  end(0);
});
