// A TCP connection as a promise.
import { connect, type Socket } from 'node:net';

/** Resolves once it is made; throws Node's error. */
export function connectTo(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
