// The rules of endpoint slices for the API server.
import type {
  Endpoint,
  EndpointHints,
  EndpointSlice,
  EndpointSlicePort,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  dnsLabel,
  dnsSubdomain,
  immutable,
  isBlank,
  qualifiedName,
  requiredOneOf,
} from '../core/field-rules.ts';
import {
  isIpv4,
  isIpv6,
  validateCanonicalIp,
  validateEndpointIp,
  validateIp,
} from '../core/ip-validation.ts';
import { ipWarnings } from '../core/ip-warnings.ts';
import { subdomainName, validateMetadata } from '../core/object-meta-validation.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  invalidForEach,
  invalidValue,
  required,
  tooMany,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { validateDns1123Subdomain, validateLabelValue } from '../meta/names.ts';

const PORTS = fieldPath('ports');
const ENDPOINTS = fieldPath('endpoints');
const MAX_PORTS = 20000;
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_HINTS = 8;
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const OWN_MANAGERS = [
  'endpointslice-controller.k8s.io',
  'endpointslicemirroring-controller.k8s.io',
];

/** What the API server asks of this kind. */
export const endpointSliceRules = defineKind<EndpointSlice>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  // API-404: everything but metadata counts, and of the metadata the labels.
  specChanged: (slice, old) =>
    !semanticEqual({ ...slice, metadata: 0 }, { ...old, metadata: 0 }) ||
    !semanticEqual(slice.metadata.labels, old.metadata.labels),
  applyDefaults({ ports }) {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  warnings: (slice) => [...sliceWarnings(slice)],
  prepareForCreate: dropTopology,
  prepareForUpdate: dropTopology,
  *validate(slice) {
    yield* validateMetadata(slice.metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSlice(slice, false);
  },
  *validateUpdate(slice, old) {
    yield* validateMetadata(slice.metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateSlice(slice, semanticEqual(slice.endpoints, old.endpoints));
    yield* immutable(slice.addressType, old.addressType, fieldPath('addressType'));
  },
});

function* sliceWarnings({ metadata, addressType, endpoints }: EndpointSlice): Iterable<string> {
  if (addressType === 'FQDN') yield 'spec.addressType: FQDN endpoints are deprecated';
  // The controller's own slices are right; looking at each address would be for nothing.
  if (OWN_MANAGERS.includes(metadata.labels?.[MANAGED_BY] ?? '')) return;
  for (const [i, { addresses }] of (endpoints ?? []).entries()) {
    for (const [j, address] of (addresses ?? []).entries()) {
      yield* ipWarnings(address, ENDPOINTS.index(i).child('addresses').index(j));
    }
  }
}

/** A field of older versions that v1 does not take. */
function dropTopology({ endpoints }: EndpointSlice): void {
  for (const endpoint of endpoints ?? []) delete endpoint.deprecatedTopology;
}

/** What is stored already is let pass. */
function* validateSlice(slice: EndpointSlice, endpointsUnchanged: boolean): Causes {
  const types = ['FQDN', 'IPv4', 'IPv6'];
  yield* requiredOneOf(slice.addressType, fieldPath('addressType'), types);
  yield* validatePorts(slice.ports ?? []);
  if (endpointsUnchanged) return;
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > MAX_ENDPOINTS) {
    yield tooMany(ENDPOINTS, endpoints.length, MAX_ENDPOINTS);
    return;
  }
  for (const [i, endpoint] of endpoints.entries()) {
    yield* validateEndpoint(endpoint, ENDPOINTS.index(i), slice.addressType);
  }
}

function* validatePorts(ports: readonly EndpointSlicePort[]): Causes {
  if (ports.length > MAX_PORTS) {
    yield tooMany(PORTS, ports.length, MAX_PORTS);
    return;
  }
  const names = new Set<string>();
  for (const [i, { name = '', protocol, appProtocol }] of ports.entries()) {
    const path = PORTS.index(i);
    if (name !== '') yield* dnsLabel(name, path.child('name'));
    if (names.has(name)) yield duplicate(path.child('name'), name);
    names.add(name);
    yield* requiredOneOf(protocol, path.child('protocol'), ['SCTP', 'TCP', 'UDP']);
    if (appProtocol !== undefined) yield* qualifiedName(appProtocol, path.child('appProtocol'));
  }
}

function* validateEndpoint(endpoint: Endpoint, path: FieldPath, type: string): Causes {
  const addresses = endpoint.addresses ?? [];
  const addressesPath = path.child('addresses');
  if (addresses.length === 0) yield required(addressesPath, 'must contain at least 1 address');
  if (addresses.length > MAX_ADDRESSES) {
    yield tooMany(addressesPath, addresses.length, MAX_ADDRESSES);
  }
  for (const [i, address] of addresses.entries()) {
    if (type === 'FQDN') yield* validateDomain(address, addressesPath.index(i));
    else yield* validateAddress(address, addressesPath, { i, type });
  }
  if (endpoint.nodeName !== undefined) {
    yield* dnsSubdomain(endpoint.nodeName, path.child('nodeName'));
  }
  if (endpoint.hostname !== undefined) {
    yield* dnsLabel(endpoint.hostname, path.child('hostname'));
  }
  if (endpoint.hints) yield* validateHints(endpoint.hints, path.child('hints'));
}

function* validateAddress(
  address: string,
  path: FieldPath,
  { i, type }: { i: number; type: string },
): Causes {
  const itemPath = path.index(i);
  const six = type === 'IPv6';
  if (!six && type !== 'IPv4') return;
  const causes = [
    ...(six ? validateCanonicalIp(address, itemPath) : validateIp(address, itemPath)),
  ];
  if (causes.length > 0) {
    yield* causes;
    return;
  }
  if (!(six ? isIpv6(address) : isIpv4(address))) {
    yield invalidValue(path, address, `must be an ${type} address`);
  }
  yield* validateEndpointIp(address, itemPath);
}

/** A domain of at least two labels. */
function* validateDomain(name: string, path: FieldPath): Causes {
  if (name === '') {
    yield required(path);
    return;
  }
  const domain = name.endsWith('.') ? name.slice(0, -1) : name;
  const messages = validateDns1123Subdomain(domain);
  yield* invalidForEach(path, name, messages);
  if (messages.length === 0 && !domain.includes('.')) {
    yield invalidValue(
      path,
      name,
      'should be a domain with at least two segments separated by dots',
    );
  }
}

function* validateHints(hints: EndpointHints, path: FieldPath): Causes {
  for (const field of ['forZones', 'forNodes'] as const) {
    const list = hints[field] ?? [];
    const listPath = path.child(field);
    if (list.length > MAX_HINTS) {
      yield tooMany(listPath, list.length, MAX_HINTS);
      return;
    }
    for (const [i, { name = '' }] of list.entries()) {
      const namePath = listPath.index(i).child('name');
      if (list.findIndex((other) => other.name === name) < i) yield duplicate(namePath, name);
      const zone = field === 'forZones';
      const messages = zone ? validateLabelValue(name) : validateDns1123Subdomain(name);
      if (!isBlank(name) || !zone) yield* invalidForEach(namePath, name, messages);
    }
  }
}
