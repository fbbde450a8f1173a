// The rules of network policies for the API server.
import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import { isBlank, oneOf, portNumber, portNumberOrName } from '../core/field-rules.ts';
import { isWithin, parsesAsCidr, validateCidr } from '../core/ip-validation.ts';
import { cidrWarnings } from '../core/ip-warnings.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { defineKind, specDiffers } from '../define-kind.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  fieldPath,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateLabelSelector } from '../meta/labels.ts';

const SPEC = fieldPath('spec');
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const TYPES = ['Ingress', 'Egress'];

/** What the API server asks of this kind. */
export const networkPolicyRules = defineKind<NetworkPolicy>({
  namespaced: true,
  nameRule: subdomainName,
  hasStatus: false,
  specChanged: specDiffers,
  applyDefaults({ spec }) {
    if (!spec) return;
    for (const port of allPorts(spec)) port.protocol ??= 'TCP';
    if ((spec.policyTypes ?? []).length > 0) return;
    spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  *validate({ metadata, spec }) {
    yield* validateMetadata(metadata, { namespaced: true, nameRule: subdomainName });
    if (spec) yield* validateSpec(spec, []);
  },
  *validateUpdate({ metadata, spec }, old) {
    yield* validateMetadataUpdate(metadata, old.metadata);
    if (spec) yield* validateSpec(spec, knownCidrs(old.spec));
  },
  warnings: ({ spec }) => (spec ? [...rangeWarnings(spec)] : []),
});

/** Warnings about ranges in odd forms. */
function* rangeWarnings(spec: NetworkPolicySpec): Iterable<string> {
  for (const [i, { from = [] }] of (spec.ingress ?? []).entries()) {
    yield* peerWarnings(from, SPEC.child('ingress').index(i).child('from'));
  }
  for (const [i, { to = [] }] of (spec.egress ?? []).entries()) {
    yield* peerWarnings(to, SPEC.child('egress').index(i).child('to'));
  }
}

function* peerWarnings(peers: readonly NetworkPolicyPeer[], path: FieldPath): Iterable<string> {
  for (const [i, { ipBlock }] of peers.entries()) {
    if (!ipBlock) continue;
    const at = path.index(i).child('ipBlock');
    yield* cidrWarnings(ipBlock.cidr, at.child('cidr'));
    for (const [j, exception] of (ipBlock.except ?? []).entries()) {
      yield* cidrWarnings(exception, at.child('except').index(j));
    }
  }
}

function allPorts(spec: NetworkPolicySpec): NetworkPolicyPort[] {
  return [...(spec.ingress ?? []), ...(spec.egress ?? [])].flatMap(({ ports }) => ports ?? []);
}

/** Ranges that are there already may stay as they are. */
function knownCidrs(spec: NetworkPolicySpec | undefined): string[] {
  const peers = [
    ...(spec?.ingress ?? []).flatMap(({ from }) => from ?? []),
    ...(spec?.egress ?? []).flatMap(({ to }) => to ?? []),
  ];
  return peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : []));
}

function* validateSpec(spec: NetworkPolicySpec, known: readonly string[]): Causes {
  yield* validateLabelSelector(spec.podSelector ?? {}, SPEC.child('podSelector'));
  for (const [index, { ports = [], from = [] }] of (spec.ingress ?? []).entries()) {
    const path = SPEC.child('ingress').index(index);
    yield* validatePorts(ports, path.child('ports'));
    yield* validatePeers(from, path.child('from'), known);
  }
  for (const [index, { ports = [], to = [] }] of (spec.egress ?? []).entries()) {
    const path = SPEC.child('egress').index(index);
    yield* validatePorts(ports, path.child('ports'));
    yield* validatePeers(to, path.child('to'), known);
  }
  const types = spec.policyTypes ?? [];
  const path = SPEC.child('policyTypes');
  if (types.length > TYPES.length) {
    yield invalidValue(path, types, 'may not specify more than two policyTypes');
    return;
  }
  for (const [index, type] of types.entries()) {
    if (!TYPES.includes(type)) yield notSupported(path.index(index), type, TYPES);
  }
}

function* validatePorts(ports: readonly NetworkPolicyPort[], path: FieldPath): Causes {
  for (const [index, { protocol, port, endPort }] of ports.entries()) {
    const at = path.index(index);
    yield* oneOf(protocol, at.child('protocol'), PROTOCOLS);
    const endPath = at.child('endPort');
    if (typeof port === 'number') {
      yield* portNumber(port, at.child('port'));
      if (endPort === undefined) continue;
      if (endPort < port)
        yield invalidValue(endPath, port, 'must be greater than or equal to `port`');
      yield* portNumber(endPort, endPath);
      continue;
    }
    if (endPort !== undefined) {
      const why = port === undefined ? 'not specified' : 'non-numeric';
      yield invalidValue(endPath, endPort, `may not be specified when \`port\` is ${why}`);
    }
    if (port !== undefined) yield* portNumberOrName(port, at.child('port'));
  }
}

function* validatePeers(
  peers: readonly NetworkPolicyPeer[],
  path: FieldPath,
  known: readonly string[],
): Causes {
  for (const [index, { podSelector, namespaceSelector, ipBlock }] of peers.entries()) {
    const at = path.index(index);
    if (podSelector) yield* validateLabelSelector(podSelector, at.child('podSelector'));
    if (namespaceSelector) {
      yield* validateLabelSelector(namespaceSelector, at.child('namespaceSelector'));
    }
    if (ipBlock) yield* validateIpBlock(ipBlock, at.child('ipBlock'), known);
    const selects = podSelector !== undefined || namespaceSelector !== undefined;
    if (!selects && ipBlock === undefined) yield required(at, 'must specify a peer');
    if (selects && ipBlock !== undefined) {
      yield forbidden(at, 'may not specify both ipBlock and another peer');
    }
  }
}

function* validateIpBlock(
  { cidr, except = [] }: IPBlock,
  path: FieldPath,
  known: readonly string[],
): Causes {
  if (isBlank(cidr)) {
    yield required(path.child('cidr'));
    return;
  }
  yield* validateCidr(cidr, path.child('cidr'), known);
  if (!parsesAsCidr(cidr)) return;
  for (const [index, exception] of except.entries()) {
    const at = path.child('except').index(index);
    yield* validateCidr(exception, at, known);
    if (parsesAsCidr(exception) && !isWithin(exception, cidr)) {
      yield invalidValue(at, exception, 'must be a strict subset of `cidr`');
    }
  }
}
