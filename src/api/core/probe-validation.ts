// Probes and lifecycle hooks of containers.
import type {
  ExecAction,
  GRPCAction,
  HTTPGetAction,
  Lifecycle,
  PodOS,
  Probe,
  SleepAction,
  TCPSocketAction,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  forbidden,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
} from '../meta/field-errors.ts';
import { validateHttpHeaderName } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { nonNegative, portNumber, portNumberOrName, requiredText } from './field-rules.ts';
import { LINUX_SIGNALS, WINDOWS_SIGNALS } from './stop-signals.ts';

interface Handler {
  exec?: ExecAction | undefined;
  httpGet?: HTTPGetAction | undefined;
  tcpSocket?: TCPSocketAction | undefined;
  grpc?: GRPCAction | undefined;
  sleep?: SleepAction | undefined;
}

const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

/** Exactly one handler, and that one well formed. */
function* validateHandler(handler: Handler, path: FieldPath, grace: number | undefined): Causes {
  let found = false;
  for (const kind of HANDLERS) {
    if (handler[kind] === undefined) continue;
    const kindPath = path.child(kind);
    if (found) yield forbidden(kindPath, 'may not specify more than 1 handler type');
    else yield* validateAction({ [kind]: handler[kind] }, kindPath, grace);
    found = true;
  }
  if (!found) yield required(path, 'must specify a handler type');
}

function* validateAction(handler: Handler, path: FieldPath, grace: number | undefined): Causes {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec && (exec.command ?? []).length === 0) yield required(path.child('command'));
  if (httpGet) yield* validateHttpGet(httpGet, path);
  if (tcpSocket) yield* portNumberOrName(tcpSocket.port, path.child('port'));
  if (grpc) yield* portNumber(grpc.port ?? 0, path.child('port'));
  if (sleep && grace !== undefined && (sleep.seconds < 0 || sleep.seconds > grace)) {
    const message = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
    yield invalidValue(path, sleep.seconds, message);
  }
}

function* validateHttpGet(action: HTTPGetAction, path: FieldPath): Causes {
  yield* requiredText(action.path, path.child('path'));
  yield* portNumberOrName(action.port, path.child('port'));
  const scheme = action.scheme ?? '';
  if (scheme !== 'HTTP' && scheme !== 'HTTPS') {
    yield notSupported(path.child('scheme'), scheme, ['HTTP', 'HTTPS']);
  }
  for (const { name } of action.httpHeaders ?? []) {
    yield* invalidForEach(path.child('httpHeaders'), name, validateHttpHeaderName(name));
  }
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
type Probes = Partial<Record<(typeof PROBES)[number], Probe | undefined>>;

/** The three probes of a container at `path`. */
export function* validateProbes(container: Probes, path: FieldPath, grace: number | undefined) {
  for (const kind of PROBES) {
    const probe = container[kind];
    if (probe === undefined) continue;
    const probePath = path.child(kind);
    yield* validateProbe(probe, probePath, grace);
    const period = probe.terminationGracePeriodSeconds;
    if (kind !== 'readinessProbe') {
      if (probe.successThreshold !== 1) {
        const value = probe.successThreshold ?? 0;
        yield invalidValue(probePath.child('successThreshold'), value, 'must be 1');
      }
    } else if (period !== undefined) {
      const periodPath = probePath.child('terminationGracePeriodSeconds');
      yield invalidValue(periodPath, period, 'must not be set for readinessProbes');
    }
  }
}

function* validateProbe(probe: Probe, path: FieldPath, grace: number | undefined): Causes {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  yield* validateHandler({ exec, httpGet, tcpSocket, grpc }, path, grace);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const) {
    yield* nonNegative(probe[field], path.child(field));
  }
  const period = probe.terminationGracePeriodSeconds;
  if (period !== undefined && period <= 0) {
    yield invalidValue(
      path.child('terminationGracePeriodSeconds'),
      period,
      'must be greater than 0',
    );
  }
}

/** Probes are for containers that keep running: not for ordinary init containers. */
export function* forbidProbesAndLifecycle(
  container: Probes & { lifecycle?: Lifecycle | undefined },
  path: FieldPath,
): Causes {
  for (const field of ['lifecycle', ...PROBES] as const) {
    if (container[field] === undefined) continue;
    const message = 'may not be set for init containers without restartPolicy=Always';
    yield forbidden(path.child(field), message);
  }
}

/** Hooks and the stop signal. */
export function* validateLifecycle(
  lifecycle: Lifecycle,
  path: FieldPath,
  { grace, os }: { grace: number | undefined; os: PodOS | undefined },
): Causes {
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = lifecycle[hook];
    if (handler) yield* validateHandler(handler, path.child(hook), grace);
  }
  const signal = lifecycle.stopSignal;
  if (signal === undefined) return;
  const signalPath = path.child('stopSignal');
  if (os === undefined) {
    yield forbidden(signalPath, 'may not be set for containers with empty `spec.os.name`');
    return;
  }
  const supported = os.name === 'windows' ? WINDOWS_SIGNALS : LINUX_SIGNALS;
  if (!supported.includes(signal)) yield notSupported(signalPath, signal, supported);
}
