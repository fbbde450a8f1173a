// The DNS server: UDP and TCP sockets around answer.ts and forwarder.ts.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { encode, type Packet } from 'dns-packet';
import type { Clock } from '../base/clock.ts';
import { OrdinalError, errorMessage, systemErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Runnable } from '../base/runnable.ts';
import { answerFrom, encodeForUdp, errorResponse, readQuery, type Query } from './answer.ts';
import type { Forwarder } from './forwarder.ts';
import type { Zone } from './zone.ts';

/**
 * An address to bind, or descriptors of sockets that are bound already (opened in another network
 * namespace).
 */
export type DnsListener =
  | { readonly address: string; readonly port: number }
  | { readonly udpFd: number; readonly tcpFd: number };

export interface DnsServerOptions {
  readonly zone: Zone;
  readonly listeners: readonly DnsListener[];
  /** Absent: names that are not ours are refused. */
  readonly forwarder: Forwarder | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DnsServer extends Runnable {
  /** Port of each listener, in order, once started. */
  readonly ports: readonly number[];
}

const TCP_IDLE_MS = 10_000;
const TCP_CONNECTIONS_MAX = 256;

export function createDnsServer(options: DnsServerOptions): DnsServer {
  const udp: UdpSocket[] = [];
  const tcp: Server[] = [];
  const connections = new Set<Socket>();
  const ports: number[] = [];
  return {
    ports,
    async start() {
      for (const listener of options.listeners) {
        const server = createTcpServer(options, connections);
        tcp.push(server);
        await listenTcp(server, listener);
        const address = server.address();
        const port = typeof address === 'object' && address ? address.port : 0;
        const socket = createUdpSocket(options);
        udp.push(socket);
        await bindUdp(socket, 'udpFd' in listener ? listener : { ...listener, port });
        ports.push(port);
      }
    },
    async stop() {
      options.forwarder?.stop();
      for (const connection of connections) connection.destroy();
      const sockets = udp.splice(0).map((socket) => closed((done) => socket.close(done)));
      const servers = tcp.splice(0).map((server) => closed((done) => server.close(() => done())));
      await Promise.all([...sockets, ...servers]);
    },
  };
}

function closed(close: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    try {
      close(resolve);
    } catch {
      resolve(); // was never open
    }
  });
}

function bindError(listener: DnsListener, cause: unknown): OrdinalError {
  const where = 'port' in listener ? `${listener.address}:${listener.port}` : 'inherited socket';
  const busy = systemErrorCode(cause) === 'EADDRINUSE';
  const message = busy
    ? `the DNS port ${where} is in use`
    : `DNS can't listen on ${where}: ${errorMessage(cause)}`;
  return new OrdinalError('ORD_DNS_PORT', message, { action: 'choose another --dns-port', cause });
}

function listenTcp(server: Server, listener: DnsListener): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindError(listener, error)));
    if ('tcpFd' in listener) server.listen({ fd: listener.tcpFd }, resolve);
    else server.listen(listener.port, listener.address, resolve);
  });
}

function bindUdp(socket: UdpSocket, listener: DnsListener): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(bindError(listener, error)));
    if ('udpFd' in listener) socket.bind({ fd: listener.udpFd }, resolve);
    else socket.bind(listener.port, listener.address, resolve);
  });
}

function createUdpSocket(options: DnsServerOptions): UdpSocket {
  const socket = createSocket('udp4');
  socket.on('error', (error) => options.logger.warn('dns socket', { error: error.message }));
  socket.on('message', (message, remote) => {
    const query = readQuery(message);
    if (!query) return;
    void answer(options, query, message).then((reply) => {
      const bytes = Buffer.isBuffer(reply) ? reply : encodeForUdp(reply, query.udpBytesMax);
      socket.send(bytes, remote.port, remote.address, () => {}); // the asker may be gone
    });
  });
  return socket;
}

/** A packet of ours, or the bytes that a resolver of the host gave. */
async function answer(
  { zone, forwarder }: DnsServerOptions,
  query: Query,
  message: Buffer,
): Promise<Packet | Buffer> {
  const own = answerFrom(zone, query);
  if (own) return own;
  if (!forwarder) return errorResponse(query, 'REFUSED');
  return (await forwarder.forward(message)) ?? errorResponse(query, 'SERVFAIL');
}

function createTcpServer(options: DnsServerOptions, connections: Set<Socket>): Server {
  const server = createServer((connection) => {
    connections.add(connection);
    connection.setTimeout(TCP_IDLE_MS, () => connection.destroy());
    connection.on('close', () => connections.delete(connection));
    connection.on('error', () => connection.destroy());
    serveConnection(options, connection);
  });
  server.maxConnections = TCP_CONNECTIONS_MAX;
  return server;
}

/** RFC 1035 4.2.2: every message has a two-byte length in front. */
function serveConnection(options: DnsServerOptions, connection: Socket): void {
  let buffered = Buffer.alloc(0);
  connection.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
      const end = 2 + buffered.readUInt16BE(0);
      const message = Buffer.from(buffered.subarray(2, end));
      buffered = buffered.subarray(end);
      const query = readQuery(message);
      if (!query) return void connection.destroy();
      void answer(options, query, message).then((reply) => {
        const bytes = Buffer.isBuffer(reply) ? reply : encode(reply);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(bytes.length);
        if (!connection.destroyed) connection.write(Buffer.concat([length, bytes]));
      });
    }
  });
}
