// The rules of the older Endpoints objects for the API server.
import type {
  EndpointAddress,
  EndpointPort,
  Endpoints,
  EndpointSubset,
} from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { fieldPath, required } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import type { Causes } from './field-rules.ts';
import {
  dnsLabel,
  dnsSubdomain,
  isBlank,
  portNumber,
  qualifiedName,
  requiredOneOf,
} from './field-rules.ts';
import { validateEndpointIp, validateIp } from './ip-validation.ts';
import { ipWarnings } from './ip-warnings.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
const CONTROLLER = 'endpoint-controller';

/** What the API server asks of this kind. */
export const endpointsRules = defineKind<Endpoints>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  createOnUpdate: true,
  applyDefaults({ subsets }) {
    for (const { ports } of subsets ?? []) {
      for (const port of ports ?? []) if (isBlank(port.protocol)) port.protocol = 'TCP';
    }
  },
  validate: validateEndpoints,
  *validateUpdate(endpoints, old) {
    yield* validateMetadataUpdate(endpoints.metadata, old.metadata);
    yield* validateEndpoints(endpoints, semanticEqual(endpoints.subsets, old.subsets));
  },
  warnings: ({ metadata, subsets }) =>
    metadata.labels?.[MANAGED_BY] === CONTROLLER ? [] : [...subsetWarnings(subsets ?? [])],
});

function* subsetWarnings(subsets: readonly EndpointSubset[]): Iterable<string> {
  for (const [i, subset] of subsets.entries()) {
    for (const field of ['addresses', 'notReadyAddresses'] as const) {
      for (const [j, { ip }] of (subset[field] ?? []).entries()) {
        yield* ipWarnings(ip, fieldPath('subsets').index(i).child(field).index(j).child('ip'));
      }
    }
  }
}

/** What is stored already is let pass. */
function* validateEndpoints({ metadata, subsets }: Endpoints, unchanged: unknown): Causes {
  yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
  if (unchanged === true) return;
  for (const [i, subset] of (subsets ?? []).entries()) {
    const path = fieldPath('subsets').index(i);
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
    if (addresses.length === 0 && notReadyAddresses.length === 0) {
      yield required(path, 'must specify `addresses` or `notReadyAddresses`');
    }
    for (const [j, address] of addresses.entries()) {
      yield* validateAddress(address, path.child('addresses').index(j));
    }
    for (const [j, address] of notReadyAddresses.entries()) {
      yield* validateAddress(address, path.child('notReadyAddresses').index(j));
    }
    for (const [j, port] of ports.entries()) {
      yield* validatePort(port, path.child('ports').index(j), ports.length > 1);
    }
  }
}

function* validateAddress(address: EndpointAddress, path: FieldPath): Causes {
  yield* validateIp(address.ip, path.child('ip'));
  if (!isBlank(address.hostname)) yield* dnsLabel(address.hostname, path.child('hostname'));
  if (address.nodeName !== undefined) {
    yield* dnsSubdomain(address.nodeName, path.child('nodeName'));
  }
  yield* validateEndpointIp(address.ip ?? '', path.child('ip'));
}

function* validatePort(port: EndpointPort, path: FieldPath, nameRequired: boolean): Causes {
  if (!isBlank(port.name)) yield* dnsLabel(port.name, path.child('name'));
  else if (nameRequired) yield required(path.child('name'));
  yield* portNumber(port.port ?? 0, path.child('port'));
  yield* requiredOneOf(port.protocol, path.child('protocol'), ['SCTP', 'TCP', 'UDP']);
  if (port.appProtocol !== undefined) {
    yield* qualifiedName(port.appProtocol, path.child('appProtocol'));
  }
}
