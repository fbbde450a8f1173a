// Warnings about pods and pod templates: accepted, yet probably not what was meant.
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  Pod,
  PodSpec,
  PodTemplateSpec,
} from '../generated/types.ts';
import { fieldPath, type FieldPath } from '../meta/field-errors.ts';
import { goQuote } from '../meta/go-quote.ts';
import { validateDns1123Label } from '../meta/names.ts';
import { appArmorWarnings } from './app-armor.ts';
import { isBlank } from './field-rules.ts';
import { ipWarnings } from './ip-warnings.ts';
import {
  nodeAffinityWarnings,
  nodeSelectorWarnings,
  podAffinityWarnings,
  spreadWarnings,
} from './scheduling-warnings.ts';
import { fractionWarnings, volumeWarnings } from './volume-warnings.ts';

type Warnings = Iterable<string>;
type AnyContainer = Container | EphemeralContainer;

const BYTE_RESOURCES = ['memory', 'ephemeral-storage'] as const;

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const OLD_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead';
const OLD_SYSCTLS = 'non-functional in v1.11+; use the "sysctls" field instead';
const OLD_ANNOTATIONS = [
  [
    'scheduler.alpha.kubernetes.io/critical-pod',
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  ['security.alpha.kubernetes.io/sysctls', OLD_SYSCTLS],
  ['security.alpha.kubernetes.io/unsafe-sysctls', OLD_SYSCTLS],
] as const;

/** The name of the object becomes part of hostnames. */
export function hostnameWarnings(
  { name = '' }: { name?: string | undefined },
  use = 'Pod names and hostnames',
): string[] {
  const messages = validateDns1123Label(name);
  if (messages.length === 0) return [];
  const risk = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: this is used in ${use}, ${risk}: [${messages.join(' ')}]`];
}

/** Warnings about the template at `path`. */
export function podTemplateWarnings(template: PodTemplateSpec, path: FieldPath): string[] {
  const { metadata = {}, spec } = template;
  if (spec === undefined) return [];
  const paths = { spec: path.child('spec'), annotations: path.child('metadata', 'annotations') };
  const { annotations } = metadata;
  return [...specWarnings({ annotations, spec }, paths, true)];
}

/** Warnings about a new pod. */
export function podWarnings({ metadata, spec }: Pod): string[] {
  if (spec === undefined) return [];
  const paths = { spec: fieldPath('spec'), annotations: fieldPath('metadata', 'annotations') };
  const { annotations } = metadata;
  // Upstream fills these fields first, and says so before anything else.
  return [...appArmorWarnings(annotations, spec), ...specWarnings({ annotations, spec }, paths)];
}

interface Subject {
  readonly annotations: Record<string, string> | undefined;
  readonly spec: PodSpec;
}

interface Paths {
  readonly annotations: FieldPath;
  readonly spec: FieldPath;
}

function* specWarnings(subject: Subject, paths: Paths, isTemplate = false): Warnings {
  const { spec } = subject;
  const affinityPath = paths.spec.child('affinity');
  yield* nodeSelectorWarnings(spec.nodeSelector, paths.spec.child('nodeSelector'));
  yield* nodeAffinityWarnings(spec.affinity, affinityPath);
  const spreadPath = paths.spec.child('topologySpreadConstraints');
  yield* spreadWarnings(spec.topologySpreadConstraints, spreadPath);
  for (const [key, message] of OLD_ANNOTATIONS) {
    if (subject.annotations?.[key] === undefined) continue;
    yield `${paths.annotations.key(key).toString()}: ${message}`;
  }
  yield* volumeWarnings(spec.volumes ?? [], paths.spec.child('volumes'));
  yield* listWarnings(spec, paths.spec);
  for (const resource of BYTE_RESOURCES) {
    yield* fractionWarnings(spec.overhead?.[resource], paths.spec.child('overhead').key(resource));
  }
  yield* seccompWarnings(subject, paths);
  if (isTemplate) yield* appArmorWarnings(subject.annotations, spec, paths.annotations);
  yield* containerWarnings(spec, paths.spec);
  yield* portWarnings(spec, paths.spec);
  yield* graceWarnings(spec, paths.spec);
  yield* podAffinityWarnings(spec.affinity, affinityPath);
  yield* addressWarnings(spec, paths.spec);
}

/** Annotations that nothing reads any more. */
function* seccompWarnings({ annotations, spec }: Subject, paths: Paths): Warnings {
  const old = (key: string) => `${paths.annotations.key(key).toString()}: ${OLD_SECCOMP}`;
  if (annotations?.[SECCOMP_POD] !== undefined && !spec.securityContext?.seccompProfile) {
    yield old(SECCOMP_POD);
  }
  for (const [{ name, securityContext }] of eachContainer(spec, paths.spec)) {
    const key = SECCOMP_CONTAINER + name;
    if (annotations?.[key] !== undefined && !securityContext?.seccompProfile) yield old(key);
  }
}

function* addressWarnings(spec: PodSpec, path: FieldPath): Warnings {
  const servers = path.child('dnsConfig', 'nameservers');
  for (const [i, server] of (spec.dnsConfig?.nameservers ?? []).entries()) {
    yield* ipWarnings(server, servers.index(i));
  }
  for (const [i, { ip }] of (spec.hostAliases ?? []).entries()) {
    yield* ipWarnings(ip, path.child('hostAliases').index(i).child('ip'));
  }
}

function* listWarnings(spec: PodSpec, path: FieldPath): Warnings {
  const ips = new Set<string>();
  for (const [i, { ip }] of (spec.hostAliases ?? []).entries()) {
    const ipPath = path.child('hostAliases').index(i).child('ip');
    if (ips.has(ip)) yield `${ipPath.toString()}: duplicate ip ${goQuote(ip)}`;
    ips.add(ip);
  }
  const names = new Set<string>();
  for (const [i, { name = '' }] of (spec.imagePullSecrets ?? []).entries()) {
    const namePath = path.child('imagePullSecrets').index(i).child('name').toString();
    if (names.has(name)) yield `${namePath}: duplicate name ${goQuote(name)}`;
    names.add(name);
  }
  for (const [i, { name = '' }] of (spec.imagePullSecrets ?? []).entries()) {
    if (name !== '') continue;
    const namePath = path.child('imagePullSecrets').index(i).child('name').toString();
    yield `${namePath}: invalid empty name ""`;
  }
}

function* eachContainer(spec: PodSpec, path: FieldPath): Iterable<[AnyContainer, FieldPath]> {
  for (const field of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [i, container] of (spec[field] ?? []).entries()) {
      yield [container, path.child(field).index(i)];
    }
  }
}

function* containerWarnings(spec: PodSpec, path: FieldPath): Warnings {
  for (const [container, containerPath] of eachContainer(spec, path)) {
    for (const resource of BYTE_RESOURCES) {
      for (const side of ['limits', 'requests'] as const) {
        const amount = container.resources?.[side]?.[resource];
        const amountPath = containerPath.child('resources', side).key(resource);
        yield* fractionWarnings(amount, amountPath);
      }
    }
    yield* envWarnings(container, containerPath.child('env'));
  }
}

function* envWarnings(container: AnyContainer, path: FieldPath): Warnings {
  const names = new Set<string>();
  for (const [i, { name, value = '', valueFrom }] of (container.env ?? []).entries()) {
    const reference = `$(${name})`;
    const extends_ = valueFrom === undefined && value !== reference && value.includes(reference);
    if (names.has(name) && !extends_) {
      const hidden = `hides previous definition of ${goQuote(name)}`;
      yield `${path.index(i).toString()}: ${hidden}, which may be dropped when using apply`;
    }
    names.add(name);
  }
}

interface SeenPort {
  path: string;
  hostIP: string;
  hostPort: number;
}

function* portWarnings(spec: PodSpec, path: FieldPath): Warnings {
  const seen = new Map<string, SeenPort[]>();
  for (const [container, containerPath] of eachContainer(spec, path)) {
    for (const [i, port] of (container.ports ?? []).entries()) {
      const { hostIP = '', hostPort = 0 } = port;
      if (hostIP !== '' && hostPort === 0) yield hostIpWarning(port, containerPath, i);
      const own = { path: containerPath.child('ports').index(i).toString(), hostIP, hostPort };
      const key = `${port.containerPort}/${port.protocol ?? ''}`;
      const others = seen.get(key) ?? [];
      for (const other of others) {
        const problem = portProblem(own, other);
        if (problem !== '') yield `${own.path}: ${problem} port definition with ${other.path}`;
      }
      seen.set(key, [...others, own]);
    }
  }
  yield* portNameWarnings(spec, path);
}

/** The port stands there as Go prints it. */
function hostIpWarning(port: ContainerPort, container: FieldPath, i: number): string {
  const { name = '', containerPort, protocol = '', hostIP = '' } = port;
  const shown = `ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}`;
  const path = container.child('ports').index(i).toString();
  return `${path}: hostIP set without hostPort: {Name:${name} HostPort:0 ${shown}}`;
}

function portProblem(own: SeenPort, other: SeenPort): string {
  if (own.hostIP === other.hostIP && own.hostPort === other.hostPort) return 'duplicate';
  if (own.hostPort === 0 || other.hostPort === 0) return 'overlapping';
  const oneOpen = (own.hostIP === '') !== (other.hostIP === '');
  return own.hostPort === other.hostPort && oneOpen ? 'dangerously ambiguous' : '';
}

function* portNameWarnings(spec: PodSpec, path: FieldPath): Warnings {
  const seen = new Map<string, string>();
  for (const [container, containerPath] of eachContainer(spec, path)) {
    for (const [i, { name }] of (container.ports ?? []).entries()) {
      if (isBlank(name)) continue;
      const own = containerPath.child('ports').index(i).toString();
      const other = seen.get(name);
      if (other === undefined) seen.set(name, own);
      else {
        const use = `services and probes that select ports by name will use ${other}`;
        yield `${own}: duplicate port name ${goQuote(name)} with ${other}, ${use}`;
      }
    }
  }
}

function* graceWarnings(spec: PodSpec, path: FieldPath): Warnings {
  if ((spec.terminationGracePeriodSeconds ?? 0) >= 0) return;
  const field = path.child('terminationGracePeriodSeconds').toString();
  yield `${field}: must be >= 0; negative values are invalid and will be treated as 1`;
}
