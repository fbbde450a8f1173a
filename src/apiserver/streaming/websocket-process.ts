// exec and attach over WebSocket (API-730 … API-738).
import { PassThrough, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Status } from '../../api/generated/types.ts';
import type { ProcessResponse } from '../api-request.ts';
import {
  CLOSE,
  decodeMessage,
  encodeMessage,
  ERROR,
  parseResize,
  RESIZE,
  STDERR,
  STDIN,
  STDOUT,
  type ChannelMessage,
  type ChannelProtocol,
} from './channel-protocol.ts';
import type { ProcessChannels } from './process-bridge.ts';
import { statusText } from './process-status.ts';

/** WebSocket close codes. */
const NORMAL_CLOSURE = 1000;

type Wanted = ProcessResponse['request'];

function sendMessage(
  socket: WebSocket,
  protocol: ChannelProtocol,
  message: ChannelMessage,
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(encodeMessage(protocol, message), (error) => (error ? reject(error) : resolve()));
  });
}

/**
 * A channel that waits for the socket to take each chunk, so that a slow client slows the process.
 */
function outputChannel(socket: WebSocket, protocol: ChannelProtocol, channel: number): Writable {
  return new Writable({
    write(payload: Buffer, _encoding, callback) {
      sendMessage(socket, protocol, { channel, payload }).then(() => callback(), callback);
    },
  });
}

/** Hands on input; stops reading the socket while the process doesn't take it. */
function feed(stdin: PassThrough, socket: WebSocket, payload: Buffer): void {
  if (stdin.destroyed || stdin.writableEnded || stdin.write(payload) || socket.isPaused) return;
  socket.pause();
  const resume = () => socket.resume();
  stdin.once('drain', resume);
  stdin.once('close', resume);
}

/** The channels of an open socket for a process that wants the given streams. */
export function websocketChannels(
  socket: WebSocket,
  protocol: ChannelProtocol,
  wanted: Wanted,
): ProcessChannels {
  const stdin = wanted.stdin ? new PassThrough() : undefined;
  const stdout = wanted.stdout ? outputChannel(socket, protocol, STDOUT) : undefined;
  const stderr = wanted.stderr && !wanted.tty ? outputChannel(socket, protocol, STDERR) : undefined;
  let onResize: ((width: number, height: number) => void) | undefined;
  socket.on('message', (data: Buffer) => {
    const message = decodeMessage(protocol, data);
    if (!message) return;
    const { channel, payload } = message;
    if (channel === STDIN && stdin) feed(stdin, socket, payload);
    else if (channel === RESIZE) {
      const size = parseResize(payload);
      if (size) onResize?.(size.width, size.height);
    } else if (channel === CLOSE && payload[0] === STDIN) stdin?.end();
  });
  return {
    stdin,
    stdout,
    stderr,
    onResize: (resize) => void (onResize = resize),
    onGone(gone) {
      socket.once('close', () => {
        stdin?.end();
        stdout?.destroy();
        stderr?.destroy();
        gone();
      });
    },
    async finish(status: Partial<Status>) {
      const payload = Buffer.from(statusText(status, protocol.version));
      if (payload.length > 0) await sendMessage(socket, protocol, { channel: ERROR, payload });
      // Without this frame clients report an abnormal closure (API-734).
      socket.close(NORMAL_CLOSURE);
    },
  };
}
