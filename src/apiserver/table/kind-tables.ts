// Which table shows which resource.
import { formConversion, type FormConversion } from '../../api/form-conversion.ts';
import type { KubernetesObject } from '../../api/meta/object.ts';
import { nodeMetrics, podMetrics } from '../../api/metrics/metrics-resources.ts';
import * as others from '../../api/other-resources.ts';
import * as resources from '../../api/resources.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import * as admission from './admission-tables.ts';
import * as batch from './batch-tables.ts';
import { column, field, nameColumn, type KindTable } from './column.ts';
import * as core from './core-tables.ts';
import { customScaleTable, customTable } from './custom-table.ts';
import * as driver from './driver-tables.ts';
import * as ingress from './ingress-tables.ts';
import { nodeMetricsTable, podMetricsTable } from './metrics-tables.ts';
import * as network from './network-tables.ts';
import { podTable } from './pod-table.ts';
import { clusterRoleBindingTable, roleBindingTable } from './rbac-tables.ts';
import * as policy from './policy-tables.ts';
import * as storage from './storage-tables.ts';
import * as workload from './workload-tables.ts';

const ZERO_TIME = '0001-01-01T00:00:00Z';

/** For kinds without columns of their own. */
export const plainTable: KindTable = {
  columns: [
    nameColumn,
    column('Created At', field('ObjectMeta', 'creationTimestamp'), { type: 'date' }),
  ],
  cells: ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ZERO_TIME],
};

type AnyTable = KindTable<KubernetesObject>;

/** Pairs a resource with the table of its own kind. */
function entry<T extends KubernetesObject>(
  { group, resource }: ResourceDefinition<T>,
  table: KindTable<T>,
): [string, AnyTable] {
  return [`${group}/${resource}`, table as unknown as AnyTable];
}

const tables: ReadonlyMap<string, AnyTable> = new Map([
  entry(resources.pods, podTable),
  entry(resources.statefulSets, workload.statefulSetTable),
  entry(resources.deployments, workload.deploymentTable),
  entry(resources.replicaSets, workload.replicaSetTable),
  entry(resources.controllerRevisions, workload.controllerRevisionTable),
  entry(resources.podDisruptionBudgets, workload.podDisruptionBudgetTable),
  entry(resources.services, network.serviceTable),
  entry(resources.endpoints, network.endpointsTable),
  entry(resources.endpointSlices, network.endpointSliceTable),
  entry(resources.persistentVolumeClaims, storage.persistentVolumeClaimTable),
  entry(resources.persistentVolumes, storage.persistentVolumeTable),
  entry(resources.storageClasses, storage.storageClassTable),
  entry(resources.nodes, core.nodeTable),
  entry(resources.namespaces, core.namespaceTable),
  entry(resources.events, core.eventTable),
  entry(resources.configMaps, core.configMapTable),
  entry(resources.secrets, core.secretTable),
  entry(resources.serviceAccounts, core.serviceAccountTable),
  entry(resources.leases, core.leaseTable),
  entry(resources.roleBindings, roleBindingTable),
  entry(resources.clusterRoleBindings, clusterRoleBindingTable),
  entry(others.daemonSets, batch.daemonSetTable),
  entry(others.replicationControllers, batch.replicationControllerTable),
  entry(others.podTemplates, batch.podTemplateTable),
  entry(others.jobs, batch.jobTable),
  entry(others.cronJobs, batch.cronJobTable),
  entry(others.ingresses, ingress.ingressTable),
  entry(others.ingressClasses, ingress.ingressClassTable),
  entry(others.networkPolicies, ingress.networkPolicyTable),
  entry(others.ipAddresses, ingress.ipAddressTable),
  entry(others.serviceCidrs, ingress.serviceCidrTable),
  entry(others.resourceQuotas, policy.resourceQuotaTable),
  entry(others.priorityClasses, policy.priorityClassTable),
  entry(others.horizontalPodAutoscalers, policy.horizontalPodAutoscalerTable),
  entry(others.runtimeClasses, policy.runtimeClassTable),
  entry(others.apiServices, policy.apiServiceTable),
  entry(others.mutatingWebhooks, policy.webhookTable),
  entry(others.validatingWebhooks, policy.webhookTable),
  entry(others.validatingPolicies, admission.validatingPolicyTable),
  entry(others.validatingPolicyBindings, admission.policyBindingTable),
  entry(others.mutatingPolicies, admission.mutatingPolicyTable),
  entry(others.mutatingPolicyBindings, admission.policyBindingTable),
  entry(others.flowSchemas, policy.flowSchemaTable),
  entry(others.priorityLevels, policy.priorityLevelTable),
  entry(others.certificateSigningRequests, policy.signingRequestTable),
  entry(others.csiDrivers, driver.csiDriverTable),
  entry(others.csiNodes, driver.csiNodeTable),
  entry(others.csiStorageCapacities, driver.csiStorageCapacityTable),
  entry(others.volumeAttachments, driver.volumeAttachmentTable),
  entry(others.volumeAttributesClasses, driver.volumeAttributesClassTable),
  entry(nodeMetrics, nodeMetricsTable),
  entry(podMetrics, podMetricsTable),
]);

/** Other forms of a kind are shown as the kind itself. */
function formTable({ stored, toStored }: FormConversion): AnyTable {
  const table = kindTable(stored, '');
  return { ...table, cells: (object, nowMs) => table.cells(toStored(object), nowMs) };
}

/** The table of a resource, or of its scale. */
export function kindTable(definition: ResourceDefinition, subresource: string): AnyTable {
  const { group, resource, custom } = definition;
  if (subresource === 'scale') {
    return custom ? customScaleTable : (workload.scaleTable as unknown as AnyTable);
  }
  if (custom) return customTable(custom);
  const conversion = formConversion(definition);
  if (conversion) return formTable(conversion);
  return tables.get(`${group}/${resource}`) ?? plainTable;
}
