// The rules of ingress classes, IP addresses and service ranges for the API server.
import type {
  IPAddress,
  IngressClass,
  IngressClassParametersReference,
  ParentReference,
  ServiceCIDR,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  dnsLabel,
  dnsSubdomain,
  domainPrefixedPath,
  immutable,
  IMMUTABLE,
  isBlank,
} from '../core/field-rules.ts';
import {
  isIpv6,
  parsesAsCidr,
  validateCanonicalCidr,
  validateCanonicalIp,
} from '../core/ip-validation.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  GoStruct,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../meta/field-errors.ts';
import { goQuote } from '../meta/go-quote.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { validatePathSegmentName } from '../meta/names.ts';
import { simpleKind } from '../simple-kind.ts';
import { validateReference } from './ingress-rules.ts';

const CLUSTER_WIDE = { namespaced: false, nameRule: subdomainName };
const CONTROLLER_MAX = 250;

/** What the API server asks of ingress classes. */
export const ingressClassRules = simpleKind<IngressClass>({
  generation: true,
  applyDefaults({ spec }) {
    if (spec?.parameters) spec.parameters.scope ??= 'Cluster';
  },
  check: validateClass,
  *validateUpdate(ingressClass, old) {
    yield* validateMetadataUpdate(ingressClass.metadata, old.metadata);
    const path = fieldPath('spec', 'controller');
    yield* immutable(ingressClass.spec?.controller, old.spec?.controller, path);
    yield* validateMetadata(ingressClass.metadata, CLUSTER_WIDE);
    yield* validateClass(ingressClass);
  },
});

function* validateClass({ spec = {} }: IngressClass): Causes {
  const { controller = '', parameters } = spec;
  const path = fieldPath('spec', 'controller');
  if (Buffer.byteLength(controller) > CONTROLLER_MAX) yield tooLong(path, CONTROLLER_MAX);
  yield* domainPrefixedPath(controller, path);
  if (parameters) yield* validateParameters(parameters, fieldPath('spec', 'parameters'));
}

function* validateParameters(parameters: IngressClassParametersReference, path: FieldPath): Causes {
  yield* validateReference(parameters, path);
  const { scope, namespace } = parameters;
  const namespacePath = path.child('namespace');
  if (scope === undefined) yield required(path.child('scope'));
  else if (scope === 'Namespace') {
    if (namespace === undefined) {
      yield required(namespacePath, "`parameters.scope` is set to 'Namespace'");
    } else yield* dnsLabel(namespace, namespacePath);
  } else if (scope === 'Cluster') {
    if (namespace === undefined) return;
    yield forbidden(namespacePath, "`parameters.scope` is set to 'Cluster'");
  } else yield notSupported(path.child('scope'), scope, ['Cluster', 'Namespace']);
}

/** An address is named as it is written in its shortest form. */
function addressName(name: string): string[] {
  const causes = [...validateCanonicalIp(name, fieldPath('name'))];
  const shown = `Invalid value: ${goQuote(name)}: `;
  return causes.map(({ message = '' }) => message.slice(shown.length));
}

const PARENT = fieldPath('spec', 'parentRef');

/** What the API server asks of IP addresses. */
export const ipAddressRules = simpleKind<IPAddress>({
  nameRule: addressName,
  check: ({ spec }) => validateParent(spec?.parentRef),
  *validateUpdate({ metadata, spec }, old) {
    yield* validateMetadata(metadata, { namespaced: false, nameRule: addressName });
    yield* validateParent(spec?.parentRef);
    yield* validateMetadataUpdate(metadata, old.metadata);
    if (semanticEqual(spec?.parentRef, old.spec?.parentRef)) return;
    yield invalidValue(PARENT, internalParent(spec?.parentRef), 'field is immutable');
  },
});

/** Messages show upstream's internal form. */
function internalParent(parent: Partial<ParentReference> | undefined): GoStruct | null {
  if (!parent) return null;
  const { group = '', resource = '', namespace = '', name = '' } = parent;
  return new GoStruct({ Group: group, Resource: resource, Namespace: namespace, Name: name });
}

function* validateParent(parent: Partial<ParentReference> | undefined): Causes {
  if (!parent) {
    yield required(PARENT);
    return;
  }
  if (!isBlank(parent.group)) yield* dnsSubdomain(parent.group, PARENT.child('group'));
  for (const field of ['resource', 'name', 'namespace'] as const) {
    const value = parent[field];
    const path = PARENT.child(field);
    if (!isBlank(value)) yield* invalidForEach(path, value, validatePathSegmentName(value));
    else if (field !== 'namespace') yield required(path);
  }
}

const CIDRS = fieldPath('spec', 'cidrs');

/** What the API server asks of service ranges. */
export const serviceCidrRules = simpleKind<ServiceCIDR>({
  hasStatus: true,
  statusKeepsMetadata: true,
  check: ({ spec }) => validateRanges(spec?.cidrs ?? []),
  *validateUpdate({ metadata, spec }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    const cidrs = spec?.cidrs ?? [];
    const before = old.spec?.cidrs ?? [];
    const grows = before.length === 1 && cidrs.length === 2;
    if (!grows && cidrs.length !== before.length) {
      yield invalidValue(CIDRS, spec?.cidrs ?? null, IMMUTABLE);
      return;
    }
    for (const [index, cidr] of before.entries()) {
      yield* immutable(cidrs[index], cidr, CIDRS.index(index));
    }
    if (grows) yield* validateRanges(cidrs);
  },
});

function* validateRanges(cidrs: readonly string[]): Causes {
  if (cidrs.length === 0) yield required(CIDRS, 'at least one CIDR required');
  if (cidrs.length > 2) {
    // Messages show upstream's internal form.
    yield invalidValue(CIDRS, { CIDRs: cidrs }, 'may only hold up to 2 values');
    return;
  }
  for (const [index, cidr] of cidrs.entries())
    yield* validateCanonicalCidr(cidr, CIDRS.index(index));
  const [first, second] = cidrs.map(
    (cidr) => parsesAsCidr(cidr) && isIpv6(cidr.split('/')[0] ?? ''),
  );
  if (cidrs.length < 2 || first !== second || !cidrs.every(parsesAsCidr)) return;
  const message =
    'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
  yield invalidValue(CIDRS, cidrs, message);
}
