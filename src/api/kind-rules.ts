// What the API server asks of a kind: defaults, preparation and validation, all pure. The map at
// the end holds one entry a served resource; adding a kind means adding its rules there.
import { apiServiceRules } from './apiregistration/api-service-rules.ts';
import { definitionRules } from './apiextensions/definition-rules.ts';
import {
  mutatingPolicyBindingRules,
  mutatingPolicyRules,
  mutatingWebhookRules,
  validatingPolicyBindingRules,
  validatingPolicyRules,
  validatingWebhookRules,
} from './admissionregistration/admission-rules.ts';
import { daemonSetRules } from './apps/daemonset-rules.ts';
import { oldAutoscalerRules } from './autoscaling/version-1-rules.ts';
import { horizontalPodAutoscalerRules } from './autoscaling/horizontal-pod-autoscaler-rules.ts';
import { cronJobRules } from './batch/cron-job-rules.ts';
import { jobRules } from './batch/job-rules.ts';
import { signingRequestRules } from './certificates/signing-request-rules.ts';
import { limitRangeRules } from './core/limit-range-rules.ts';
import {
  podTemplateRules,
  replicationControllerRules,
} from './core/replication-controller-rules.ts';
import { resourceQuotaRules } from './core/resource-quota-rules.ts';
import { flowSchemaRules, priorityLevelRules } from './flowcontrol/flow-rules.ts';
import { ingressRules } from './networking/ingress-rules.ts';
import { networkPolicyRules } from './networking/network-policy-rules.ts';
import { ingressClassRules, ipAddressRules, serviceCidrRules } from './networking/other-rules.ts';
import { runtimeClassRules } from './node/runtime-class-rules.ts';
import { priorityClassRules } from './scheduling/priority-class-rules.ts';
import { volumeAttachmentRules, volumeAttributesClassRules } from './storage/attachment-rules.ts';
import { csiDriverRules, csiNodeRules, csiStorageCapacityRules } from './storage/driver-rules.ts';
import { controllerRevisionRules } from './apps/controller-revision-rules.ts';
import { deploymentRules } from './apps/deployment-rules.ts';
import { replicaSetRules } from './apps/replicaset-rules.ts';
import { statefulSetRules } from './apps/statefulset-rules.ts';
import { reviewRules } from './authorization/review-rules.ts';
import { leaseRules } from './coordination/lease-rules.ts';
import { bindingRules } from './core/binding-rules.ts';
import { claimRules } from './core/claim-rules.ts';
import { configMapRules } from './core/config-map-rules.ts';
import { endpointsRules } from './core/endpoints-rules.ts';
import { eventRules } from './core/event-rules.ts';
import { namespaceRules } from './core/namespace-rules.ts';
import { nodeRules } from './core/node-rules.ts';
import { persistentVolumeRules } from './core/persistent-volume-rules.ts';
import { podRules } from './core/pod-rules.ts';
import { secretRules } from './core/secret-rules.ts';
import { serviceAccountRules } from './core/service-account-rules.ts';
import { serviceRules } from './core/service-rules.ts';
import { endpointSliceRules } from './discovery/endpoint-slice-rules.ts';
import { newEventRules } from './events/event-rules.ts';
import type { KubernetesObject } from './meta/object.ts';
import type { StatusCause } from './meta/status-error.ts';
import { disruptionBudgetRules } from './policy/disruption-budget-rules.ts';
import { clusterRoleBindingRules, roleBindingRules } from './rbac/binding-rules.ts';
import { clusterRoleRules, roleRules } from './rbac/role-rules.ts';
import type { ResourceDefinition } from './resources.ts';
import { storageClassRules } from './storage/storage-class-rules.ts';

/** What the rules may know of the server. */
export interface RuleContext {
  /** Explicit settings; a gate that is absent has the default of `emulatedVersion`. */
  readonly featureGates: ReadonlyMap<string, boolean>;
  readonly emulatedVersion: '1.36' | '1.37';
  /** The time of the request, RFC 3339 in UTC with whole seconds. */
  readonly now: string;
  /** Who creates the object. */
  readonly requestor?: Requestor;
}

/** A user, as far as objects tell of one. */
export interface Requestor {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Validation messages for a name; with `prefix`, for the base of a generated name. */
export type NameRule = (name: string, prefix: boolean) => string[];

/** Reads one selectable field; the empty string when unset. */
export type FieldGetter<T> = { bivarianceHack(object: T): string }['bivarianceHack'];

/**
 * The rules of one kind. The functions that end in `Create`, `Update` and the defaults write to
 * `object`, which must be a private mutable copy; `old` is never written to. The order of a write:
 * applyDefaults → admission → (name generated) → prepareFor… → validate… → warnings → store.
 * The parts common to all kinds (metadata) are included.
 */
export interface KindRules<T extends KubernetesObject = KubernetesObject> {
  /** Fills defaults in place (API-923). */
  applyDefaults(object: T, context: RuleContext): void;
  /** Clears status and server-only metadata, sets generation 1 where the kind has one. */
  prepareForCreate(object: T, context: RuleContext): void;
  /** Keeps status and system metadata of `old`; grows the generation (API-404). */
  prepareForUpdate(object: T, old: T, context: RuleContext): void;
  /** As prepareForUpdate for the status subresource: keeps the spec of `old`. */
  prepareForStatusUpdate(object: T, old: T, context: RuleContext): void;
  /** The causes of a 422 in upstream's order; empty when valid. */
  validate(object: T, context: RuleContext): StatusCause[];
  validateUpdate(object: T, old: T, context: RuleContext): StatusCause[];
  validateStatusUpdate(object: T, old: T, context: RuleContext): StatusCause[];
  /** Texts for Warning headers of a create (`old` undefined) or an update. */
  warnings(object: T, old: T | undefined): string[];
  /** As warnings, for a write of the status. */
  statusWarnings(object: T): string[];
  /** True for kinds whose objects have metadata.generation. */
  readonly generation: boolean;
  /** PUT without resourceVersion is accepted (API-304). */
  readonly unconditionalUpdate: boolean;
  /** PUT of an absent name creates it (API-301). */
  readonly createOnUpdate: boolean;
  readonly hasStatus: boolean;
  readonly nameRule: NameRule;
  /** Selectable fields besides metadata.name and metadata.namespace (API-518). */
  readonly fieldSelectors: Readonly<Record<string, FieldGetter<T>>>;
}

/**
 * Rules by resource: `pods`, `statefulsets.apps`; forms of a resource that is stored in another
 * version with theirs: `horizontalpodautoscalers.v1.autoscaling`.
 */
export const kindRules: ReadonlyMap<string, KindRules> = new Map<string, KindRules>([
  ['namespaces', namespaceRules],
  ['nodes', nodeRules],
  ['pods', podRules],
  ['services', serviceRules],
  ['endpoints', endpointsRules],
  ['configmaps', configMapRules],
  ['secrets', secretRules],
  ['serviceaccounts', serviceAccountRules],
  ['events', eventRules],
  ['persistentvolumes', persistentVolumeRules],
  ['persistentvolumeclaims', claimRules],
  ['statefulsets.apps', statefulSetRules],
  ['deployments.apps', deploymentRules],
  ['replicasets.apps', replicaSetRules],
  ['controllerrevisions.apps', controllerRevisionRules],
  ['storageclasses.storage.k8s.io', storageClassRules],
  ['endpointslices.discovery.k8s.io', endpointSliceRules],
  ['leases.coordination.k8s.io', leaseRules],
  ['poddisruptionbudgets.policy', disruptionBudgetRules],
  ['roles.rbac.authorization.k8s.io', roleRules],
  ['clusterroles.rbac.authorization.k8s.io', clusterRoleRules],
  ['rolebindings.rbac.authorization.k8s.io', roleBindingRules],
  ['clusterrolebindings.rbac.authorization.k8s.io', clusterRoleBindingRules],
  ['selfsubjectreviews.authentication.k8s.io', reviewRules],
  ['tokenreviews.authentication.k8s.io', reviewRules],
  ['localsubjectaccessreviews.authorization.k8s.io', reviewRules],
  ['selfsubjectaccessreviews.authorization.k8s.io', reviewRules],
  ['selfsubjectrulesreviews.authorization.k8s.io', reviewRules],
  ['subjectaccessreviews.authorization.k8s.io', reviewRules],
  ['bindings', bindingRules],
  ['resourcequotas', resourceQuotaRules],
  ['limitranges', limitRangeRules],
  ['replicationcontrollers', replicationControllerRules],
  ['podtemplates', podTemplateRules],
  ['daemonsets.apps', daemonSetRules],
  ['jobs.batch', jobRules],
  ['cronjobs.batch', cronJobRules],
  ['horizontalpodautoscalers.autoscaling', horizontalPodAutoscalerRules],
  ['ingresses.networking.k8s.io', ingressRules],
  ['ingressclasses.networking.k8s.io', ingressClassRules],
  ['networkpolicies.networking.k8s.io', networkPolicyRules],
  ['ipaddresses.networking.k8s.io', ipAddressRules],
  ['servicecidrs.networking.k8s.io', serviceCidrRules],
  ['priorityclasses.scheduling.k8s.io', priorityClassRules],
  ['runtimeclasses.node.k8s.io', runtimeClassRules],
  ['apiservices.apiregistration.k8s.io', apiServiceRules],
  ['csidrivers.storage.k8s.io', csiDriverRules],
  ['csinodes.storage.k8s.io', csiNodeRules],
  ['csistoragecapacities.storage.k8s.io', csiStorageCapacityRules],
  ['volumeattachments.storage.k8s.io', volumeAttachmentRules],
  ['volumeattributesclasses.storage.k8s.io', volumeAttributesClassRules],
  ['certificatesigningrequests.certificates.k8s.io', signingRequestRules],
  ['flowschemas.flowcontrol.apiserver.k8s.io', flowSchemaRules],
  ['prioritylevelconfigurations.flowcontrol.apiserver.k8s.io', priorityLevelRules],
  ['mutatingwebhookconfigurations.admissionregistration.k8s.io', mutatingWebhookRules],
  ['validatingwebhookconfigurations.admissionregistration.k8s.io', validatingWebhookRules],
  ['validatingadmissionpolicies.admissionregistration.k8s.io', validatingPolicyRules],
  ['validatingadmissionpolicybindings.admissionregistration.k8s.io', validatingPolicyBindingRules],
  ['mutatingadmissionpolicies.admissionregistration.k8s.io', mutatingPolicyRules],
  ['mutatingadmissionpolicybindings.admissionregistration.k8s.io', mutatingPolicyBindingRules],
  ['events.events.k8s.io', newEventRules],
  ['customresourcedefinitions.apiextensions.k8s.io', definitionRules],
  ['horizontalpodautoscalers.v1.autoscaling', oldAutoscalerRules],
]);

/** The rules of a served resource. */
export function rulesFor(definition: ResourceDefinition): KindRules | undefined {
  const { group, version, resource, custom } = definition;
  if (custom) return custom.rules;
  if (group === '') return kindRules.get(resource);
  return kindRules.get(`${resource}.${version}.${group}`) ?? kindRules.get(`${resource}.${group}`);
}
