// One call of grpc.health.v1.Health/Check over HTTP/2, without a protobuf library: a request is one
// string field, a reply one number.
import { connect } from 'node:http2';
import type { Clock } from '../../base/clock.ts';
import { failed, SUCCEEDED } from './probe-outcome.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

const SERVING = 1;
const FIELD_ONE_STRING = 0x0a;
const FIELD_ONE_NUMBER = 0x08;
const FRAME_HEADER_BYTES = 5;

function requestFrame(service: string): Buffer {
  const name = Buffer.from(service);
  const message =
    name.length === 0
      ? Buffer.alloc(0)
      : Buffer.concat([Buffer.from([FIELD_ONE_STRING, name.length]), name]);
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** The reply's status; 0 (UNKNOWN) if there is none. */
function replyStatus(reply: Buffer): number {
  const message = reply.subarray(FRAME_HEADER_BYTES);
  return message[0] === FIELD_ONE_NUMBER ? (message[1] ?? 0) : 0;
}

const STATUS_NAMES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** Asks the server at `host`:`port` how `service` is. Never throws. */
export function grpcHealth(
  { host, port, service }: { host: string; port: number; service: string },
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<ProbeOutcome> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const finish = (outcome: ProbeOutcome) => {
      timer.cancel();
      session.destroy();
      resolve(outcome);
    };
    const timer = clock.schedule(timeoutMs, () =>
      finish(failed(`timeout: failed to connect service "${address}" within ${timeoutMs / 1000}s`)),
    );
    session.on('error', () => finish(failed(`error: failed to connect service at "${address}"`)));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => finish(failed('error: health rpc probe failed')));
    stream.on('end', () => {
      const status = replyStatus(Buffer.concat(chunks));
      const name = STATUS_NAMES[status] ?? String(status);
      const text = `service unhealthy (responded with "${name}")`;
      finish(status === SERVING ? SUCCEEDED : failed(text));
    });
    stream.end(requestFrame(service));
  });
}
