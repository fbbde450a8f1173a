// Defaults of pods and pod templates (API-923). What admission fills (service account, priority,
// tolerations) is not here.
import type { Container, Pod, PodSpec, PodTemplateSpec } from '../generated/types.ts';
import { defaultContainer, defaultResources, requestsFromLimits } from './container-defaults.ts';
import { isBlank } from './field-rules.ts';
import { defaultPodLevelResources } from './pod-resources.ts';
import { defaultVolume } from './volume-defaults.ts';

/** Fills the defaults of the template of a workload in place. */
export function templateDefaults(template: PodTemplateSpec): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  podSpecDefaults(template.spec);
}

/** Fills the defaults of a pod in place: those of a template and what only real pods get. */
export function podDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] };
  const { spec } = pod;
  podSpecDefaults(spec);
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    requestsFromLimits(container.resources);
    if (spec.hostNetwork === true) hostPorts(container);
  }
  defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  syncPodIps(pod);
}

function hostPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

function podSpecDefaults(spec: PodSpec): void {
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  const containers = [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) defaultContainer(container);
  if (isBlank(spec.dnsPolicy)) spec.dnsPolicy = 'ClusterFirst';
  if (isBlank(spec.restartPolicy)) spec.restartPolicy = 'Always';
  if (isBlank(spec.schedulerName)) spec.schedulerName = 'default-scheduler';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (spec.resources) defaultResources(spec.resources);
  syncServiceAccount(spec);
}

/** `serviceAccount` is the old name of `serviceAccountName`: both always say the same. */
export function syncServiceAccount(spec: PodSpec): void {
  if (isBlank(spec.serviceAccountName)) {
    if (isBlank(spec.serviceAccount)) return;
    spec.serviceAccountName = spec.serviceAccount;
  }
  spec.serviceAccount = spec.serviceAccountName;
}

/** `podIP` and the first of `podIPs` always say the same; the single one wins. */
export function syncPodIps({ status }: Pod): void {
  if (status === undefined) return;
  const first = status.podIPs?.[0]?.ip;
  if (!isBlank(status.podIP)) {
    if (first !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  } else if (!isBlank(first)) status.podIP = first;
}
