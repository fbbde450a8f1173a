// Names of the reference server's Go types, as they appear in decoding errors (API-922).
import type { TypeRef } from './type-model.ts';

/** Types whose name in Go is not the one of our model. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['ApiregistrationV1ServiceReference', 'ServiceReference'],
  ['EndpointSlicePort', 'EndpointPort'],
  ['EventsV1Event', 'Event'],
  ['EventsV1EventSeries', 'EventSeries'],
  ['RbacSubject', 'Subject'],
  ['StorageV1TokenRequest', 'TokenRequest'],
  ['CoreV1ResourceClaim', 'ResourceClaim'],
]);

interface Embedding {
  /** The struct's name: the paths of its fields have it in front. */
  readonly struct: string;
  readonly within: readonly string[];
  /** Its fields; or else every field but `except`. */
  readonly only?: readonly string[];
  readonly except?: readonly string[];
}

/** Structs embedded in others. */
const EMBEDDINGS: readonly Embedding[] = [
  { struct: 'ProbeHandler', within: ['Probe'], only: ['exec', 'grpc', 'httpGet', 'tcpSocket'] },
  { struct: 'VolumeSource', within: ['Volume'], except: ['name'] },
  {
    struct: 'PersistentVolumeSource',
    within: ['PersistentVolumeSpec'],
    except: [
      'accessModes',
      'capacity',
      'claimRef',
      'mountOptions',
      'nodeAffinity',
      'persistentVolumeReclaimPolicy',
      'storageClassName',
      'volumeAttributesClassName',
      'volumeMode',
    ],
  },
  {
    struct: 'EphemeralContainerCommon',
    within: ['EphemeralContainer'],
    except: ['targetContainerName'],
  },
  {
    struct: 'LocalObjectReference',
    within: [
      'ConfigMapEnvSource',
      'SecretEnvSource',
      'ConfigMapKeySelector',
      'SecretKeySelector',
      'ConfigMapProjection',
      'SecretProjection',
      'ConfigMapVolumeSource',
    ],
    only: ['name'],
  },
  { struct: 'Rule', within: ['RuleWithOperations'], except: ['operations'] },
];

// String types with a name, and the fields of that type.
// prettier-ignore
const STRING_TYPES: readonly string[] = [
  'Protocol ContainerPort.protocol EndpointPort.protocol EndpointSlicePort.protocol',
  'Protocol PortStatus.protocol ServicePort.protocol',
  'PullPolicy Container.imagePullPolicy EphemeralContainer.imagePullPolicy',
  'PullPolicy ImageVolumeSource.pullPolicy',
  'ContainerRestartPolicy Container.restartPolicy EphemeralContainer.restartPolicy',
  'TerminationMessagePolicy Container.terminationMessagePolicy',
  'TerminationMessagePolicy EphemeralContainer.terminationMessagePolicy',
  'ConditionStatus DeploymentCondition.status NamespaceCondition.status NodeCondition.status',
  'ConditionStatus PodCondition.status',
  'ConditionStatus PersistentVolumeClaimCondition.status ReplicaSetCondition.status',
  'ConditionStatus StatefulSetCondition.status Condition.status',
  'DaemonSetUpdateStrategyType DaemonSetUpdateStrategy.type',
  'DeploymentStrategyType DeploymentStrategy.type',
  'StatefulSetUpdateStrategyType StatefulSetUpdateStrategy.type',
  'PodManagementPolicyType StatefulSetSpec.podManagementPolicy',
  'PersistentVolumeClaimRetentionPolicyType ' +
    'StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted',
  'PersistentVolumeClaimRetentionPolicyType ' +
    'StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled',
  'StorageMedium EmptyDirVolumeSource.medium',
  'AddressType EndpointSlice.addressType',
  'URIScheme HTTPGetAction.scheme',
  'HostPathType HostPathVolumeSource.type',
  'LabelSelectorOperator LabelSelectorRequirement.operator',
  'NodeSelectorOperator NodeSelectorRequirement.operator',
  'NamespacePhase NamespaceStatus.phase',
  'NodeAddressType NodeAddress.type',
  'NodeConditionType NodeCondition.type',
  'PodConditionType PodCondition.type PodReadinessGate.conditionType',
  'PersistentVolumeMode PersistentVolumeClaimSpec.volumeMode PersistentVolumeSpec.volumeMode',
  'PersistentVolumeAccessMode PersistentVolumeClaimSpec.accessModes',
  'PersistentVolumeAccessMode PersistentVolumeSpec.accessModes',
  'PersistentVolumeAccessMode PersistentVolumeClaimStatus.accessModes',
  'PersistentVolumeClaimPhase PersistentVolumeClaimStatus.phase',
  'PersistentVolumePhase PersistentVolumeStatus.phase',
  'PersistentVolumeReclaimPolicy PersistentVolumeSpec.persistentVolumeReclaimPolicy',
  'PersistentVolumeReclaimPolicy StorageClass.reclaimPolicy',
  'VolumeBindingMode StorageClass.volumeBindingMode',
  'UnhealthyPodEvictionPolicyType PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy',
  'PodFSGroupChangePolicy PodSecurityContext.fsGroupChangePolicy',
  'SupplementalGroupsPolicy PodSecurityContext.supplementalGroupsPolicy',
  'DNSPolicy PodSpec.dnsPolicy',
  'PreemptionPolicy PodSpec.preemptionPolicy PriorityClass.preemptionPolicy',
  'RestartPolicy PodSpec.restartPolicy',
  'PodPhase PodStatus.phase',
  'PodQOSClass PodStatus.qosClass',
  'SeccompProfileType SeccompProfile.type',
  'SecretType Secret.type',
  'ProcMountType SecurityContext.procMount',
  'Capability Capabilities.add Capabilities.drop',
  'ServiceExternalTrafficPolicy ServiceSpec.externalTrafficPolicy',
  'ServiceInternalTrafficPolicy ServiceSpec.internalTrafficPolicy',
  'IPFamilyPolicy ServiceSpec.ipFamilyPolicy',
  'IPFamily ServiceSpec.ipFamilies',
  'ServiceAffinity ServiceSpec.sessionAffinity',
  'ServiceType ServiceSpec.type',
  'TaintEffect Taint.effect Toleration.effect',
  'TolerationOperator Toleration.operator',
  'NodeInclusionPolicy TopologySpreadConstraint.nodeAffinityPolicy',
  'NodeInclusionPolicy TopologySpreadConstraint.nodeTaintsPolicy',
  'UnsatisfiableConstraintAction TopologySpreadConstraint.whenUnsatisfiable',
  'MountPropagationMode VolumeMount.mountPropagation',
  'RecursiveReadOnlyMode VolumeMount.recursiveReadOnly',
  'FinalizerName NamespaceSpec.finalizers',
  'DeletionPropagation DeleteOptions.propagationPolicy',
  'CompletionMode JobSpec.completionMode',
  'ConcurrencyPolicy CronJobSpec.concurrencyPolicy',
  'types.UID ObjectMeta.uid ObjectReference.uid OwnerReference.uid Preconditions.uid',
  'types.UID BoundObjectReference.uid',
];

const stringTypes: ReadonlyMap<string, string> = new Map(
  STRING_TYPES.flatMap((line) => {
    const [name = '', ...fields] = line.split(' ');
    const full = name.includes('.') ? name : `v1.${name}`;
    return fields.map((field): [string, string] => [field, full]);
  }),
);

const SCALARS: Readonly<Record<string, string>> = {
  boolean: 'bool',
  double: 'float64',
  number: 'float64',
  bytes: '[]uint8',
  'int-or-string': 'int32',
  time: 'string',
  microtime: 'string',
  any: 'interface {}',
};

export function goStruct(type: string): string {
  return RENAMED.get(type) ?? type;
}

/** The struct embedded in `type` that declares the field; undefined for the type's own fields. */
export function embeddedIn(type: string, field: string): string | undefined {
  const found = EMBEDDINGS.find(({ within, only, except }) => {
    if (!within.includes(type)) return false;
    return only?.includes(field) ?? except?.includes(field) === false;
  });
  return found?.struct;
}

/** The Go type of a value; `field` (`Type.field`) tells named string types apart. */
export function goTypeName(type: TypeRef, field: string): string {
  switch (type.form) {
    case 'list':
      return `[]${goTypeName(type.item, field)}`;
    case 'map':
      return `map[string]${goTypeName(type.value, field)}`;
    case 'object':
      return `v1.${goStruct(type.name)}`;
    default:
      if (type.scalar === 'string') return stringTypes.get(field) ?? 'string';
      return SCALARS[type.scalar] ?? type.scalar;
  }
}
