// The program that connects, in the host's network namespace, for a server that lives in the
// cluster's. It talks with dial-host.ts over a private channel, hands over what it connected, and
// ends with the server.
import { connect, type Socket } from 'node:net';
import { systemErrorCode } from '../base/errors.ts';
import type { DialFailure, DialReply, DialRequest } from './dial-host.ts';

/** No webhook is waited for longer. */
const CONNECT_TIMEOUT_MS = 30_000;

process.on('message', (request) => dial(request as DialRequest));
answer({});

function dial({ id, host, port }: DialRequest): void {
  const socket = connect({ host, port });
  const failed = (error: Error) => {
    socket.destroy();
    answer({ id, failure: failureOf(error) });
  };
  socket.once('error', failed);
  socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
    failed(new Error(`dial tcp ${host}:${port}: i/o timeout`)),
  );
  socket.once('connect', () => {
    socket.off('error', failed);
    socket.setTimeout(0);
    socket.pause();
    socket.on('error', () => {}); // the server sees it
    answer({ id }, socket);
  });
}

function answer(reply: DialReply, socket?: Socket): void {
  // A server that went away ends this process too.
  process.send?.(reply, socket, {}, () => {});
}

/** Of several addresses tried for a name, the failure of the first. */
function failureOf(error: Error): DialFailure {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const cause = first instanceof Error ? first : error;
  const { address, port, hostname } = cause as Partial<DialFailure>;
  return { message: cause.message, code: systemErrorCode(cause), address, port, hostname };
}
