// The reply of subresources that only say "done" (API-330).
import { unstored } from '../../api-request.ts';
import type { ObjectResponse } from '../../api-request.ts';

/** A Success Status with the code of a create. */
export function createdStatus(warnings: readonly string[]): ObjectResponse {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  return {
    kind: 'object',
    code: 201,
    resource: undefined,
    subresource: '',
    stored: unstored(status),
    warnings,
  };
}
