// The rules of nodes for the API server.
import type { Node } from '../generated/types.ts';
import { defineKind } from '../define-kind.ts';
import { GoStruct, duplicate, fieldPath, forbidden, invalidValue } from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, sortedEntries } from './field-rules.ts';
import { isDualStack, validateCidr } from './ip-validation.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from './object-meta-validation.ts';
import { validateQuantity } from './resource-validation.ts';
import { validateTaints } from './toleration-validation.ts';

/** Upstream reports taints under the metadata. */
const TAINTS = fieldPath('metadata', 'taints');
const CIDRS = fieldPath('spec', 'podCIDRs');
const STATUS = fieldPath('status');

/** What the API server asks of this kind. */
export const nodeRules = defineKind<Node>({
  namespaced: false,
  nameRule: subdomainName,
  hasStatus: true,
  // A kubelet that registers itself sends the first status with the node.
  initialStatus: ({ status }) => status ?? {},
  fieldSelectors: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  applyDefaults(node) {
    node.spec ??= {};
    node.status ??= {};
    syncPodCidrs(node);
    const { status } = node;
    if (status.capacity !== undefined) status.allocatable ??= { ...status.capacity };
  },
  prepareForCreate({ spec, status }) {
    delete spec?.configSource;
    delete status?.config;
  },
  prepareForStatusUpdate({ status }) {
    delete status?.config;
  },
  validate: validateNode,
  *validateUpdate(node, old) {
    yield* validateNode(node);
    yield* validateNodeChange(node, old);
  },
  validateStatusUpdate: validateNodeChange,
});

/** `podCIDR` is the first of `podCIDRs`. */
function syncPodCidrs({ spec = {} }: Node): void {
  const first = spec.podCIDRs?.[0];
  if (!isBlank(spec.podCIDR)) {
    if (first !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  } else if (first !== undefined) spec.podCIDR = first;
}

function* validateNode(node: Node): Causes {
  yield* validateMetadata(node.metadata, { namespaced: false, nameRule: subdomainName });
  yield* validateTaints(node.spec?.taints ?? [], TAINTS);
  yield* validateResources(node);
  const ranges = node.spec?.podCIDRs ?? [];
  for (const [i, range] of ranges.entries()) yield* validateCidr(range, CIDRS.index(i));
  const addresses = ranges.map((range) => range.split('/')[0] ?? '');
  if (ranges.length > 2 || (ranges.length === 2 && !isDualStack(addresses))) {
    const message = 'may specify no more than one CIDR for each IP family';
    yield invalidValue(CIDRS, ranges, message);
  }
}

function* validateResources({ status }: Node): Causes {
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, amount] of sortedEntries(status?.[list])) {
      yield* validateQuantity(name, amount, STATUS.child(list, name));
    }
  }
}

function* validateNodeChange(node: Node, old: Node): Causes {
  yield* validateMetadataUpdate(node.metadata, old.metadata);
  yield* validateResources(node);
  const addresses = node.status?.addresses ?? [];
  for (const [i, address] of addresses.entries()) {
    if (addresses.findIndex((other) => semanticEqual(other, address)) === i) continue;
    const shown = new GoStruct({ Type: address.type, Address: address.address });
    yield duplicate(STATUS.child('addresses').index(i), shown);
  }
  const ranges = old.spec?.podCIDRs ?? [];
  if (ranges.length > 0 && !semanticEqual(node.spec?.podCIDRs, ranges)) {
    yield forbidden(CIDRS, 'node updates may not change podCIDR except from "" to valid');
  }
  const provider = old.spec?.providerID;
  if (!isBlank(provider) && node.spec?.providerID !== provider) {
    const message = 'node updates may not change providerID except from "" to valid';
    yield forbidden(fieldPath('spec', 'providerID'), message);
  }
  yield* validateTaints(node.spec?.taints ?? [], TAINTS);
}
