// Defaults of one container of any sort (API-923).
import type {
  Container,
  EnvVar,
  EphemeralContainer,
  HTTPGetAction,
  Probe,
  ResourceRequirements,
} from '../generated/types.ts';
import { milliRoundedQuantity } from './resource-list.ts';
import { isBlank } from './field-rules.ts';
import { defaultPullPolicy } from './image-reference.ts';

/** Fills the defaults of a container in place. */
export function defaultContainer(container: Container | EphemeralContainer): void {
  for (const port of container.ports ?? []) if (isBlank(port.protocol)) port.protocol = 'TCP';
  for (const variable of container.env ?? []) defaultEnv(variable);
  container.resources ??= {};
  defaultResources(container.resources);
  defaultProbe(container.livenessProbe);
  defaultProbe(container.readinessProbe);
  defaultProbe(container.startupProbe);
  defaultHttpGet(container.lifecycle?.postStart?.httpGet);
  defaultHttpGet(container.lifecycle?.preStop?.httpGet);
  if (isBlank(container.imagePullPolicy)) {
    container.imagePullPolicy = defaultPullPolicy(container.image ?? '');
  }
  if (isBlank(container.terminationMessagePath)) {
    container.terminationMessagePath = '/dev/termination-log';
  }
  if (isBlank(container.terminationMessagePolicy)) container.terminationMessagePolicy = 'File';
}

function defaultEnv({ valueFrom }: EnvVar): void {
  const { fieldRef, resourceFieldRef, fileKeyRef } = valueFrom ?? {};
  if (fieldRef && isBlank(fieldRef.apiVersion)) fieldRef.apiVersion = 'v1';
  if (resourceFieldRef) resourceFieldRef.divisor ??= '0';
  if (fileKeyRef) fileKeyRef.optional ??= false;
}

/** Quantities finer than a thousandth are rounded up. */
export function defaultResources(resources: ResourceRequirements): void {
  for (const list of [resources.limits, resources.requests]) {
    for (const [name, quantity] of Object.entries(list ?? {})) {
      if (list) list[name] = milliRoundedQuantity(quantity);
    }
  }
}

function defaultProbe(probe: Probe | undefined): void {
  if (probe === undefined) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultHttpGet(action: HTTPGetAction | undefined): void {
  if (action === undefined) return;
  if (isBlank(action.path)) action.path = '/';
  if (isBlank(action.scheme)) action.scheme = 'HTTP';
}

/** Requests that are not given are the limits (pods only, not templates). */
export function requestsFromLimits(resources: ResourceRequirements | undefined): void {
  if (resources?.limits === undefined) return;
  resources.requests = { ...resources.limits, ...resources.requests };
}
