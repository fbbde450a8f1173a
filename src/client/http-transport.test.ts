import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StatusError } from '../api/meta/status-error.ts';
import { issueClient, issueServer, makeAuthority } from '../apiserver/certificate-authority.ts';
import { systemClock } from '../base/clock.ts';
import { OrdinalError } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import type { HttpTransportOptions } from './http-transport.ts';
import { createHttpTransport } from './http-transport.ts';
import type { Transport, WatchEvent } from './transport.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

let server: Server;
let handler: Handler;
let transport: Transport;
const seen: string[] = [];

const listen = async (target: Server) => {
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  return (target.address() as AddressInfo).port;
};
const open = (url: string, options: Partial<HttpTransportOptions> = {}) =>
  createHttpTransport({
    server: url,
    userAgent: 'test/1',
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
const json = (response: ServerResponse, code: number, body: unknown, headers = {}) => {
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};
const bodyOf = async (request: IncomingMessage) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

beforeEach(async () => {
  seen.length = 0;
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    handler(request, response);
  });
  transport = open(`http://127.0.0.1:${await listen(server)}/base/`, { token: 'secret' });
});
afterEach(async () => {
  await transport.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const get = (path = '/x') => transport.request({ method: 'GET', path });
const failure = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error as StatusError;
};

describe('requests', () => {
  test('path prefix, query, headers, body', async () => {
    handler = async (request, response) => {
      const { authorization, accept, 'user-agent': agent } = request.headers;
      const type = request.headers['content-type'];
      json(response, 200, { authorization, accept, agent, type, body: await bodyOf(request) });
    };
    const reply = await transport.request({
      method: 'PATCH',
      path: '/api/v1/x',
      query: { fieldManager: 'a b', force: 'true' },
      body: [1],
      contentType: 'application/json-patch+json',
    });
    expect(seen).toEqual(['PATCH /base/api/v1/x?fieldManager=a+b&force=true']);
    expect(reply).toEqual({
      authorization: 'Bearer secret',
      accept: 'application/json',
      agent: 'test/1',
      type: 'application/json-patch+json',
      body: '[1]',
    });
  });

  test('text that is not JSON comes as text', async () => {
    handler = (_, response) => response.end('ok');
    expect(await get('/healthz')).toBe('ok');
  });

  test('API-310: a Status becomes a StatusError', async () => {
    const status = { kind: 'Status', status: 'Failure', reason: 'NotFound', message: 'no' };
    handler = (_, response) => json(response, 404, status);
    const error = await failure(get());
    expect(error).toBeInstanceOf(StatusError);
    expect([error.code, error.reason, error.message]).toEqual([404, 'NotFound', 'no']);
  });

  test('an error of another server, a proxy say, becomes one too', async () => {
    handler = (_, response) => response.writeHead(403).end('<html>go away</html>');
    const error = await failure(get());
    expect([error.code, error.reason, error.message]).toEqual([
      403,
      'Forbidden',
      '<html>go away</html>',
    ]);
  });

  test('malformed JSON', async () => {
    handler = (_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":');
    expect(await failure(get())).toMatchObject({ code: 'ORD_CONNECTION' });
  });

  test('nobody listens', async () => {
    await transport.close();
    transport = open('http://127.0.0.1:1');
    const error = await failure(get());
    expect(error).toBeInstanceOf(OrdinalError);
    expect(error.message).toContain('http://127.0.0.1:1: connect ECONNREFUSED');
  });

  test('abort', async () => {
    const controller = new AbortController();
    handler = () => controller.abort(new Error('enough'));
    const { signal } = controller;
    const error = await failure(transport.request({ method: 'GET', path: '/', signal }));
    expect(error.message).toBe('enough');
  });

  test('the token may come from a function', async () => {
    await transport.close();
    let count = 0;
    const { port } = server.address() as AddressInfo;
    transport = open(`http://127.0.0.1:${port}`, { token: async () => `t${++count}` });
    handler = (request, response) => json(response, 200, request.headers.authorization);
    expect([await get(), await get()]).toEqual(['Bearer t1', 'Bearer t2']);
  });

  test('a read off a dead socket is tried again, once; a write is not', async () => {
    handler = (request) => request.socket.destroy();
    expect(await failure(get())).toMatchObject({ code: 'ORD_CONNECTION' });
    expect(seen.length).toBe(2);
    const write = transport.request({ method: 'POST', path: '/x', body: {} });
    expect(await failure(write)).toMatchObject({ code: 'ORD_CONNECTION' });
    expect(seen.length).toBe(3);
  });
});

describe('API-110: Retry-After', () => {
  let clock: ManualClock;

  beforeEach(async () => {
    await transport.close();
    clock = new ManualClock();
    transport = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { clock });
  });
  const waitForTries = (count: number) =>
    vi.waitFor(() => {
      expect(seen.length).toBe(count);
      expect(clock.nextDueMs()).toBeDefined();
    });

  test.each([429, 503])('%i with the header is retried after so many seconds', async (code) => {
    handler = async (request, response) => {
      const body = await bodyOf(request);
      if (seen.length < 3) json(response, code, {}, { 'retry-after': '2' });
      else json(response, 201, { body });
    };
    const reply = transport.request({ method: 'POST', path: '/x', body: { a: 1 } });
    for (const count of [1, 2]) {
      await waitForTries(count);
      expect(clock.nextDueMs()).toBe(clock.now() + 2000);
      clock.advance(2000);
    }
    expect(await reply).toEqual({ body: '{"a":1}' });
  });

  test('without the header it is final', async () => {
    handler = (_, response) => json(response, 429, {});
    expect((await failure(get())).code).toBe(429);
    expect(seen.length).toBe(1);
  });

  test('4xx with the header is final', async () => {
    handler = (_, response) => json(response, 409, {}, { 'retry-after': '1' });
    expect((await failure(get())).code).toBe(409);
  });

  test('ten tries at most', async () => {
    handler = (_, response) => json(response, 503, {}, { 'retry-after': '0' });
    const result = failure(get());
    for (let count = 1; count < 10; count++) {
      await waitForTries(count);
      clock.advance(0);
    }
    expect((await result).code).toBe(503);
    expect(seen.length).toBe(10);
  });

  test('a wait can be aborted', async () => {
    handler = (_, response) => json(response, 503, {}, { 'retry-after': '60' });
    const controller = new AbortController();
    const { signal } = controller;
    const result = failure(transport.request({ method: 'GET', path: '/x', signal }));
    await waitForTries(1);
    controller.abort(new Error('enough'));
    expect((await result).message).toBe('enough');
    expect(clock.nextDueMs()).toBeUndefined();
  });
});

describe('watch', () => {
  const record = async (signal?: AbortSignal) => {
    const events: WatchEvent[] = [];
    const ends: (string | undefined)[] = [];
    const request = { method: 'GET' as const, path: '/w', query: { watch: 'true' } };
    const stream = await transport.watch(
      { ...request, ...(signal === undefined ? {} : { signal }) },
      { event: (event) => events.push(event), end: (error) => ends.push(error?.message) },
    );
    return { events, ends, stream };
  };
  const line = (name: string) => `${JSON.stringify({ type: 'ADDED', object: { name } })}\n`;
  const names = (events: WatchEvent[]) => events.map(({ object }) => object['name']);
  const streaming =
    (write: (response: ServerResponse) => unknown): Handler =>
    (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      write(response);
    };

  test('API-508: resolves with the headers, before the first event', async () => {
    let response: ServerResponse | undefined;
    handler = streaming((opened) => (response = opened));
    const { events, ends } = await record();
    expect(events).toEqual([]);
    response?.write(line('a'));
    await vi.waitFor(() => expect(names(events)).toEqual(['a']));
    response?.end();
    await vi.waitFor(() => expect(ends).toEqual([undefined]));
  });

  test('API-508: any chunking, within characters too; blank lines; no last line end', async () => {
    const text = Buffer.from(`${line('äöü')}\r\n\n${line('b')}${line('c').trimEnd()}`);
    handler = streaming(async (response) => {
      for (const byte of text) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    const { events, ends } = await record();
    await vi.waitFor(() => expect(ends).toEqual([undefined]));
    expect(names(events)).toEqual(['äöü', 'b', 'c']);
  });

  test('a huge line', async () => {
    const name = 'x'.repeat(8_000_000);
    handler = streaming((response) => response.end(line(name) + line('b')));
    const { events, ends } = await record();
    await vi.waitFor(() => expect(ends).toEqual([undefined]), { timeout: 10_000 });
    expect(names(events)).toEqual([name, 'b']);
  });

  test('a malformed line ends the stream with an error', async () => {
    handler = streaming((response) => response.write(`${line('a')}{"type":\n${line('b')}`));
    const { events, ends } = await record();
    await vi.waitFor(() => expect(ends).toEqual(['malformed watch event: {"type":']));
    expect(names(events)).toEqual(['a']);
  });

  test('a reset in the middle of a line', async () => {
    handler = streaming((response) => {
      response.write(`${line('a')}{"type":"ADD`, () => setImmediate(() => response.destroy()));
    });
    const { events, ends } = await record();
    await vi.waitFor(() => expect(ends.length).toBe(1));
    expect(ends[0]).toBeDefined();
    expect(names(events)).toEqual(['a']);
  });

  test('API-514: an error before the stream', async () => {
    handler = (_, response) => json(response, 410, { kind: 'Status', reason: 'Expired' });
    expect((await failure(record())).reason).toBe('Expired');
  });

  test('stop closes the connection; nothing comes after it', async () => {
    const closed = new Promise((resolve) => {
      handler = streaming((response) => {
        response.on('close', resolve);
        response.write(line('a') + line('b') + line('c'));
      });
    });
    const events: unknown[] = [];
    const ends: unknown[] = [];
    const stream = await transport.watch(
      { method: 'GET', path: '/w' },
      {
        event: ({ object }) => {
          events.push(object['name']);
          stream.stop();
        },
        end: (error) => ends.push(error),
      },
    );
    await closed;
    expect(events).toEqual(['a']);
    expect(ends).toEqual([]);
  });

  test('aborting the signal stops an open watch', async () => {
    const controller = new AbortController();
    const closed = new Promise((resolve) => {
      handler = streaming((response) => void response.on('close', resolve));
    });
    const { ends } = await record(controller.signal);
    controller.abort();
    await closed;
    expect(ends).toEqual([]);
  });

  test('close ends watches', async () => {
    handler = streaming(() => {});
    const { ends } = await record();
    await transport.close();
    await vi.waitFor(() => expect(ends.length).toBe(1));
  });
});

describe('API-1101, API-1102: TLS', () => {
  const nowMs = systemClock.now();
  const authority = makeAuthority(nowMs, 'test');
  const ca = authority.certificate;
  const server = issueServer(authority, { names: ['127.0.0.1'], nowMs });
  const client = issueClient(authority, { user: 'jane', groups: [], nowMs });

  test('trusts the given CA, shows the client certificate, can skip verification', async () => {
    const { certificate: cert, key } = server;
    const tls = createTlsServer(
      { cert, key, ca, requestCert: true, rejectUnauthorized: false },
      ({ socket }, response) => json(response, 200, (socket as TLSSocket).authorized),
    );
    const url = `https://127.0.0.1:${await listen(tls)}`;
    const ask = async (options: Partial<HttpTransportOptions>) => {
      await transport.close();
      transport = open(url, options);
      return get();
    };
    try {
      expect(await ask({ ca, cert: client.certificate, key: client.key })).toBe(true);
      expect(await ask({ ca })).toBe(false);
      expect(await ask({ ca: cert })).toBe(false);
      expect(await ask({ insecureSkipTlsVerify: true })).toBe(false);
      expect(await failure(ask({}))).toMatchObject({
        code: 'ORD_CONNECTION',
        message: expect.stringContaining('certificate') as string,
      });
    } finally {
      tls.closeAllConnections();
      await new Promise((resolve) => tls.close(resolve));
    }
  });
});
