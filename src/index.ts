// The front door: everything that users of the library may rely on, by name.
export { createClient } from './client/create-client.ts';
export type {
  Client,
  ListSelection,
  ObjectName,
  PatchType,
  ResourceClient,
  WatchSelection,
  WriteOptions,
} from './client/client.ts';
export { createHttpTransport } from './client/http-transport.ts';
export type { HttpConnection } from './client/http-transport.ts';
export { loadInClusterConfig, loadKubeconfig } from './client/kubeconfig.ts';
export { createInformerFactory } from './client/informer-factory.ts';
export type { EventHandler, Informer, InformerFactory, Lister } from './client/informer.ts';
export { createController } from './client/controller.ts';
export { TerminalError } from './client/controller-context.ts';
export type {
  Controller,
  ControllerContext,
  ControllerOptions,
  EventRecorder,
  Reconcile,
  ReconcileResult,
} from './client/controller-context.ts';
export { createEventRecorder } from './client/event-recorder.ts';
export { createLeaderElector } from './client/leader-election.ts';
export { createManager } from './client/manager.ts';
export { execInPod } from './client/exec.ts';
export type { Transport, WatchEvent, WatchHandler, WatchStream } from './client/transport.ts';
export { createStatefulSetController } from './controllers/statefulset/statefulset-controller.ts';
export { GATES, type Gate, type GateName } from './controllers/statefulset/plan/gates.ts';
export { plan } from './controllers/statefulset/plan/plan.ts';
export type {
  Action,
  EngineOptions,
  Plan,
  Snapshot,
  Wait,
  WaitTarget,
} from './controllers/statefulset/plan/snapshot.ts';
export { StatusError } from './api/meta/status-error.ts';
export {
  isAlreadyExists,
  isConflict,
  isExpired,
  isForbidden,
  isInvalid,
  isNotFound,
} from './api/meta/status-error.ts';
export type { KubernetesList, KubernetesObject } from './api/meta/object.ts';
export {
  cronJobs,
  daemonSets,
  horizontalPodAutoscalers,
  ingresses,
  jobs,
  limitRanges,
  networkPolicies,
  priorityClasses,
  resourceQuotas,
} from './api/other-resources.ts';
export type { ResourceDefinition } from './api/resources.ts';
export {
  configMaps,
  controllerRevisions,
  deployments,
  endpointSlices,
  endpoints,
  events,
  leases,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  secrets,
  serviceAccounts,
  services,
  statefulSets,
  storageClasses,
} from './api/resources.ts';
export { systemClock } from './base/clock.ts';
export type { Clock } from './base/clock.ts';
export { silentLogger } from './base/logger.ts';
export type { Logger } from './base/logger.ts';
export { systemRandom } from './base/random.ts';
export type { Random } from './base/random.ts';
