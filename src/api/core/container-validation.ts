// Containers, init containers and ephemeral containers.
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  EphemeralContainer,
  PodSpec,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  forbidden,
  invalidForEach,
  invalidValue,
  notFound,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validatePortName } from '../meta/names.ts';
import { validateEnv, validateEnvFrom } from './env-validation.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, isBlank, portNumber, requiredOneOf, requiredText } from './field-rules.ts';
import { validateMountsAndDevices, type VolumesByName } from './mount-validation.ts';
import { forbidProbesAndLifecycle, validateLifecycle, validateProbes } from './probe-validation.ts';
import { validateContainerResources } from './resource-validation.ts';
import { validateRestartPolicy } from './restart-policy-validation.ts';
import { validateSecurityContext } from './security-context-validation.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];

/** The pod around a container. */
interface Surroundings {
  readonly spec: PodSpec;
  readonly volumes: VolumesByName;
  readonly claimNames: ReadonlySet<string>;
}

/** All containers of a pod whose spec stands at `path`; `volumes` are the valid ones. */
export function* validateAllContainers(
  spec: PodSpec,
  path: FieldPath,
  volumes: VolumesByName,
): Causes {
  const names = (spec.resourceClaims ?? []).map((claim) => claim.name).filter(Boolean);
  const pod: Surroundings = { spec, volumes, claimNames: new Set(names) };
  yield* validateContainers(pod, path.child('containers'));
  yield* validateInitContainers(pod, path.child('initContainers'));
  yield* validateEphemeralContainers(pod, path.child('ephemeralContainers'));
}

function* validateContainers(pod: Surroundings, path: FieldPath): Causes {
  const containers = pod.spec.containers ?? [];
  if (containers.length === 0) {
    yield required(path);
    return;
  }
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    const containerPath = path.index(i);
    const name = container.name ?? '';
    yield* validateCommon(container, containerPath, pod);
    if (names.has(name)) yield duplicate(containerPath.child('name'), name);
    names.add(name);
    yield* validateRunning(container, containerPath, pod);
    yield* validateRestartPolicy(container, containerPath);
  }
  yield* uniqueHostPorts(containers, path);
}

/** Hooks and probes, for containers that keep running. */
function* validateRunning(container: Container, path: FieldPath, { spec }: Surroundings): Causes {
  const grace = spec.terminationGracePeriodSeconds;
  if (container.lifecycle) {
    const surroundings = { grace, os: spec.os };
    yield* validateLifecycle(container.lifecycle, path.child('lifecycle'), surroundings);
  }
  yield* validateProbes(container, path, grace);
}

function* validateInitContainers(pod: Surroundings, path: FieldPath): Causes {
  const names = new Set((pod.spec.containers ?? []).map((container) => container.name));
  for (const [i, container] of (pod.spec.initContainers ?? []).entries()) {
    const containerPath = path.index(i);
    const name = container.name ?? '';
    yield* validateCommon(container, containerPath, pod);
    yield* validateRestartPolicy(container, containerPath);
    if (names.has(name)) yield duplicate(containerPath.child('name'), name);
    else if (name !== '') names.add(name);
    yield* uniqueHostPorts([container], path);
    const sidecar = container.restartPolicy === 'Always';
    if (sidecar) yield* validateRunning(container, containerPath, pod);
    else yield* forbidProbesAndLifecycle(container, containerPath);
    for (const [j, policy] of (container.resizePolicy ?? []).entries()) {
      if (sidecar || policy.restartPolicy !== 'RestartContainer') continue;
      const message = "must not be set to 'RestartContainer' for non-sidecar initContainers";
      const policyPath = containerPath.child('resizePolicy').index(j).child('restartPolicy');
      yield invalidValue(policyPath, policy.restartPolicy, message);
    }
  }
}

/** What an ephemeral container cannot have, in the order errors name it. */
const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

function* validateEphemeralContainers(pod: Surroundings, path: FieldPath): Causes {
  const { spec } = pod;
  const targets = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name),
  );
  const names = new Set(targets);
  for (const [i, container] of (spec.ephemeralContainers ?? []).entries()) {
    const containerPath = path.index(i);
    yield* validateCommon(container, containerPath, pod);
    yield* validateImageSpace(container, containerPath);
    if (names.has(container.name)) yield duplicate(containerPath.child('name'), container.name);
    names.add(container.name);
    const target = container.targetContainerName;
    if (!isBlank(target) && !targets.has(target)) {
      yield notFound(containerPath.child('targetContainerName'), target);
    }
    yield* validateEphemeralFields(container, containerPath);
  }
}

function* validateEphemeralFields(container: EphemeralContainer, path: FieldPath): Causes {
  const message = 'cannot be set for an Ephemeral Container';
  for (const field of NOT_EPHEMERAL) {
    const value: unknown = container[field];
    const empty = field === 'resources' && Object.keys(container.resources ?? {}).length === 0;
    if (value !== undefined && !empty) yield forbidden(path.child(field), message);
  }
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    for (const field of ['subPath', 'subPathExpr'] as const) {
      if (isBlank(mount[field])) continue;
      yield forbidden(path.child('volumeMounts').index(i).child(field), message);
    }
  }
}

function* validateCommon(
  container: Container | EphemeralContainer,
  path: FieldPath,
  { spec, volumes, claimNames }: Surroundings,
): Causes {
  const name = container.name ?? '';
  if (name === '') yield required(path.child('name'));
  else yield* dnsLabel(name, path.child('name'));
  yield* requiredText(container.image, path.child('image'));
  const messagePath = path.child('terminationMessagePolicy');
  const messagePolicies = ['File', 'FallbackToLogsOnError'];
  yield* requiredOneOf(container.terminationMessagePolicy, messagePath, messagePolicies);
  yield* validatePorts(container.ports ?? [], path.child('ports'));
  yield* validateEnv(container.env ?? [], path.child('env'));
  yield* validateEnvFrom(container.envFrom ?? [], path.child('envFrom'));
  yield* validateMountsAndDevices(container, path, volumes);
  yield* validatePullPolicy(container.imagePullPolicy, path.child('imagePullPolicy'));
  const resources = container.resources ?? {};
  yield* validateContainerResources(resources, path.child('resources'), claimNames);
  const resizePath = path.child('resizePolicy');
  yield* validateResizePolicy(container.resizePolicy ?? [], resizePath, spec.restartPolicy);
  const hostUsers = spec.hostUsers ?? true;
  yield* validateSecurityContext(
    container.securityContext,
    path.child('securityContext'),
    hostUsers,
  );
}

/** Always, IfNotPresent or Never. */
export function validatePullPolicy(policy: string | undefined, path: FieldPath): Causes {
  return requiredOneOf(policy, path, PULL_POLICIES);
}

function* validatePorts(ports: readonly ContainerPort[], path: FieldPath): Causes {
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const portPath = path.index(i);
    if (!isBlank(port.name)) {
      const messages = validatePortName(port.name);
      yield* invalidForEach(portPath.child('name'), port.name, messages);
      if (names.has(port.name)) yield duplicate(portPath.child('name'), port.name);
      if (messages.length === 0) names.add(port.name);
    }
    const number = port.containerPort ?? 0;
    if (number === 0) yield required(portPath.child('containerPort'));
    else yield* portNumber(number, portPath.child('containerPort'));
    if ((port.hostPort ?? 0) !== 0) {
      yield* portNumber(port.hostPort ?? 0, portPath.child('hostPort'));
    }
    yield* requiredOneOf(port.protocol, portPath.child('protocol'), PROTOCOLS);
  }
}

function* uniqueHostPorts(containers: readonly Container[], path: FieldPath): Causes {
  const seen = new Set<string>();
  for (const [i, container] of containers.entries()) {
    for (const [j, port] of (container.ports ?? []).entries()) {
      if ((port.hostPort ?? 0) === 0) continue;
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort ?? 0}`;
      const portPath = path.index(i).child('ports').index(j).child('hostPort');
      if (seen.has(key)) yield duplicate(portPath, key);
      seen.add(key);
    }
  }
}

function* validateResizePolicy(
  policies: readonly ContainerResizePolicy[],
  path: FieldPath,
  podRestartPolicy: string | undefined,
): Causes {
  const seen = new Set<string>();
  for (const [i, { resourceName = '', restartPolicy = '' }] of policies.entries()) {
    if (seen.has(resourceName)) yield duplicate(path.index(i), resourceName);
    seen.add(resourceName);
    yield* requiredOneOf(resourceName, path, ['cpu', 'memory']);
    yield* requiredOneOf(restartPolicy, path, ['NotRequired', 'RestartContainer']);
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      const message = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
      yield invalidValue(path, restartPolicy, message);
    }
  }
}

/** Pods, unlike templates, refuse images with white space around them. */
export function* validateImageSpace(container: Pick<Container, 'image'>, path: FieldPath): Causes {
  const image = container.image ?? '';
  if (image.trim() !== image) {
    const message = 'must not have leading or trailing whitespace';
    yield invalidValue(path.child('image'), image, message);
  }
}

/** With the host's network, a port of the container is that port of the host. */
export function* validateHostNetworkPorts(spec: PodSpec, path: FieldPath, isPod: boolean): Causes {
  if (spec.hostNetwork !== true) return;
  for (const [i, container] of (spec.containers ?? []).entries()) {
    for (const [j, { hostPort = 0, containerPort }] of (container.ports ?? []).entries()) {
      if ((!isPod && hostPort === 0) || hostPort === containerPort) continue;
      const portPath = path.child('containers').index(i).child('ports').index(j).child('hostPort');
      const message = 'must match `containerPort` when `hostNetwork` is true';
      yield invalidValue(portPath, hostPort, message);
    }
  }
}

/** Always, OnFailure or Never. */
export function* validatePodRestartPolicy(policy: string | undefined, path: FieldPath): Causes {
  const supported = ['Always', 'OnFailure', 'Never'];
  if (isBlank(policy)) yield required(path);
  else if (!supported.includes(policy)) yield notSupported(path, policy, supported);
}
