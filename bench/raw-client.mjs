// HTTP/1.1 over TLS as plain as can be, so that a load generator measures the server and not
// itself: one request at a time on a connection that stays, replies with a content length.
import { once } from 'node:events';
import { connect } from 'node:tls';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: (\d+)/i;

/** Opens a connection. `send(bytes)` resolves with the status and length of the reply. */
export async function openConnection({ server, ca }) {
  const { hostname, port } = new URL(server);
  const socket = connect({ host: hostname, port: Number(port), ca, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  let waiting;
  let head = Buffer.alloc(0);
  let missing = 0;
  let reply;
  const fail = (error) => waiting?.reject(error ?? new Error('the server hung up'));
  socket.on('error', fail);
  socket.on('close', () => fail());
  const settle = () => {
    const { resolve } = waiting;
    waiting = undefined;
    reply = undefined;
    resolve.call(undefined, done);
  };
  let done;
  socket.on('data', (chunk) => {
    let body = chunk.length;
    if (!reply) {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      const text = head.latin1Slice(0, end);
      const bytes = Number(LENGTH.exec(text)?.[1] ?? 0);
      reply = { status: Number(text.slice(9, 12)), bytes };
      done = reply;
      missing = bytes;
      body = head.length - end - HEAD_END.length;
      head = Buffer.alloc(0);
    }
    missing -= body;
    if (missing <= 0) settle();
  });
  return {
    send(bytes) {
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(bytes);
      });
    },
    close: () => socket.destroy(),
  };
}

/** The bytes of a request. */
export function requestBytes({ server, token }, { method, path, body }) {
  const { host } = new URL(server);
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${token}`,
    'Accept: application/json',
    'User-Agent: load/1.0',
  ];
  if (body !== undefined) {
    head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  }
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body ?? ''}`);
}
