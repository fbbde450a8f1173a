// Rules of docs/semantics/kubernetes-api.md about reasons of failures.
import { expect, test } from 'vitest';
import { isExpired, isNotFound, statusError } from './status-error.ts';
import type { StatusReason } from './status-error.ts';

test('API-316: Gone is 410 as Expired is, and means the same: list again', () => {
  for (const reason of ['Gone', 'Expired'] as const) {
    const error = statusError(reason, 'too old');
    expect(error.code).toBe(410);
    expect(isExpired(error)).toBe(true);
    expect(isNotFound(error)).toBe(false);
  }
  expect(isExpired(statusError('NotFound', 'gone'))).toBe(false);
});

test('API-322, API-321, API-328: codes of failures that may be tried again', () => {
  const codes = (...reasons: StatusReason[]) =>
    reasons.map(
      (reason) => statusError(reason, 'later', { details: { retryAfterSeconds: 1 } }).code,
    );
  expect(codes('ServerTimeout', 'Timeout', 'ServiceUnavailable', 'TooManyRequests')).toEqual([
    500, 504, 503, 429,
  ]);
});
