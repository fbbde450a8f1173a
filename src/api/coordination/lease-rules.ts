// The rules of leases for the API server.
import type { Lease, LeaseSpec } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { isBlank, nonNegative } from '../core/field-rules.ts';
import {
  subdomainName,
  validateObjectMeta,
  validateObjectMetaUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import { fieldPath, forbidden, invalidValue } from '../meta/field-errors.ts';

const SPEC = fieldPath('spec');

/** What the API server asks of this kind. */
export const leaseRules = defineKind<Lease>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  unconditionalUpdate: false,
  createOnUpdate: true,
  prepareForCreate: dropCoordination,
  prepareForUpdate: dropCoordination,
  *validate({ metadata, spec }) {
    yield* validateObjectMeta(metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSpec(spec ?? {});
  },
  *validateUpdate({ metadata, spec }, old) {
    yield* validateObjectMetaUpdate(metadata, old.metadata);
    yield* validateSpec(spec ?? {});
  },
});

/** Coordinated leader election is behind a gate that is off. */
function dropCoordination(lease: Lease, old?: unknown): void {
  const before = (old as Lease | undefined)?.spec;
  if (lease.spec === undefined) return;
  if (before?.strategy === undefined) delete lease.spec.strategy;
  if (before?.preferredHolder === undefined) delete lease.spec.preferredHolder;
}

function* validateSpec(spec: LeaseSpec): Causes {
  const duration = spec.leaseDurationSeconds;
  if (duration !== undefined && duration <= 0) {
    yield invalidValue(SPEC.child('leaseDurationSeconds'), duration, 'must be greater than 0');
  }
  yield* nonNegative(spec.leaseTransitions, SPEC.child('leaseTransitions'));
  if (!isBlank(spec.preferredHolder) && isBlank(spec.strategy)) {
    const message = 'may only be specified if `strategy` is defined';
    yield forbidden(SPEC.child('preferredHolder'), message);
  }
}
