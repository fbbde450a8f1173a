// What the reference server's Go structs say about a value and the type model does not: which
// members exist even when nobody set them, which zero values count, which strings are quantities,
// and the names that appear in decoding errors. With it, a decoded object has the same members the
// reference would store, so revision hashes and no-op updates agree.
import type { Json } from './object.ts';

// prettier-ignore
const KEEPS_ZERO: readonly string[] = [
  'AdmissionregistrationV1ServiceReference path port',
  'AdmissionregistrationV1WebhookClientConfig url',
  'ApiextensionsV1ServiceReference path port',
  'ApiextensionsV1WebhookClientConfig url',
  'ApiregistrationV1ServiceReference port',
  'AppArmorProfile localhostProfile',
  'AzureDiskVolumeSource cachingMode fsType kind readOnly',
  'CSIDriverSpec attachRequired fsGroupPolicy nodeAllocatableUpdatePeriodSeconds podInfoOnMount',
  'CSIDriverSpec requiresRepublish',
  'CSIDriverSpec seLinuxMount serviceAccountTokenInSecrets storageCapacity',
  'CSIDriverSpec preventPodSchedulingIfMissing',
  'CSIStorageCapacity capacity maximumVolumeSize',
  'CSIVolumeSource fsType readOnly',
  'CertificateSigningRequestSpec expirationSeconds',
  'ClientIPConfig timeoutSeconds',
  'ClusterTrustBundleProjection name optional signerName',
  'ConfigMap immutable',
  'ConfigMapEnvSource optional',
  'ConfigMapKeySelector optional',
  'ConfigMapProjection optional',
  'ConfigMapVolumeSource defaultMode optional',
  'Container restartPolicy',
  'ContainerStatus started stopSignal',
  'CronJobSpec failedJobsHistoryLimit startingDeadlineSeconds successfulJobsHistoryLimit suspend',
  'CronJobSpec timeZone',
  'CustomResourceDefinitionVersion deprecationWarning',
  'CustomResourceSubresourceScale labelSelectorPath',
  'DaemonSetSpec revisionHistoryLimit',
  'DaemonSetStatus collisionCount',
  'DeleteOptions gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential',
  'DeleteOptions orphanDependents propagationPolicy',
  'DeploymentSpec progressDeadlineSeconds replicas revisionHistoryLimit',
  'DeploymentStatus collisionCount terminatingReplicas',
  'DownwardAPIVolumeFile mode',
  'DownwardAPIVolumeSource defaultMode',
  'EmptyDirVolumeSource sizeLimit',
  'Endpoint hostname nodeName zone',
  'EndpointAddress nodeName',
  'EndpointConditions ready serving terminating',
  'EndpointPort appProtocol',
  'EndpointSlicePort name protocol port appProtocol',
  'EphemeralContainer restartPolicy',
  'ExemptPriorityLevelConfiguration lendablePercent nominalConcurrencyShares',
  'FCVolumeSource lun',
  'FileKeySelector optional',
  'GRPCAction service',
  'GlusterfsPersistentVolumeSource endpointsNamespace',
  'HPAScalingRules selectPolicy stabilizationWindowSeconds tolerance',
  'HorizontalPodAutoscalerSpec minReplicas',
  'HorizontalPodAutoscalerSpecV1 minReplicas targetCPUUtilizationPercentage',
  'HorizontalPodAutoscalerStatus observedGeneration',
  'HorizontalPodAutoscalerStatusV1 currentCPUUtilizationPercentage observedGeneration',
  'HostPathVolumeSource type',
  'ISCSIPersistentVolumeSource initiatorName',
  'ISCSIVolumeSource initiatorName',
  'IngressClassParametersReference apiGroup namespace scope',
  'IngressPortStatus error',
  'IngressSpec ingressClassName',
  'JSONSchemaProps $ref maxItems maxLength maxProperties maximum minItems minLength minProperties',
  'JSONSchemaProps minimum multipleOf x-kubernetes-list-type x-kubernetes-map-type',
  'JSONSchemaProps x-kubernetes-preserve-unknown-fields',
  'JobSpec activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions',
  'JobSpec managedBy manualSelector',
  'JobSpec maxFailedIndexes parallelism podReplacementPolicy suspend ttlSecondsAfterFinished',
  'JobStatus failedIndexes ready terminating',
  'KeyToPath mode',
  'LeaseSpec holderIdentity leaseDurationSeconds leaseTransitions preferredHolder strategy',
  'Lifecycle stopSignal',
  'LimitedPriorityLevelConfiguration borrowingLimitPercent lendablePercent',
  'ListMeta remainingItemCount',
  'LoadBalancerIngress ipMode',
  'LocalVolumeSource fsType',
  'MatchResources matchPolicy',
  'MetricTarget averageUtilization averageValue value',
  'MetricValueStatus averageUtilization averageValue value',
  'MutatingAdmissionPolicySpec failurePolicy',
  'MutatingWebhook failurePolicy matchPolicy reinvocationPolicy timeoutSeconds',
  'NamedRuleWithOperations scope',
  'NetworkPolicyPort endPort port protocol',
  'NodeFeatures supplementalGroupsPolicy',
  'NodeRuntimeHandlerFeatures recursiveReadOnlyMounts userNamespaces',
  'NodeSwapStatus capacity',
  'ObjectMeta deletionGracePeriodSeconds',
  'OwnerReference blockOwnerDeletion controller',
  'ParamRef parameterNotFoundAction',
  'PersistentVolumeClaimSpec storageClassName volumeAttributesClassName volumeMode',
  'PersistentVolumeClaimStatus currentVolumeAttributesClassName',
  'PersistentVolumeSpec volumeAttributesClassName volumeMode',
  'PodCertificateProjection maxExpirationSeconds',
  'PodDNSConfigOption value',
  'PodDisruptionBudgetSpec maxUnavailable minAvailable unhealthyPodEvictionPolicy',
  'PodFailurePolicyOnExitCodesRequirement containerName',
  'PodResourceClaim resourceClaimName resourceClaimTemplateName',
  'PodResourceClaimStatus resourceClaimName',
  'PodSchedulingGroup podGroupName',
  'PodSecurityContext fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser',
  'PodSecurityContext seLinuxChangePolicy',
  'PodSecurityContext supplementalGroupsPolicy',
  'PodSpec activeDeadlineSeconds automountServiceAccountToken enableServiceLinks hostUsers',
  'PodSpec hostnameOverride',
  'PodSpec preemptionPolicy priority runtimeClassName setHostnameAsFQDN shareProcessNamespace',
  'PodSpec terminationGracePeriodSeconds',
  'PortStatus error',
  'Preconditions resourceVersion uid',
  'PriorityClass preemptionPolicy',
  'Probe terminationGracePeriodSeconds',
  'ProjectedVolumeSource defaultMode',
  'ReplicaSetSpec replicas',
  'ReplicaSetStatus terminatingReplicas',
  'ReplicationControllerSpec replicas',
  'ResourceHealth message',
  'RollingUpdateDaemonSet maxSurge maxUnavailable',
  'RollingUpdateDeployment maxSurge maxUnavailable',
  'RollingUpdateStatefulSetStrategy maxUnavailable partition',
  'RuleWithOperations scope',
  'SeccompProfile localhostProfile',
  'Secret immutable',
  'SecretEnvSource optional',
  'SecretKeySelector optional',
  'SecretProjection optional',
  'SecretVolumeSource defaultMode optional',
  'SecurityContext allowPrivilegeEscalation privileged procMount readOnlyRootFilesystem runAsGroup',
  'SecurityContext runAsNonRoot',
  'SecurityContext runAsUser',
  'ServiceAccount automountServiceAccountToken',
  'ServiceAccountTokenProjection expirationSeconds',
  'ServicePort appProtocol',
  'ServiceSpec allocateLoadBalancerNodePorts internalTrafficPolicy ipFamilyPolicy',
  'ServiceSpec loadBalancerClass trafficDistribution',
  'StatefulSetSpec replicas revisionHistoryLimit',
  'StatefulSetStatus collisionCount',
  'StorageClass allowVolumeExpansion reclaimPolicy volumeBindingMode',
  'StorageV1TokenRequest expirationSeconds',
  'SuccessPolicyRule succeededCount succeededIndexes',
  'TokenRequestSpec expirationSeconds',
  'Toleration tolerationSeconds',
  'TopologySpreadConstraint minDomains nodeAffinityPolicy nodeTaintsPolicy',
  'TypedLocalObjectReference apiGroup',
  'TypedObjectReference apiGroup namespace',
  'ValidatingAdmissionPolicySpec failurePolicy',
  'ValidatingWebhook failurePolicy matchPolicy timeoutSeconds',
  'Validation reason',
  'ValidationRule optionalOldSelf reason',
  'VolumeAttachmentSource persistentVolumeName',
  'VolumeError errorCode',
  'VolumeMount mountPropagation recursiveReadOnly',
  'VolumeMountStatus recursiveReadOnly',
  'VolumeNodeResources count',
  'WindowsSecurityContextOptions gmsaCredentialSpec gmsaCredentialSpecName hostProcess',
  'WindowsSecurityContextOptions runAsUserName',
];

const EMPTY = '{}';

// Members always written; `{}` for objects, anything else is JSON of the value.
const ALWAYS: ReadonlyArray<readonly [types: string, members: Readonly<Record<string, string>>]> = [
  [
    'DaemonSet Deployment Ingress Job CronJob Namespace Node PersistentVolume ' +
      'PersistentVolumeClaim Pod ' +
      'PodDisruptionBudget ReplicaSet ReplicationController ResourceQuota Scale ' +
      'Service StatefulSet HorizontalPodAutoscaler ' +
      'HorizontalPodAutoscalerV1 CertificateSigningRequest FlowSchema PriorityLevelConfiguration ' +
      'APIService ServiceCIDR ValidatingAdmissionPolicy LocalSubjectAccessReview ' +
      'SelfSubjectAccessReview SelfSubjectRulesReview ' +
      'SubjectAccessReview TokenRequest TokenReview VolumeAttachment',
    { spec: EMPTY, status: EMPTY },
  ],
  [
    'CSIDriver CSINode IngressClass Lease LimitRange NetworkPolicy ' +
      'ValidatingAdmissionPolicyBinding MutatingAdmissionPolicy IPAddress ' +
      'MutatingAdmissionPolicyBinding JobTemplateSpec ' +
      'PodTemplateSpec PersistentVolumeClaimTemplate',
    { spec: EMPTY },
  ],
  ['PodTemplateSpec JobTemplateSpec PersistentVolumeClaimTemplate', { metadata: EMPTY }],
  ['APIServiceSpec', { groupPriorityMinimum: '0', versionPriority: '0' }],
  ['Binding', { target: EMPTY }],
  ['CustomResourceDefinition', { spec: EMPTY }],
  ['CustomResourceDefinitionSpec', { names: EMPTY, versions: 'null' }],
  ['ClusterRoleBinding RoleBinding', { roleRef: EMPTY }],
  ['ClusterRole Role', { rules: 'null' }],
  ['Container EphemeralContainer', { resources: EMPTY }],
  ['ContainerStatus', { lastState: EMPTY, state: EMPTY }],
  ['ContainerStateRunning', { startedAt: 'null' }],
  ['ContainerStateTerminated', { finishedAt: 'null', startedAt: 'null' }],
  ['CronJobSpec', { jobTemplate: EMPTY }],
  ['CSINodeDriver', { topologyKeys: 'null' }],
  ['CSINodeSpec', { drivers: 'null' }],
  ['LimitRangeSpec', { limits: 'null' }],
  ['Condition', { lastTransitionTime: 'null' }],
  ['DaemonSetSpec', { template: EMPTY, updateStrategy: EMPTY }],
  ['DeploymentSpec', { template: EMPTY, strategy: EMPTY }],
  ['StatefulSetSpec', { template: EMPTY, updateStrategy: EMPTY, serviceName: '""' }],
  ['ReplicaSetSpec PodTemplate JobSpec', { template: EMPTY }],
  [
    'APIServiceCondition DaemonSetCondition ReplicaSetCondition StatefulSetCondition NamespaceCondition ' +
      'ReplicationControllerCondition ' +
      'HorizontalPodAutoscalerCondition',
    { lastTransitionTime: 'null' },
  ],
  ['DeploymentCondition', { lastTransitionTime: 'null', lastUpdateTime: 'null' }],
  [
    'JobCondition PodCondition PersistentVolumeClaimCondition',
    { lastProbeTime: 'null', lastTransitionTime: 'null' },
  ],
  ['NodeCondition', { lastHeartbeatTime: 'null', lastTransitionTime: 'null' }],
  ['Endpoint', { conditions: EMPTY }],
  ['EndpointSlice', { endpoints: 'null', ports: 'null' }],
  [
    'Event',
    {
      involvedObject: EMPTY,
      source: EMPTY,
      eventTime: 'null',
      firstTimestamp: 'null',
      lastTimestamp: 'null',
      reportingComponent: '""',
      reportingInstance: '""',
    },
  ],
  ['EventSeries', { lastObservedTime: 'null' }],
  [
    'EventsV1Event',
    {
      regarding: EMPTY,
      deprecatedSource: EMPTY,
      eventTime: 'null',
      deprecatedFirstTimestamp: 'null',
      deprecatedLastTimestamp: 'null',
    },
  ],
  ['HTTPIngressPath', { backend: EMPTY }],
  ['IngressServiceBackend', { port: EMPTY }],
  ['IngressStatus ServiceStatus', { loadBalancer: EMPTY }],
  ['NetworkPolicySpec', { podSelector: EMPTY }],
  ['NodeDaemonEndpoints', { kubeletEndpoint: EMPTY }],
  ['NodeStatus', { daemonEndpoints: EMPTY, nodeInfo: EMPTY }],
  ['PersistentVolumeClaimSpec', { resources: EMPTY }],
  [
    'PodDisruptionBudgetStatus',
    { currentHealthy: '0', desiredHealthy: '0', disruptionsAllowed: '0', expectedPods: '0' },
  ],
  ['PreferredSchedulingTerm', { preference: EMPTY }],
  ['WeightedPodAffinityTerm', { podAffinityTerm: EMPTY }],
  ['PriorityClass', { value: '0' }],
  ['ProjectedVolumeSource', { sources: 'null' }],
  ['ResourceFieldSelector', { divisor: '"0"' }],
  ['RoleRef', { apiGroup: '""' }],
  ['SelfSubjectReview', { status: EMPTY }],
  ['SelfSubjectReviewStatus', { userInfo: EMPTY }],
  ['TokenReviewStatus', { user: EMPTY }],
  ['TokenRequestStatus', { token: '""' }],
  ['StatefulSetOrdinals', { start: '0' }],
  ['StatefulSetStatus', { availableReplicas: '0' }],
  ['TypedLocalObjectReference TypedObjectReference', { apiGroup: 'null' }],
  ['VolumeAttachmentSpec', { source: EMPTY }],
  ['HorizontalPodAutoscalerSpec HorizontalPodAutoscalerSpecV1', { scaleTargetRef: EMPTY }],
  ['HorizontalPodAutoscalerStatusV1', { currentReplicas: '0', desiredReplicas: '0' }],
  ['FlowSchemaSpec', { matchingPrecedence: '0', priorityLevelConfiguration: EMPTY }],
  ['LimitedPriorityLevelConfiguration', { limitResponse: EMPTY }],
  ['QueuingConfiguration', { handSize: '0', queueLengthLimit: '0', queues: '0' }],
  ['HorizontalPodAutoscalerStatus', { currentMetrics: 'null', desiredReplicas: '0' }],
];

// prettier-ignore
const QUANTITIES: readonly string[] = [
  'CSIStorageCapacity capacity maximumVolumeSize',
  'ContainerStatus allocatedResources',
  'EmptyDirVolumeSource sizeLimit',
  'HPAScalingRules tolerance',
  'LimitRangeItem default defaultRequest max maxLimitRequestRatio min',
  'MetricTarget averageValue value',
  'MetricValueStatus averageValue value',
  'NodeAllocatableResourceClaimStatus resources',
  'NodeStatus allocatable capacity',
  'Overhead podFixed',
  'PersistentVolumeClaimStatus allocatedResources capacity',
  'PersistentVolumeSpec capacity',
  'PodSpec overhead',
  'PodStatus allocatedResources',
  'ResourceFieldSelector divisor',
  'ResourceQuotaSpec hard',
  'ResourceQuotaStatus hard used',
  'ResourceRequirements limits requests',
  'VolumeResourceRequirements limits requests',
];

function fieldSet(lines: readonly string[]): ReadonlySet<string> {
  return new Set(
    lines.flatMap((line) => {
      const [type, ...fields] = line.split(' ');
      return fields.map((field) => `${type}.${field}`);
    }),
  );
}

function alwaysByType(): ReadonlyMap<string, ReadonlyArray<readonly [string, Json]>> {
  const found = new Map<string, Array<readonly [string, Json]>>();
  for (const [types, members] of ALWAYS) {
    for (const type of types.split(' ')) {
      const list = found.get(type) ?? [];
      for (const [name, text] of Object.entries(members)) list.push([name, JSON.parse(text)]);
      found.set(type, list);
    }
  }
  return found;
}

const keepsZero = fieldSet(KEEPS_ZERO);
const quantities = fieldSet(QUANTITIES);
const always = alwaysByType();

/** True for optional scalars whose zero value is a value of its own, not the same as absent. */
export function zeroCounts(type: string, field: string): boolean {
  return keepsZero.has(`${type}.${field}`);
}

/** True for fields that hold a quantity or a map of quantities. */
export function holdsQuantity(type: string, field: string): boolean {
  return quantities.has(`${type}.${field}`);
}

/** Members a value of the type always has, with what they hold when nobody set them. */
export function alwaysPresent(type: string): ReadonlyArray<readonly [name: string, value: Json]> {
  return always.get(type) ?? [];
}
