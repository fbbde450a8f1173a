// Reads request bodies off the wire, with a limit.
import type { Readable } from 'node:stream';
import { badRequest, statusError } from '../api/meta/status-error.ts';

/** Largest request body in bytes (API-111). */
export const BODY_BYTES_MAX = 3 * 1024 * 1024;

function tooLarge() {
  const message = `Request entity too large: limit is ${BODY_BYTES_MAX}`;
  return statusError('RequestEntityTooLarge', message);
}

/**
 * The whole body, or undefined when there is none.
 * Throws 413 over the limit (the rest is read and thrown away, so that the caller sees the reply),
 * 400 when the caller breaks off.
 */
export function readBody(request: Readable, lengthHeader?: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = () => {
      request.off('data', take).off('end', end).off('close', brokenOff).off('error', brokenOff);
    };
    const refuse = () => {
      settle();
      request.on('error', () => {}).resume();
      reject(tooLarge());
    };
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) refuse();
      else chunks.push(chunk);
    };
    const end = () => {
      settle();
      if (bytes === 0) resolve(undefined);
      else resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    };
    const brokenOff = () => {
      settle();
      request.on('error', () => {});
      reject(badRequest('the request body was cut short'));
    };
    if (Number(lengthHeader ?? 0) > BODY_BYTES_MAX) return refuse();
    request.on('data', take).on('end', end).on('close', brokenOff).on('error', brokenOff);
  });
}
