// Warnings about pods and pod templates: accepted, yet probably not what was meant.
import type {
  Container,
  EphemeralContainer,
  PodSpec,
  PodTemplateSpec,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { goQuote } from '../meta/go-quote.ts';
import { validateDns1123Label } from '../meta/names.ts';
import { isWholeQuantity, parseQuantity } from '../meta/quantity.ts';
import { isBlank } from './field-rules.ts';

type Warnings = Iterable<string>;
type AnyContainer = Container | EphemeralContainer;

const DEPRECATED_VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

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
  return template.spec ? podSpecWarnings(template.spec, path.child('spec')) : [];
}

/** Warnings about the pod spec at `path`. */
export function podSpecWarnings(spec: PodSpec, path: FieldPath): string[] {
  return [
    ...spreadWarnings(spec, path),
    ...volumeWarnings(spec, path),
    ...listWarnings(spec, path),
    ...containerWarnings(spec, path),
    ...portWarnings(spec, path),
    ...graceWarnings(spec, path),
  ];
}

function* spreadWarnings(spec: PodSpec, path: FieldPath): Warnings {
  for (const [i, { labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    if (labelSelector !== undefined) continue;
    const selector = path.child('topologySpreadConstraints').index(i).child('labelSelector');
    yield `${selector.toString()}: a null labelSelector results in matching no pod`;
  }
}

function* volumeWarnings(spec: PodSpec, path: FieldPath): Warnings {
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    for (const [kind, message] of Object.entries(DEPRECATED_VOLUMES)) {
      if (Reflect.get(volume, kind) === undefined) continue;
      yield `${path.child('volumes').index(i).child(kind).toString()}: ${message}`;
    }
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
    if (name === '') yield `${namePath}: invalid empty name ""`;
    names.add(name);
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
    for (const resource of ['memory', 'ephemeral-storage']) {
      for (const side of ['limits', 'requests'] as const) {
        const amount = container.resources?.[side]?.[resource];
        const amountPath = containerPath.child('resources', side).key(resource);
        yield* fractionWarnings(amount, amountPath);
      }
    }
    yield* envWarnings(container, containerPath.child('env'));
  }
}

/** An amount of bytes that is not whole. */
export function* fractionWarnings(amount: string | undefined, path: FieldPath): Warnings {
  if (amount === undefined || isWholeQuantity(parseQuantity(amount))) return;
  const value = `fractional byte value ${goQuote(amount)}`;
  yield `${path.toString()}: ${value} is invalid, must be an integer`;
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
