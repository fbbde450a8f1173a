// The rules of runtime classes for the API server.
import type { RuntimeClass } from '../generated/types.ts';
import { dnsLabel } from '../core/field-rules.ts';
import { fieldPath } from '../meta/field-errors.ts';
import { simpleKind } from '../simple-kind.ts';

/** What the API server asks of this kind. */
export const runtimeClassRules = simpleKind<RuntimeClass>({
  fixed: ['handler'],
  check: ({ handler }) => dnsLabel(handler ?? '', fieldPath('handler')),
});
