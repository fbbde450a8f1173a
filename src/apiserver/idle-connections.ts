// Ends connections on which nobody has asked for anything for a while: each keeps memory and a
// descriptor. Clients open another when they need one.
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';

/** Longer than clients keep theirs (90 s), so that it is they who close. */
const IDLE_MS_MAX = 120_000;
const LOOK_EVERY_MS = 30_000;

interface Connection {
  /** Requests that are being answered. */
  open: number;
  idleSinceMs: number;
  readonly end: () => void;
}

/** Looks after the connections of a server as long as it has any. */
export function endIdleConnections(http: Http2SecureServer, clock: Clock): void {
  const connections = new Map<object, Connection>();
  let timer: { cancel(): void } | undefined;

  const look = () => {
    timer = undefined;
    const latestMs = clock.now() - IDLE_MS_MAX;
    for (const { open, idleSinceMs, end } of connections.values()) {
      if (open === 0 && idleSinceMs <= latestMs) end();
    }
    if (connections.size > 0) timer = clock.schedule(LOOK_EVERY_MS, look);
  };
  const forget = (key: object) => {
    connections.delete(key);
    if (connections.size > 0) return;
    timer?.cancel();
    timer = undefined;
  };
  const add = (key: Duplex | ServerHttp2Session, end: () => void) => {
    connections.set(key, { open: 0, idleSinceMs: clock.now(), end });
    key.once('close', () => forget(key));
    timer ??= clock.schedule(LOOK_EVERY_MS, look);
  };

  http.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol !== 'h2') add(socket, () => socket.destroy());
  });
  http.on('session', (session) => add(session, () => session.close()));
  http.on('request', (request, reply) => {
    const key = request.httpVersionMajor === 2 ? request.stream.session : request.socket;
    const connection = key && connections.get(key);
    if (!connection) return;
    connection.open += 1;
    reply.once('close', () => {
      connection.open -= 1;
      connection.idleSinceMs = clock.now();
    });
  });
  // What follows an upgrade is no request, and as long as its ends want.
  http.on('upgrade', (_request, socket: Duplex) => forget(socket));
}
