// How lists and maps of the built-in types merge: facts the generated type model does not know.
// Strategic merge takes the first table; server-side apply takes the others (Appendix A of the API
// specification). Everything not listed: lists are replaced whole, maps merge.

/** How a field merges in a strategic merge patch. */
export interface MergeRule {
  /** `merge`: items by key (or as a set without one); `replace`: whole, for maps too. */
  readonly strategy: 'merge' | 'replace';
  /** Member that identifies an item; the empty string for sets of scalars. */
  readonly key: string;
}

const MERGED_BY: ReadonlyArray<readonly [key: string, ...fields: string[]]> = [
  ['', 'ObjectMeta.finalizers', 'NodeSpec.podCIDRs'],
  ['uid', 'ObjectMeta.ownerReferences'],
  [
    'name',
    'PodSpec.containers',
    'PodSpec.initContainers',
    'PodSpec.ephemeralContainers',
    'PodSpec.volumes',
    'PodSpec.imagePullSecrets',
    'PodSpec.schedulingGates',
    'PodSpec.resourceClaims',
    'PodSpec.evictionResponders',
    'Container.env',
    'EphemeralContainer.env',
    'ContainerStatus.allocatedResourcesStatus',
    'PodStatus.resourceClaimStatuses',
    'ServiceAccount.secrets',
    'CSINodeSpec.drivers',
    'ValidatingWebhookConfiguration.webhooks',
    'MutatingWebhookConfiguration.webhooks',
    'ValidatingWebhook.matchConditions',
    'MutatingWebhook.matchConditions',
    'ValidatingAdmissionPolicySpec.matchConditions',
    'MutatingAdmissionPolicySpec.matchConditions',
    'ValidatingAdmissionPolicySpec.variables',
  ],
  ['rule', 'JSONSchemaProps.x-kubernetes-validations'],
  ['ip', 'PodSpec.hostAliases', 'PodStatus.podIPs', 'PodStatus.hostIPs'],
  ['topologyKey', 'PodSpec.topologySpreadConstraints'],
  ['containerPort', 'Container.ports', 'EphemeralContainer.ports'],
  [
    'mountPath',
    'Container.volumeMounts',
    'EphemeralContainer.volumeMounts',
    'ContainerStatus.volumeMounts',
  ],
  ['devicePath', 'Container.volumeDevices', 'EphemeralContainer.volumeDevices'],
  ['port', 'ServiceSpec.ports'],
  [
    'type',
    'PodStatus.conditions',
    'ServiceStatus.conditions',
    'NodeStatus.conditions',
    'NodeStatus.addresses',
    'NamespaceStatus.conditions',
    'PersistentVolumeClaimStatus.conditions',
    'StatefulSetStatus.conditions',
    'DeploymentStatus.conditions',
    'ReplicaSetStatus.conditions',
    'DaemonSetStatus.conditions',
    'PodDisruptionBudgetStatus.conditions',
    'JobStatus.conditions',
    'ReplicationControllerStatus.conditions',
    'HorizontalPodAutoscalerStatus.conditions',
    'FlowSchemaStatus.conditions',
    'PriorityLevelConfigurationStatus.conditions',
    'ServiceCIDRStatus.conditions',
    'APIServiceStatus.conditions',
  ],
];

const RULES: ReadonlyMap<string, MergeRule> = new Map<string, MergeRule>([
  ...MERGED_BY.flatMap(([key, ...fields]) =>
    fields.map((field): [string, MergeRule] => [field, { strategy: 'merge', key }]),
  ),
  ['PodDisruptionBudgetSpec.selector', { strategy: 'replace', key: '' }],
]);

/** The strategic merge rule of a field, if it has one (API-620). */
export function mergeRule(type: string, field: string): MergeRule | undefined {
  return RULES.get(`${type}.${field}`);
}

/** Fields whose patches carry `$retainKeys` (API-623); clients read this from OpenAPI. */
export const retainKeysFields: ReadonlySet<string> = new Set([
  'PodSpec.volumes',
  'PodSpec.resourceClaims',
  'PodStatus.resourceClaimStatuses',
  'DeploymentSpec.strategy',
]);

/** Lists whose items server-side apply identifies by these members. */
export const associativeLists: ReadonlyMap<string, readonly string[]> = new Map([
  ...[
    'PodSpec.containers',
    'PodSpec.initContainers',
    'PodSpec.ephemeralContainers',
    'PodSpec.volumes',
    'PodSpec.imagePullSecrets',
    'PodSpec.resourceClaims',
    'PodSpec.schedulingGates',
    'Container.env',
    'EphemeralContainer.env',
    'ResourceRequirements.claims',
    'ContainerStatus.allocatedResourcesStatus',
    'PodStatus.resourceClaimStatuses',
    'ServiceAccount.secrets',
    'CSINodeSpec.drivers',
    'ValidatingWebhookConfiguration.webhooks',
    'MutatingWebhookConfiguration.webhooks',
    'ValidatingWebhook.matchConditions',
    'MutatingWebhook.matchConditions',
    'ValidatingAdmissionPolicySpec.matchConditions',
    'MutatingAdmissionPolicySpec.matchConditions',
    'ValidatingAdmissionPolicySpec.variables',
  ].map((field): [string, string[]] => [field, ['name']]),
  ...MERGED_BY.filter(([key]) => key === 'type')
    .flatMap(([, ...fields]) => fields)
    .filter((field) => field !== 'JobStatus.conditions')
    .map((field): [string, string[]] => [field, ['type']]),
  ['CertificateSigningRequestStatus.conditions', ['type']],
  ['ValidatingAdmissionPolicyStatus.conditions', ['type']],
  ['CustomResourceDefinitionStatus.conditions', ['type']],
  ['ResourceStatus.resources', ['resourceID']],
  ['JSONSchemaProps.x-kubernetes-validations', ['rule']],
  ['PodSpec.hostAliases', ['ip']],
  ['PodSpec.topologySpreadConstraints', ['topologyKey', 'whenUnsatisfiable']],
  ['Container.ports', ['containerPort', 'protocol']],
  ['EphemeralContainer.ports', ['containerPort', 'protocol']],
  ['Container.volumeMounts', ['mountPath']],
  ['EphemeralContainer.volumeMounts', ['mountPath']],
  ['ContainerStatus.volumeMounts', ['mountPath']],
  ['Container.volumeDevices', ['devicePath']],
  ['EphemeralContainer.volumeDevices', ['devicePath']],
  ['PodStatus.podIPs', ['ip']],
  ['ServiceSpec.ports', ['port', 'protocol']],
  ['ObjectMeta.ownerReferences', ['uid']],
]);

/** Values of key members that may be left out. */
export const keyDefaults: ReadonlyMap<string, string> = new Map([
  ['Container.ports.protocol', 'TCP'],
  ['EphemeralContainer.ports.protocol', 'TCP'],
  ['ServiceSpec.ports.protocol', 'TCP'],
]);

/** Lists of scalars that server-side apply merges as sets. */
export const setLists: ReadonlySet<string> = new Set([
  'ObjectMeta.finalizers',
  'NodeSpec.podCIDRs',
  'Endpoint.addresses',
  'PodFailurePolicyOnExitCodesRequirement.values',
  'UncountedTerminatedPods.succeeded',
  'UncountedTerminatedPods.failed',
  'ContainerRestartRuleOnExitCodes.values',
  'CSIDriverSpec.volumeLifecycleModes',
  'ValidatingAdmissionPolicyBindingSpec.validationActions',
  'NodeAllocatableResourceClaimStatus.containers',
  'NonResourcePolicyRule.nonResourceURLs',
  'NonResourcePolicyRule.verbs',
  'ResourcePolicyRule.apiGroups',
  'ResourcePolicyRule.namespaces',
  'ResourcePolicyRule.resources',
  'ResourcePolicyRule.verbs',
]);

/** Types server-side apply owns as a whole wherever they stand, save `atomicExceptions`. */
export const atomicTypes: ReadonlySet<string> = new Set([
  'LabelSelector',
  'ObjectReference',
  'LocalObjectReference',
  'TypedLocalObjectReference',
  'SecretReference',
  'SecretKeySelector',
  'ConfigMapKeySelector',
  'FileKeySelector',
  'ObjectFieldSelector',
  'ResourceFieldSelector',
  'NodeSelector',
  'NodeSelectorTerm',
  'TopologySelectorTerm',
  'OwnerReference',
  'EndpointAddress',
  'EndpointPort',
  'EndpointSlicePort',
  'RoleRef',
  'RbacSubject',
  'ScopeSelector',
  'CrossVersionObjectReferenceV1',
  'ServiceBackendPort',
  'ParamKind',
  'ParamRef',
  'Variable',
  'MatchResources',
  'NamedRuleWithOperations',
]);

/** Maps server-side apply owns as a whole. */
export const atomicMaps: ReadonlySet<string> = new Set([
  'PodSpec.nodeSelector',
  'ServiceSpec.selector',
  'ReplicationControllerSpec.selector',
  'Scheduling.nodeSelector',
]);

/** Fields of an atomic type that are granular all the same. */
export const atomicExceptions: ReadonlySet<string> = new Set(['PersistentVolumeSpec.claimRef']);
