// exec, attach and port-forward as clients speak them, against a running server and fake processes.
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { PassThrough, type Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { pods } from '../../api/resources.ts';
import { notFound } from '../../api/meta/status-error.ts';
import type { ApiRequest, ApiResponse } from '../api-request.ts';
import type { RemoteProcess } from '../node-connection.ts';
import { startEdgeServer, type EdgeServer } from '../testing/edge-server.ts';
import { createHeaderCodec, encodePairs } from './spdy-headers.ts';
import { controlFrame, dataFrame, FLAG_FIN, readFrames, SYN_STREAM } from './spdy-frames.ts';

interface FakeProcess extends RemoteProcess {
  readonly stdin: PassThrough;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough | undefined;
  readonly sizes: string[];
  exit(code: number): void;
  killed: boolean;
}

function fakeProcess(tty: boolean): FakeProcess {
  const stdout = new PassThrough();
  const stderr = tty ? undefined : new PassThrough();
  const sizes: string[] = [];
  let settle: (code: number) => void = () => {};
  const exitCode = new Promise<number>((resolve) => (settle = resolve));
  const exit = (code: number) => {
    stdout.end();
    stderr?.end();
    settle(code);
  };
  return {
    stdin: new PassThrough(),
    stdout,
    stderr,
    sizes,
    exitCode,
    exit,
    killed: false,
    resize: (width, height) => void sizes.push(`${width}x${height}`),
    kill() {
      this.killed = true;
      exit(137);
    },
  };
}

let edge: EdgeServer;
let echo: Server;
let last: FakeProcess;

async function handler({ path, query }: ApiRequest): Promise<ApiResponse> {
  if (path.includes('/missing/')) throw notFound(pods, 'missing');
  if (path.endsWith('/portforward')) {
    return {
      kind: 'portforward',
      async dial(port) {
        const socket = connect(port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      },
    };
  }
  const asks = (name: string) => query.get(name) === 'true';
  const tty = asks('tty');
  return {
    kind: 'process',
    request: { stdin: asks('stdin'), stdout: asks('stdout'), stderr: asks('stderr'), tty },
    async connect() {
      last = fakeProcess(tty);
      // Like a program that is done before its client is there.
      if (query.has('quick')) {
        last.stdout.write('quick');
        last.exit(0);
      }
      return last;
    },
  };
}

beforeAll(async () => {
  edge = await startEdgeServer(handler);
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
afterAll(async () => {
  await edge.server.stop();
  echo.close();
});

const echoPort = () => (echo.address() as AddressInfo).port;
const POD = '/api/v1/namespaces/ns/pods/p';
const authorization = () => `Bearer ${edge.certificates.adminToken}`;

interface Received {
  readonly socket: WebSocket;
  readonly messages: Buffer[];
  readonly closed: Promise<number>;
  /** The text of a channel so far. */
  readonly text: (channel: number) => string;
}

async function open(path: string, protocols: string[]): Promise<Received> {
  const socket = new WebSocket(`wss://127.0.0.1:${edge.port}${path}`, protocols, {
    ca: edge.certificates.ca,
    headers: { authorization: authorization() },
  });
  const messages: Buffer[] = [];
  socket.on('message', (data: Buffer) => messages.push(data));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  const text = (channel: number) =>
    Buffer.concat(
      messages.filter(([first]) => first === channel).map((data) => data.subarray(1)),
    ).toString();
  return { socket, messages, closed, text };
}

const send = (socket: WebSocket, channel: number, text: string) =>
  socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));

describe('WebSocket', () => {
  it('API-732, API-734: carries streams, ends stdin, and closes after the status', async () => {
    const path = `${POD}/exec?command=cat&stdin=true&stdout=true&stderr=true`;
    const { socket, closed, text } = await open(path, ['v5.channel.k8s.io']);
    expect(socket.protocol).toBe('v5.channel.k8s.io');
    send(socket, 0, 'hello');
    expect(String(await once(last.stdin, 'data'))).toBe('hello');
    socket.send(Buffer.from([255, 0]));
    await once(last.stdin, 'end');
    last.stdout.write('out');
    last.stderr?.write('err');
    last.exit(7);
    expect(await closed).toBe(1000);
    expect([text(1), text(2)]).toEqual(['out', 'err']);
    expect(JSON.parse(text(3))).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '7' }] },
    });
    expect(last.killed).toBe(false);
  });

  it('API-733, API-737: a terminal has sizes and no channel 2', async () => {
    const path = `${POD}/attach?stdin=true&stdout=true&stderr=true&tty=true`;
    const { socket, closed, messages, text } = await open(path, ['v5.channel.k8s.io']);
    send(socket, 4, '{"Width":80,"Height":24}');
    send(socket, 4, 'nonsense');
    send(socket, 0, 'x');
    await once(last.stdin, 'data');
    expect(last.sizes).toEqual(['80x24']);
    last.exit(0);
    await closed;
    expect(JSON.parse(text(3))).toEqual({ metadata: {}, status: 'Success' });
    expect(messages.some(([channel]) => channel === 2)).toBe(false);
  });

  it('API-731: older and base64 protocols are spoken when they are all that is offered', async () => {
    const old = await open(`${POD}/exec?stdout=true`, ['v4.base64.channel.k8s.io']);
    last.stdout.write('hi');
    last.exit(0);
    await old.closed;
    const [first = ''] = old.messages.map(String);
    expect([first[0], Buffer.from(first.slice(1), 'base64').toString()]).toEqual(['1', 'hi']);
    const best = await open(`${POD}/exec?stdout=true`, ['channel.k8s.io', 'v5.channel.k8s.io']);
    expect(best.socket.protocol).toBe('v5.channel.k8s.io');
    last.exit(0);
    await best.closed;
  });

  it('API-736: output of a process that ended before its client came is not lost', async () => {
    const { closed, text } = await open(`${POD}/exec?stdout=true&quick`, ['v5.channel.k8s.io']);
    expect(await closed).toBe(1000);
    expect(text(1)).toBe('quick');
  });

  it('API-736: a process waits for a client that does not read', async () => {
    const { socket, closed } = await open(`${POD}/exec?stdout=true`, ['v5.channel.k8s.io']);
    socket.pause();
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    while (written < 64 * 1024 * 1024 && last.stdout.writableLength < 1024 * 1024) {
      last.stdout.write(chunk);
      written += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(64 * 1024 * 1024);
    socket.resume();
    last.exit(0);
    expect(await closed).toBe(1000);
  });

  it('kills the process when the client goes', async () => {
    const { socket } = await open(`${POD}/exec?stdout=true`, ['v5.channel.k8s.io']);
    socket.terminate();
    await expect.poll(() => last.killed).toBe(true);
  });

  it('API-739: errors before the switch are ordinary replies', async () => {
    const path = '/api/v1/namespaces/ns/pods/missing/exec?command=a';
    await expect(open(path, ['v5.channel.k8s.io'])).rejects.toThrow('404');
    await expect(open(`${POD}/exec`, ['v9.channel.k8s.io'])).rejects.toThrow('400');
  });

  it('answers 400 without an upgrade', async () => {
    const code = await new Promise((resolve, reject) => {
      httpsRequest(
        {
          host: '127.0.0.1',
          port: edge.port,
          path: `${POD}/exec`,
          headers: { authorization: authorization() },
          ca: edge.certificates.ca,
          agent: false,
        },
        (reply) => resolve(reply.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(code).toBe(400);
  });
});

/** The client's side of SPDY, as little as the tests need. */
function spdyClient(transport: Duplex) {
  const codec = createHeaderCodec();
  const received = new Map<number, { text: string; ended: boolean }>();
  const stateOf = (id: number) => {
    const state = received.get(id) ?? { text: '', ended: false };
    received.set(id, state);
    return state;
  };
  const reading = (async () => {
    for await (const frame of readFrames(transport)) {
      if (frame.kind !== 'data') continue;
      const state = stateOf(frame.stream);
      state.text += frame.payload.toString();
      state.ended ||= (frame.flags & FLAG_FIN) !== 0;
    }
  })().catch(() => {});
  const id32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  return {
    reading,
    stateOf,
    async open(id: number, headers: Record<string, string>, flags = 0) {
      const block = await codec.encode(new Map(Object.entries(headers)));
      const payload = Buffer.concat([id32(id), Buffer.alloc(6), block]);
      transport.write(controlFrame(SYN_STREAM, flags, payload));
    },
    send: (id: number, text: string) => transport.write(dataFrame(id, 0, Buffer.from(text))),
    end: (id: number) => transport.write(dataFrame(id, FLAG_FIN, Buffer.alloc(0))),
    close: () => transport.destroy(),
  };
}

interface Upgraded {
  readonly socket: Duplex;
  readonly headers: IncomingHttpHeaders;
}

function upgrade(method: string, path: string, headers: Record<string, string>): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest({
      host: '127.0.0.1',
      port: edge.port,
      method,
      path,
      headers: { authorization: authorization(), connection: 'Upgrade', ...headers },
      ca: edge.certificates.ca,
      agent: false,
    });
    request.on('upgrade', (reply, socket) => resolve({ socket, headers: reply.headers }));
    request.on('error', reject);
    request.end();
  });
}

function upgradeToSpdy(path: string, protocols: string): Promise<Upgraded> {
  const headers = { upgrade: 'SPDY/3.1', 'x-stream-protocol-version': protocols };
  return upgrade('POST', path, headers);
}

describe('SPDY', () => {
  it('API-751: header blocks come back as they were', async () => {
    const [sender, receiver] = [createHeaderCodec(), createHeaderCodec()];
    for (const value of ['stdin', 'ä', 'x'.repeat(1000)]) {
      const headers = new Map([['streamtype', value]]);
      expect(await receiver.decode(await sender.encode(headers))).toEqual(headers);
    }
    expect(encodePairs(new Map())).toEqual(Buffer.alloc(4));
    sender.close();
    receiver.close();
  });

  it('API-730: serves exec on one stream a channel', async () => {
    const path = `${POD}/exec?command=cat&stdin=true&stdout=true&stderr=true`;
    const upgraded = await upgradeToSpdy(path, 'v5.channel.k8s.io, v4.channel.k8s.io');
    expect(upgraded.headers['x-stream-protocol-version']).toBe('v4.channel.k8s.io');
    const client = spdyClient(upgraded.socket);
    for (const [index, type] of ['error', 'stdin', 'stdout', 'stderr'].entries()) {
      await client.open(2 * index + 1, { streamtype: type });
    }
    client.send(3, 'hello');
    client.end(3);
    last.stdin.pipe(last.stdout, { end: false });
    await once(last.stdin, 'end');
    last.stderr?.write('err');
    last.exit(3);
    await client.reading;
    expect([client.stateOf(5), client.stateOf(7)]).toEqual([
      { text: 'hello', ended: true },
      { text: 'err', ended: true },
    ]);
    expect(JSON.parse(client.stateOf(1).text)).toMatchObject({ reason: 'NonZeroExitCode' });
  });
});

describe('SPDY of clients that mean no good', () => {
  it('API-751: a stream that is opened twice ends the connection and its process', async () => {
    const path = `${POD}/exec?command=cat&stdin=true&stdout=true`;
    const { socket } = await upgradeToSpdy(path, 'v4.channel.k8s.io');
    const client = spdyClient(socket);
    const { exitCode } = last;
    await client.open(1, { streamtype: 'error' });
    await client.open(3, { streamtype: 'stdin' });
    await client.open(3, { streamtype: 'stdout' });
    await client.reading;
    expect(await exitCode).toBe(137);
  });

  it('API-751: a header block that inflates without bound is given up, damage behind it too', async () => {
    const [sender, receiver] = [createHeaderCodec(), createHeaderCodec()];
    const bomb = await sender.encode(new Map([['a', 'x'.repeat(200_000)]]));
    const damaged = Buffer.concat([bomb, Buffer.alloc(100, 0xff)]);
    await expect(receiver.decode(damaged)).rejects.toThrow('too large');
    await expect(receiver.decode(Buffer.alloc(10, 0xff))).rejects.toThrow();
    sender.close();
    receiver.close();
  });
});

describe('port-forward', () => {
  const connectClient = async () => {
    const { socket } = await upgradeToSpdy(`${POD}/portforward`, 'portforward.k8s.io');
    return spdyClient(socket);
  };

  it('API-750: offers the tunnel through WebSocket by its name', async () => {
    const { socket, headers } = await upgrade('GET', `${POD}/portforward`, {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
    });
    expect(headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
    socket.destroy();
  });

  it('API-750, API-752: forwards parallel connections over one', async () => {
    const client = await connectClient();
    const port = String(echoPort());
    for (const [index, requestid] of ['0', '1'].entries()) {
      const first = 4 * index + 1;
      await client.open(first, { streamtype: 'error', port, requestid }, FLAG_FIN);
      await client.open(first + 2, { streamtype: 'data', port, requestid });
      client.send(first + 2, `ping ${requestid}`);
      client.end(first + 2);
    }
    await expect.poll(() => [3, 7].every((id) => client.stateOf(id).ended)).toBe(true);
    expect([client.stateOf(3).text, client.stateOf(7).text]).toEqual(['ping 0', 'ping 1']);
    await expect.poll(() => client.stateOf(1)).toEqual({ text: '', ended: true });
    client.close();
  });

  it('API-752: says on the error stream what went wrong', async () => {
    const client = await connectClient();
    const headers = { port: '1', requestid: '0' };
    await client.open(1, { ...headers, streamtype: 'error' }, FLAG_FIN);
    await client.open(3, { ...headers, streamtype: 'data' });
    await expect.poll(() => client.stateOf(1).ended).toBe(true);
    expect(client.stateOf(1).text).toMatch(/^error forwarding port 1: .*ECONNREFUSED/);
    client.close();
  });

  it('API-754: forwards by channels, with the port first', async () => {
    const port = echoPort();
    const path = `${POD}/portforward?ports=${port}`;
    const { socket, messages } = await open(path, ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    expect(socket.protocol).toBe('v4.channel.k8s.io');
    send(socket, 0, 'ping');
    await expect.poll(() => messages.length).toBe(3);
    const head = [port & 255, port >> 8];
    expect(messages.map((message) => [...message])).toEqual([
      [0, ...head],
      [1, ...head],
      [0, ...Buffer.from('ping')],
    ]);
    socket.terminate();
    await expect(open(`${POD}/portforward?ports=0`, ['v4.channel.k8s.io'])).rejects.toThrow('400');
  });
});
