// Resources that no part of ours reads by itself: they are stored, checked, shown and watched for
// the controllers of others. The table goes on from resources.ts.
import { define, type Extra } from './define-resource.ts';
import type * as types from './generated/types.ts';
import type { ResourceDefinition } from './resources.ts';

const all = ['all'];
const status = ['status'];
const cluster: Extra = { cluster: true };
const ADMISSION = 'admissionregistration.k8s.io/v1';
const NETWORKING = 'networking.k8s.io/v1';
const STORAGE = 'storage.k8s.io/v1';
const FLOW = 'flowcontrol.apiserver.k8s.io/v1';
const webhooks: Extra = { cluster: true, categories: ['api-extensions'] };

/** Binds a pod to a node, as the pod's own subresource does. */
export const bindings = define<types.Binding>('v1', ['bindings', 'Binding'], { verbs: ['create'] });
export const resourceQuotas = define<types.ResourceQuota>(
  'v1',
  ['resourcequotas', 'ResourceQuota'],
  { shortNames: ['quota'], subresources: status },
);
export const limitRanges = define<types.LimitRange>('v1', ['limitranges', 'LimitRange'], {
  shortNames: ['limits'],
});
export const replicationControllers = define<types.ReplicationController>(
  'v1',
  ['replicationcontrollers', 'ReplicationController'],
  { shortNames: ['rc'], categories: all, subresources: ['status', 'scale'] },
);
export const podTemplates = define<types.PodTemplate>('v1', ['podtemplates', 'PodTemplate']);
export const daemonSets = define<types.DaemonSet>('apps/v1', ['daemonsets', 'DaemonSet'], {
  shortNames: ['ds'],
  categories: all,
  subresources: status,
});
export const jobs = define<types.Job>('batch/v1', ['jobs', 'Job'], {
  categories: all,
  subresources: status,
});
export const cronJobs = define<types.CronJob>('batch/v1', ['cronjobs', 'CronJob'], {
  shortNames: ['cj'],
  categories: all,
  subresources: status,
});
export const horizontalPodAutoscalers = define<types.HorizontalPodAutoscaler>(
  'autoscaling/v2',
  ['horizontalpodautoscalers', 'HorizontalPodAutoscaler'],
  { shortNames: ['hpa'], categories: all, subresources: status },
);
/** Another form of the autoscalers of v2 (form-conversion.ts). */
export const oldAutoscalers = define<types.HorizontalPodAutoscalerV1>(
  'autoscaling/v1',
  ['horizontalpodautoscalers', 'HorizontalPodAutoscaler'],
  {
    shortNames: ['hpa'],
    categories: all,
    subresources: status,
    model: 'HorizontalPodAutoscalerV1',
  },
);
export const ingresses = define<types.Ingress>(NETWORKING, ['ingresses', 'Ingress'], {
  shortNames: ['ing'],
  subresources: status,
});
export const ingressClasses = define<types.IngressClass>(
  NETWORKING,
  ['ingressclasses', 'IngressClass'],
  cluster,
);
export const networkPolicies = define<types.NetworkPolicy>(
  NETWORKING,
  ['networkpolicies', 'NetworkPolicy'],
  { shortNames: ['netpol'] },
);
export const ipAddresses = define<types.IPAddress>(NETWORKING, ['ipaddresses', 'IPAddress'], {
  cluster: true,
  shortNames: ['ip'],
});
export const serviceCidrs = define<types.ServiceCIDR>(NETWORKING, ['servicecidrs', 'ServiceCIDR'], {
  cluster: true,
  subresources: status,
});
export const priorityClasses = define<types.PriorityClass>(
  'scheduling.k8s.io/v1',
  ['priorityclasses', 'PriorityClass'],
  { cluster: true, shortNames: ['pc'] },
);
export const runtimeClasses = define<types.RuntimeClass>(
  'node.k8s.io/v1',
  ['runtimeclasses', 'RuntimeClass'],
  cluster,
);
export const csiDrivers = define<types.CSIDriver>(STORAGE, ['csidrivers', 'CSIDriver'], cluster);
export const csiNodes = define<types.CSINode>(STORAGE, ['csinodes', 'CSINode'], cluster);
export const csiStorageCapacities = define<types.CSIStorageCapacity>(STORAGE, [
  'csistoragecapacities',
  'CSIStorageCapacity',
]);
export const volumeAttachments = define<types.VolumeAttachment>(
  STORAGE,
  ['volumeattachments', 'VolumeAttachment'],
  { cluster: true, subresources: status },
);
export const volumeAttributesClasses = define<types.VolumeAttributesClass>(
  STORAGE,
  ['volumeattributesclasses', 'VolumeAttributesClass'],
  { cluster: true, shortNames: ['vac'] },
);
/** Another form of core events (form-conversion.ts). */
export const newEvents = define<types.EventsV1Event>('events.k8s.io/v1', ['events', 'Event'], {
  shortNames: ['ev'],
  model: 'EventsV1Event',
});
export const certificateSigningRequests = define<types.CertificateSigningRequest>(
  'certificates.k8s.io/v1',
  ['certificatesigningrequests', 'CertificateSigningRequest'],
  { cluster: true, shortNames: ['csr'], subresources: ['status', 'approval'] },
);
export const flowSchemas = define<types.FlowSchema>(FLOW, ['flowschemas', 'FlowSchema'], {
  cluster: true,
  subresources: status,
});
export const priorityLevels = define<types.PriorityLevelConfiguration>(
  FLOW,
  ['prioritylevelconfigurations', 'PriorityLevelConfiguration'],
  { cluster: true, subresources: status },
);
export const customResourceDefinitions = define<types.CustomResourceDefinition>(
  'apiextensions.k8s.io/v1',
  ['customresourcedefinitions', 'CustomResourceDefinition'],
  { ...webhooks, shortNames: ['crd', 'crds'], subresources: status },
);
export const apiServices = define<types.APIService>(
  'apiregistration.k8s.io/v1',
  ['apiservices', 'APIService'],
  { ...webhooks, subresources: status },
);
export const mutatingWebhooks = define<types.MutatingWebhookConfiguration>(
  ADMISSION,
  ['mutatingwebhookconfigurations', 'MutatingWebhookConfiguration'],
  webhooks,
);
export const validatingWebhooks = define<types.ValidatingWebhookConfiguration>(
  ADMISSION,
  ['validatingwebhookconfigurations', 'ValidatingWebhookConfiguration'],
  webhooks,
);
export const validatingPolicies = define<types.ValidatingAdmissionPolicy>(
  ADMISSION,
  ['validatingadmissionpolicies', 'ValidatingAdmissionPolicy'],
  { ...webhooks, subresources: status },
);
export const validatingPolicyBindings = define<types.ValidatingAdmissionPolicyBinding>(
  ADMISSION,
  ['validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding'],
  webhooks,
);
export const mutatingPolicies = define<types.MutatingAdmissionPolicy>(
  ADMISSION,
  ['mutatingadmissionpolicies', 'MutatingAdmissionPolicy'],
  webhooks,
);
export const mutatingPolicyBindings = define<types.MutatingAdmissionPolicyBinding>(
  ADMISSION,
  ['mutatingadmissionpolicybindings', 'MutatingAdmissionPolicyBinding'],
  webhooks,
);

/** All of them. */
export const otherResources: readonly ResourceDefinition[] = [
  bindings,
  resourceQuotas,
  limitRanges,
  replicationControllers,
  podTemplates,
  daemonSets,
  jobs,
  cronJobs,
  horizontalPodAutoscalers,
  oldAutoscalers,
  ingresses,
  ingressClasses,
  networkPolicies,
  ipAddresses,
  serviceCidrs,
  priorityClasses,
  runtimeClasses,
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  volumeAttachments,
  volumeAttributesClasses,
  newEvents,
  certificateSigningRequests,
  flowSchemas,
  priorityLevels,
  customResourceDefinitions,
  apiServices,
  mutatingWebhooks,
  validatingWebhooks,
  validatingPolicies,
  validatingPolicyBindings,
  mutatingPolicies,
  mutatingPolicyBindings,
];
