// When a certificate signing request has served its time.
import type { CertificateSigningRequest } from '../../../api/generated/types.ts';

const HOUR_MS = 3_600_000;
const DONE_MS = HOUR_MS;
const WAITING_MS = 24 * HOUR_MS;

/**
 * True when a request can go at `nowMs`: an hour after its verdict was carried out, a day after
 * anything else, or when its certificate (good until `expiresMs`) is of no use any more.
 */
export function isPast(
  { metadata, status }: CertificateSigningRequest,
  { nowMs, expiresMs }: { nowMs: number; expiresMs: number | undefined },
): boolean {
  const conditions = status?.conditions ?? [];
  const olderThan = (time: string | undefined, ageMs: number) =>
    time !== undefined && nowMs - Date.parse(time) > ageMs;
  if (conditions.length === 0 && olderThan(metadata.creationTimestamp, WAITING_MS)) return true;
  const isIssued = (status?.certificate ?? '') !== '';
  return conditions.some(({ type, lastUpdateTime }) => {
    if (type === 'Denied' || type === 'Failed') return olderThan(lastUpdateTime, DONE_MS);
    if (type !== 'Approved') return false;
    if (expiresMs !== undefined && nowMs > expiresMs) return true;
    return olderThan(lastUpdateTime, isIssued ? DONE_MS : WAITING_MS);
  });
}
