// The rules of what storage drivers say about themselves, for the API server.
import type {
  CSIDriver,
  CSIDriverSpec,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  StorageV1TokenRequest,
} from '../generated/types.ts';
import type { Causes } from '../core/field-rules.ts';
import {
  dnsSubdomain,
  immutable,
  nonNegative,
  NOT_NEGATIVE,
  oneOf,
  qualifiedName,
  requiredText,
} from '../core/field-rules.ts';
import {
  subdomainName,
  validateMetadata,
  validateMetadataUpdate,
} from '../core/object-meta-validation.ts';
import { labelSelectorWarnings } from '../core/scheduling-warnings.ts';
import { validateDriverName } from '../core/volume-validation.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  fieldPath,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { semanticEqual } from '../meta/json-equal.ts';
import { validateLabelSelector } from '../meta/labels.ts';
import { parseQuantity, quantitySign } from '../meta/quantity.ts';
import { simpleKind } from '../simple-kind.ts';

const SPEC = fieldPath('spec');
const CLUSTER_WIDE = { namespaced: false, nameRule: subdomainName };
const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLE_MODES = ['Persistent', 'Ephemeral'];
const TOKEN_MIN_SECONDS = 600;
const TOKEN_MAX_SECONDS = 2 ** 32;
const UPDATE_PERIOD_MIN_SECONDS = 10;
const NODE_ID_MAX = 256;
const TOKENS_IN_ATTRIBUTES =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, ' +
  'set to true to prevent possible logging of tokens in volume attributes';

/** What the API server asks of CSI drivers. */
export const csiDriverRules = simpleKind<CSIDriver>({
  unconditionalUpdate: false,
  applyDefaults(driver) {
    driver.spec ??= {};
    const { spec } = driver;
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
  },
  prepareForCreate: dropSchedulingHint,
  prepareForUpdate(driver, old) {
    dropSchedulingHint(driver);
    // Upstream starts without a generation and counts changes all the same.
    if (semanticEqual(driver.spec, old.spec)) return;
    driver.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  check: (driver) => validateDriverSpec(specOf(driver)),
  *validateUpdate(driver, previous) {
    yield* validateMetadataUpdate(driver.metadata, previous.metadata);
    const spec = specOf(driver);
    const old = specOf(previous);
    yield* validateDriverSpec(spec);
    yield* immutable(spec.attachRequired, old.attachRequired, SPEC.child('attachedRequired'));
    const modesPath = SPEC.child('volumeLifecycleModes');
    yield* immutable(spec.volumeLifecycleModes, old.volumeLifecycleModes, modesPath);
  },
  warnings({ spec }, old) {
    const requests = spec?.tokenRequests ?? [];
    if (requests.length === 0 || spec?.serviceAccountTokenInSecrets !== undefined) return [];
    const changed = old === undefined || !semanticEqual(requests, old.spec?.tokenRequests);
    return changed ? [TOKENS_IN_ATTRIBUTES] : [];
  },
});

function specOf({ spec }: { readonly spec?: CSIDriverSpec }): CSIDriverSpec {
  return spec ?? {};
}

/** The field is behind a gate that is off. */
function dropSchedulingHint({ spec }: CSIDriver): void {
  delete spec?.preventPodSchedulingIfMissing;
}

function* validateDriverSpec(spec: CSIDriverSpec): Causes {
  const { tokenRequests = [], nodeAllocatableUpdatePeriodSeconds: period } = spec;
  yield* oneOf(spec.fsGroupPolicy, SPEC.child('fsGroupPolicy'), FS_GROUP_POLICIES);
  yield* validateTokenRequests(tokenRequests, SPEC.child('tokenRequests'));
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (LIFECYCLE_MODES.includes(mode)) continue;
    yield notSupported(SPEC.child('volumeLifecycleModes'), mode, LIFECYCLE_MODES);
  }
  if (period !== undefined && period < UPDATE_PERIOD_MIN_SECONDS) {
    const message = 'must be greater than or equal to 10 seconds';
    yield invalidValue(SPEC.child('nodeAllocatableUpdatePeriodSeconds'), period, message);
  }
  const inSecrets = spec.serviceAccountTokenInSecrets;
  if (inSecrets === undefined || tokenRequests.length > 0) return;
  const message = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified';
  yield invalidValue(SPEC.child('serviceAccountTokenInSecrets'), inSecrets, message);
}

function* validateTokenRequests(
  requests: readonly StorageV1TokenRequest[],
  path: FieldPath,
): Causes {
  const audiences = new Set<string>();
  for (const [index, { audience = '', expirationSeconds: seconds }] of requests.entries()) {
    const at = path.index(index);
    if (audiences.has(audience)) {
      yield duplicate(at.child('audience'), audience);
      continue;
    }
    audiences.add(audience);
    if (seconds === undefined) continue;
    const secondsPath = at.child('expirationSeconds');
    if (seconds < TOKEN_MIN_SECONDS) {
      yield invalidValue(secondsPath, seconds, 'may not specify a duration less than 10 minutes');
    } else if (seconds > TOKEN_MAX_SECONDS) {
      const message = 'may not specify a duration larger than 2^32 seconds';
      yield invalidValue(secondsPath, seconds, message);
    }
  }
}

/** What the API server asks of the drivers of a node. */
export const csiNodeRules = simpleKind<CSINode>({
  unconditionalUpdate: false,
  check: ({ spec }) => validateDrivers(spec?.drivers ?? []),
  *validateUpdate({ metadata, spec }, old) {
    const drivers = spec?.drivers ?? [];
    yield* validateMetadata(metadata, CLUSTER_WIDE);
    yield* validateDrivers(drivers);
    for (const before of old.spec?.drivers ?? []) {
      for (const driver of drivers) {
        if (driver.name !== before.name) continue;
        yield* immutable(fixedPart(driver), fixedPart(before), SPEC.child('drivers'));
      }
    }
  },
});

/** What stays of a driver, in the form that messages show. */
function fixedPart({ name, nodeID, topologyKeys }: CSINodeDriver): object {
  const keys = topologyKeys ?? null;
  return { Name: name, NodeID: nodeID, TopologyKeys: keys, Allocatable: null };
}

function* validateDrivers(drivers: readonly Partial<CSINodeDriver>[]): Causes {
  const names = new Set<string>();
  for (const [index, driver] of drivers.entries()) {
    const path = SPEC.child('drivers').index(index);
    const { name = '', nodeID = '' } = driver;
    yield* validateDriverName(name, path.child('name'));
    const idPath = path.child('nodeID');
    yield* requiredText(nodeID, idPath);
    if (Buffer.byteLength(nodeID) > NODE_ID_MAX) {
      yield invalidValue(idPath, nodeID, `must be ${NODE_ID_MAX} characters or less`);
    }
    yield* nonNegative(driver.allocatable?.count, path.child('allocatable', 'count'));
    if (names.has(name)) yield duplicate(path.child('name'), name);
    names.add(name);
    yield* validateTopologyKeys(driver.topologyKeys ?? [], path);
  }
}

/** Upstream reports every key at the driver. */
function* validateTopologyKeys(keys: readonly string[], path: FieldPath): Causes {
  const seen = new Set<string>();
  for (const key of keys) {
    if (key === '') yield required(path);
    if (seen.has(key)) yield duplicate(path, key);
    seen.add(key);
    yield* qualifiedName(key, path);
  }
}

/** What the API server asks of storage capacities. */
export const csiStorageCapacityRules = simpleKind<CSIStorageCapacity>({
  namespaced: true,
  unconditionalUpdate: false,
  check: validateCapacity,
  *validateUpdate(capacity, old) {
    yield* validateMetadata(capacity.metadata, { namespaced: true, nameRule: subdomainName });
    yield* validateCapacity(capacity);
    yield* validateMetadataUpdate(capacity.metadata, old.metadata);
    yield* immutable(capacity.nodeTopology, old.nodeTopology, fieldPath('nodeTopology'));
    const classPath = fieldPath('storageClassName');
    yield* immutable(capacity.storageClassName, old.storageClassName, classPath);
  },
  warnings: ({ nodeTopology }) => [
    ...labelSelectorWarnings(nodeTopology, fieldPath('nodeTopology')),
  ],
});

function* validateCapacity({
  nodeTopology,
  storageClassName,
  capacity,
}: CSIStorageCapacity): Causes {
  yield* validateLabelSelector(nodeTopology, fieldPath('nodeTopology'));
  yield* dnsSubdomain(storageClassName ?? '', fieldPath('storageClassName'));
  if (capacity === undefined || quantitySign(parseQuantity(capacity)) >= 0) return;
  yield invalidValue(fieldPath('capacity'), capacity, NOT_NEGATIVE);
}
