// What has to be sent byte by byte: damaged HTTP, and the frames of WebSocket and SPDY after a
// switch of protocols.
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { createHeaderCodec, encodePairs } from '../../src/apiserver/streaming/spdy-headers.ts';
import { controlFrame, dataFrame } from '../../src/apiserver/streaming/spdy-frames.ts';
import type { Random } from '../../src/base/random.ts';
import { chance, pick, randomBytes, randomText, times } from './choice.ts';
import type { FuzzServer } from './fuzz-server.ts';
import { mutateBytes } from './mutate.ts';
import type { FuzzRequest } from './random-request.ts';
import { HANG_MS } from './send.ts';

/** How long we wait for an answer to frames before we leave, in milliseconds. */
const LINGER_MS = 15;

async function open({ port, ca }: FuzzServer): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** Collects what comes until the other side closes; rejects when it never does. */
function readToEnd(socket: TLSSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection was still open after ${HANG_MS} ms`));
    }, HANG_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}

function textOf({ method, path, headers, body }: FuzzRequest): Buffer {
  const length = body ? [`content-length: ${body.length}`] : [];
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} HTTP/1.1`, 'host: x', 'connection: close', ...lines, ...length];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body ?? Buffer.alloc(0)]);
}

/** Sends a request with bytes damaged and hangs up; the server must do so, too. */
export async function sendDamaged(
  server: FuzzServer,
  random: Random,
  request: FuzzRequest,
): Promise<string | undefined> {
  const socket = await open(server);
  const closed = readToEnd(socket);
  socket.end(mutateBytes(random, textOf(request)));
  const text = (await closed).toString('latin1');
  if (text === '' || /^HTTP\/1\.1 [1-5]\d\d /.test(text)) return undefined;
  return `no HTTP: ${JSON.stringify(text.slice(0, 100))}`;
}

function webSocketFrame(random: Random, payload: Buffer): Buffer {
  const opcode = chance(random, 85) ? pick(random, [1, 2, 2, 2, 8, 9, 10]) : random.integer(16);
  const first = (chance(random, 90) ? 0x80 : random.integer(8) << 4) | opcode;
  const length =
    payload.length < 126
      ? [0x80 | payload.length]
      : [0x80 | 126, payload.length >> 8, payload.length & 255];
  // A mask of zeroes leaves the payload as it is.
  return Buffer.concat([Buffer.from([first, ...length, 0, 0, 0, 0]), payload]);
}

function channelPayload(random: Random): Buffer {
  const channel = chance(random, 90) ? random.integer(6) : random.integer(256);
  const content = pick(random, ['hello\n', '{"Width":80,"Height":24}', '{"Width":', '\u0000', '']);
  const odd = randomBytes(random, random.integer(300));
  return Buffer.concat([Buffer.from([channel]), chance(random, 70) ? Buffer.from(content) : odd]);
}

async function spdyFrames(random: Random): Promise<Buffer[]> {
  const codec = createHeaderCodec();
  const types = ['error', 'stdin', 'stdout', 'stderr', 'resize', 'data', 'x'];
  const frames: Buffer[] = [];
  for (let left = random.integer(12); left > 0; left -= 1) {
    const id = chance(random, 80) ? 1 + 2 * random.integer(8) : random.integer(2 ** 31);
    const head = Buffer.alloc(10);
    head.writeUInt32BE(id);
    const headers = new Map([
      ['streamtype', pick(random, types)],
      ['port', pick(random, ['80', '0', 'x'])],
      ['requestid', pick(random, ['1', '2', ''])],
      [randomText(random), randomText(random)],
    ]);
    const block = chance(random, 85)
      ? await codec.encode(headers)
      : chance(random, 50)
        ? encodePairs(headers)
        : randomBytes(random, random.integer(200));
    const flags = chance(random, 80) ? 0 : random.integer(256);
    const payload = channelPayload(random);
    const size = Buffer.from('{"Width":80,"Height":24}');
    const bodies = [payload, size, head, Buffer.alloc(random.integer(6))];
    frames.push(
      chance(random, 50)
        ? controlFrame(1, flags, Buffer.concat([head, block]))
        : chance(random, 60)
          ? dataFrame(id, flags, pick(random, bodies))
          : controlFrame(random.integer(12), flags, pick(random, bodies)),
    );
  }
  codec.close();
  return frames;
}

const SUBPROTOCOLS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'base64.channel.k8s.io',
  'SPDY/3.1+portforward.k8s.io',
  '',
  'x',
];
const SPDY_PROTOCOLS = ['v4.channel.k8s.io', 'portforward.k8s.io', 'channel.k8s.io', 'x'];
const STREAMS = ['stdin=true', 'stdout=true', 'stderr=true', 'tty=true', 'ports=80', 'ports=x'];

function upgradeHead(random: Random, server: FuzzServer, toWebSocket: boolean): Buffer {
  const kind = pick(random, ['exec', 'attach', 'portforward', 'exec']);
  const query = ['command=cat', 'stdout=1', ...STREAMS.filter(() => chance(random, 50))].join('&');
  const protocol = pick(random, toWebSocket ? SUBPROTOCOLS : SPDY_PROTOCOLS);
  const own = toWebSocket
    ? [
        'upgrade: websocket',
        'sec-websocket-version: 13',
        'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
        ...(protocol === '' ? [] : [`sec-websocket-protocol: ${protocol}`]),
      ]
    : ['upgrade: SPDY/3.1', `x-stream-protocol-version: ${protocol}`];
  const lines = [
    `${toWebSocket ? 'GET' : 'POST'} /api/v1/namespaces/default/pods/web-0/${kind}?${query} HTTP/1.1`,
    'host: x',
    'connection: upgrade',
    `authorization: ${server.authorization}`,
    ...own,
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return chance(random, 5) ? mutateBytes(random, head) : head;
}

/** Switches to WebSocket or SPDY, sends frames, and leaves in good order or not. */
export async function sendFrames(server: FuzzServer, random: Random): Promise<string | undefined> {
  const toWebSocket = chance(random, 55);
  const socket = await open(server);
  const closed = readToEnd(socket);
  const frames = toWebSocket
    ? times(random.integer(12), () => webSocketFrame(random, channelPayload(random)))
    : await spdyFrames(random);
  const tunnelled = toWebSocket && chance(random, 20);
  const bytes = tunnelled
    ? (await spdyFrames(random)).map((frame) => webSocketFrame(random, frame.subarray(0, 65_000)))
    : frames;
  const together = Buffer.concat(bytes);
  socket.write(upgradeHead(random, server, toWebSocket));
  if (chance(random, 70)) await Promise.race([once(socket, 'data'), pause()]);
  socket.write(chance(random, 20) ? mutateBytes(random, together) : together);
  await pause();
  if (chance(random, 50)) socket.destroy();
  else socket.end();
  const text = (await closed).toString('latin1');
  if (text === '' || /^HTTP\/1\.1 (101|2\d\d|4\d\d|503) /.test(text)) return undefined;
  return `no answer to an upgrade: ${JSON.stringify(text.slice(0, 200))}`;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LINGER_MS));
}
