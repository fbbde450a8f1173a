// HTTP/1.1 over TLS as plain as can be, so that the load generator measures the server and not
// itself: one request at a time on a connection that stays, replies with a content length.
import { once } from 'node:events';
import { connect } from 'node:tls';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /\r\ncontent-length: (\d+)/i;

/** Status and body bytes of a reply's head, and the bytes of the body that came with it. */
function readHead(bytes) {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const text = bytes.latin1Slice(0, end);
  return {
    status: Number(text.slice(9, 12)),
    bytes: Number(LENGTH.exec(text)?.[1] ?? 0),
    arrived: bytes.length - end - HEAD_END.length,
  };
}

/** Opens a connection; `send({ method, path, body })` resolves with the status of the reply. */
export async function openConnection({ server, ca, token }) {
  const { host, hostname, port } = new URL(server);
  const socket = connect({ host: hostname, port: Number(port), ca, ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  const fixed = `Host: ${host}\r\nAuthorization: Bearer ${token}\r\nAccept: application/json\r\n`;
  let waiting;
  let reply;
  let head = Buffer.alloc(0);
  const fail = (error) => waiting?.reject(error ?? new Error('the server hung up'));
  socket.on('error', fail);
  socket.on('close', () => fail());
  socket.on('data', (chunk) => {
    if (reply) reply.arrived += chunk.length;
    else {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      reply = readHead(head);
      if (!reply) return;
      head = Buffer.alloc(0);
    }
    if (reply.arrived < reply.bytes) return;
    const { status } = reply;
    const { resolve } = waiting;
    reply = undefined;
    resolve(status);
  });
  return {
    send({ method, path, body }) {
      const type = 'Content-Type: application/json\r\nContent-Length:';
      const more = body === undefined ? '' : `${type} ${Buffer.byteLength(body)}\r\n`;
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(`${method} ${path} HTTP/1.1\r\n${fixed}${more}\r\n${body ?? ''}`);
      });
    },
    close: () => socket.destroy(),
  };
}
