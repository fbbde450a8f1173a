// The rules of certificate signing requests for the API server. Who asks is written down by the
// server; the three parts of an object (itself, /status, /approval) change different things.
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../generated/types.ts';
import { pathSegmentName } from '../core/object-meta-validation.ts';
import { defineKind, type KindDefinition } from '../define-kind.ts';
import {
  validateSigningRequest,
  validateSigningRequestUpdate,
} from './signing-request-validation.ts';

type Definition = KindDefinition<CertificateSigningRequest>;

const common: Definition = {
  namespaced: false,
  nameRule: pathSegmentName,
  hasStatus: true,
  fieldSelectors: { 'spec.signerName': ({ spec }) => spec.signerName ?? '' },
  prepareForCreate({ spec }, { requestor }) {
    const { name = '', uid = '', groups = [], extra = {} } = requestor ?? {};
    spec.username = name;
    for (const field of ['uid', 'groups', 'extra'] as const) delete spec[field];
    if (uid !== '') spec.uid = uid;
    if (groups.length > 0) spec.groups = [...groups];
    const entries = Object.entries(extra).map(
      ([key, values]) => [key, [...values]] as [string, string[]],
    );
    if (entries.length > 0) spec.extra = Object.fromEntries(entries);
  },
  prepareForUpdate(object, old) {
    object.spec = old.spec;
  },
  validate: (object) => validateSigningRequest(object),
  validateUpdate: (object, old) =>
    validateSigningRequestUpdate(object, old, { verdict: false, certificate: false }),
};

/** What the API server asks of this kind. */
export const signingRequestRules = defineKind<CertificateSigningRequest>({
  ...common,
  prepareForStatusUpdate(object, old, { now }) {
    for (const type of ['Approved', 'Denied']) keepVerdict(object, old, type);
    stampConditions(object, old, now);
  },
  validateStatusUpdate: (object, old) =>
    validateSigningRequestUpdate(object, old, { verdict: false, certificate: true }),
});

/** As signingRequestRules, for /approval in the place of /status. */
export const signingApprovalRules = defineKind<CertificateSigningRequest>({
  ...common,
  prepareForStatusUpdate(object, old, { now }) {
    stampConditions(object, old, now);
    const conditions = object.status?.conditions;
    object.status = { ...old.status };
    delete object.status.conditions;
    if (conditions) object.status.conditions = conditions;
  },
  validateStatusUpdate: (object, old) =>
    validateSigningRequestUpdate(object, old, { verdict: true, certificate: false }),
});

type Conditions = readonly CertificateSigningRequestCondition[];

/** Verdicts that a writer of the status doesn't know well are as they were. */
function keepVerdict(
  { status }: CertificateSigningRequest,
  { status: old }: CertificateSigningRequest,
  type: string,
): void {
  const before = ofType(old?.conditions ?? [], type);
  if (!status?.conditions || before.length !== ofType(status.conditions, type).length) return;
  let next = 0;
  status.conditions = status.conditions.map((condition) =>
    condition.type === type ? (before[next++] ?? condition) : condition,
  );
}

function ofType(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type === type);
}

/** Conditions that come without times get the time of now. */
function stampConditions(
  { status }: CertificateSigningRequest,
  { status: old }: CertificateSigningRequest,
  now: string,
): void {
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??=
      ofType(old?.conditions ?? [], condition.type).find(
        ({ status: value, lastTransitionTime }) =>
          value === condition.status && lastTransitionTime !== undefined,
      )?.lastTransitionTime ?? now;
  }
}
