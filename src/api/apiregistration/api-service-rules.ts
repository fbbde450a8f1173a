// The rules of API services: which server answers for a group version. This one answers itself for
// what it has, and asks no others: what names a Service is kept and never available.
import type { APIService, APIServiceSpec, APIServiceStatus } from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { dnsSubdomain } from '../core/field-rules.ts';
import {
  pathSegmentName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateDns1035Label, validatePortNumber } from '../meta/names.ts';
import { simpleKind } from '../simple-kind.ts';

const SPEC = fieldPath('spec');
const HTTPS = 443;
const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1000;
const CLUSTER_WIDE = { namespaced: false, nameRule: pathSegmentName };
const STATUSES = ['True', 'False', 'Unknown'];

/** What the API server asks of API services. */
export const apiServiceRules = simpleKind<APIService>({
  hasStatus: true,
  statusKeepsMetadata: true,
  unconditionalUpdate: false,
  nameRule: pathSegmentName,
  applyDefaults({ spec }) {
    if (spec?.service) spec.service.port ??= HTTPS;
  },
  initialStatus: ({ spec }, { now }) => availability(spec, now),
  prepareForUpdate(service, old, { now }) {
    const isLocal = service.spec?.service === undefined;
    if (isLocal === (old.spec?.service === undefined)) return;
    service.status = availability(service.spec, now);
  },
  check: validateService,
  *validateUpdate(service, old) {
    yield* validateMetadataUpdate(service.metadata, old.metadata);
    yield* validateMetadata(service.metadata, CLUSTER_WIDE);
    yield* validateService(service);
  },
  *validateStatusUpdate({ status }) {
    const path = fieldPath('status', 'conditions');
    for (const [index, condition] of (status?.conditions ?? []).entries()) {
      if (STATUSES.includes(condition.status)) continue;
      yield notSupported(path.index(index).child('status'), condition.status, STATUSES);
    }
  },
});

/** The status of an API service that is new, or another's than before, at the time `now`. */
export function availability(spec: APIServiceSpec | undefined, now: string): APIServiceStatus {
  const common = { type: 'Available', lastTransitionTime: now };
  const message = 'Local APIServices are always available';
  if (!spec?.service) {
    return { conditions: [{ ...common, status: 'True', reason: 'Local', message }] };
  }
  const why = 'this server does not pass requests on to other API servers';
  const refused = { status: 'False', reason: 'AggregationNotSupported', message: why };
  return { conditions: [{ ...common, ...refused }] };
}

function* validateService({ metadata, spec }: APIService): Causes {
  const given: Partial<APIServiceSpec> = spec ?? {};
  const { group = '', version = '' } = given;
  yield* validateName(metadata.name ?? '', `${version}.${group}`);
  if (group === '' && version !== 'v1') {
    const why = 'only v1 may have an empty group and it better be legacy kube';
    yield required(SPEC.child('group'), why);
  }
  if (group !== '') yield* dnsSubdomain(group, SPEC.child('group'));
  yield* invalidForEach(SPEC.child('version'), version, validateDns1035Label(version));
  const { groupPriorityMinimum: least = 0, versionPriority: priority = 0 } = given;
  yield* between(least, SPEC.child('groupPriorityMinimum'), GROUP_PRIORITY_MAX);
  yield* between(priority, SPEC.child('versionPriority'), VERSION_PRIORITY_MAX);
  yield* given.service ? validateReference(given) : validateLocal(given);
}

function* validateName(name: string, expected: string): Causes {
  if (name === '' || name === expected) return;
  const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(expected)}`;
  yield invalidValue(fieldPath('metadata', 'name'), name, why);
}

function* between(value: number, path: FieldPath, max: number): Causes {
  if (value > 0 && value <= max) return;
  yield invalidValue(path, value, `must be positive and less than ${max}`);
}

function* validateLocal({ caBundle = '', insecureSkipTLSVerify }: Partial<APIServiceSpec>): Causes {
  if (caBundle !== '') {
    const size = `${Buffer.from(caBundle, 'base64').length} bytes`;
    yield invalidValue(SPEC.child('caBundle'), size, 'local APIServices may not have a caBundle');
  }
  if (insecureSkipTLSVerify === true) {
    const why = 'local APIServices may not have insecureSkipTLSVerify';
    yield invalidValue(SPEC.child('insecureSkipTLSVerify'), true, why);
  }
}

function* validateReference(spec: Partial<APIServiceSpec>): Causes {
  const { service, caBundle = '', insecureSkipTLSVerify } = spec;
  const { namespace = '', name = '', port = HTTPS } = service ?? {};
  const path = SPEC.child('service');
  if (namespace === '') yield required(path.child('namespace'));
  if (name === '') yield required(path.child('name'));
  const faults = validatePortNumber(port);
  if (faults.length > 0) {
    yield invalidValue(path.child('port'), port, `port is not valid: ${faults.join(', ')}`);
  }
  if (insecureSkipTLSVerify === true && caBundle !== '') {
    const why = 'may not be true if caBundle is present';
    yield invalidValue(SPEC.child('insecureSkipTLSVerify'), true, why);
  }
}
