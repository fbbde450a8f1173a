// The status of a pod as the API shows it.
import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec, PodStatus } from '../../api/generated/types.ts';
import { podStatus } from './pod-status.ts';
import type { StatusInput } from './pod-status.ts';
import type { ContainerView, PodSnapshot } from './pod-snapshot.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const EARLIER = '2026-01-01T11:00:00Z';

function pod(spec: Partial<PodSpec> = {}): Pod {
  const containers: Container[] = [{ name: 'main', image: 'i' }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-0', namespace: 'default', uid: 'u', generation: 2 },
    spec: { restartPolicy: 'Always', containers, ...spec },
  };
}

function view(name: string, more: Partial<ContainerView> = {}): ContainerView {
  return {
    id: `${name}-${more.attempt ?? 0}`,
    sandboxId: 's',
    name,
    attempt: 0,
    state: 'running',
    startedAtMs: NOW - 5000,
    finishedAtMs: undefined,
    exitCode: undefined,
    signal: undefined,
    reason: undefined,
    message: undefined,
    ...more,
  };
}

const exited = (name: string, exitCode: number, more: Partial<ContainerView> = {}) =>
  view(name, { state: 'exited', exitCode, finishedAtMs: NOW - 1000, ...more });

interface Case extends Partial<Omit<StatusInput, 'snapshot'>>, Partial<PodSnapshot> {}

function status(input: Case = {}): PodStatus {
  const { waits = [], previous = {}, ended = false, ...rest } = input;
  const snapshot: PodSnapshot = {
    pod: pod(),
    sandboxes: [{ id: 's', ip: '10.244.0.7', createdAtMs: 0, ready: true }],
    containers: [],
    probes: new Map(),
    stopping: new Set(),
    hooking: new Set(),
    backoffs: new Map(),
    startFailures: new Map(),
    verdict: undefined,
    gone: false,
    nowMs: NOW,
    ...rest,
  };
  return podStatus({
    snapshot,
    waits,
    previous,
    runtimeName: 'sandbox',
    hostIP: '10.1.1.1',
    ended,
  });
}

const condition = (one: PodStatus, type: string) =>
  one.conditions?.find((item) => item.type === type);
const main = (one: PodStatus) => one.containerStatuses?.[0];

describe('phase', () => {
  const never = { restartPolicy: 'Never' };
  const init = { initContainers: [{ name: 'init' }] };
  test.each<[string, Case, string]>([
    ['nothing runs yet', {}, 'Pending'],
    ['it runs', { containers: [view('main')] }, 'Running'],
    ['it waits for its restart', { containers: [exited('main', 1)] }, 'Running'],
    ['Never, success', { pod: pod(never), containers: [exited('main', 0)] }, 'Succeeded'],
    ['Never, failure', { pod: pod(never), containers: [exited('main', 1)] }, 'Failed'],
    [
      'SS-951: Always, over with success',
      { containers: [exited('main', 0)], ended: true },
      'Succeeded',
    ],
    [
      'SS-951: Always, over with failure',
      { containers: [exited('main', 9)], ended: true },
      'Failed',
    ],
    ['over before it ran', { ended: true }, 'Failed'],
    ['init runs', { pod: pod(init), containers: [view('init')] }, 'Pending'],
    [
      'init failed, Never',
      { pod: pod({ ...init, ...never }), containers: [exited('init', 1)] },
      'Failed',
    ],
    ['verdict', { verdict: { reason: 'OutOfcpu', message: 'm' } }, 'Failed'],
    ['final phase stays', { previous: { phase: 'Failed' }, containers: [view('main')] }, 'Failed'],
  ])('%s', (_what, input, phase) => {
    expect(status(input).phase).toBe(phase);
  });
});

describe('container states', () => {
  test('ContainerCreating, or PodInitializing with init containers', () => {
    expect(main(status())?.state?.waiting).toEqual({ reason: 'ContainerCreating' });
    const withInit = pod({ initContainers: [{ name: 'init' }] });
    expect(main(status({ pod: withInit }))?.state?.waiting?.reason).toBe('PodInitializing');
  });

  test('running', () => {
    const shown = main(status({ containers: [view('main', { attempt: 2 })] }));
    expect(shown).toMatchObject({
      containerID: 'sandbox://main-2',
      restartCount: 2,
      started: true,
      ready: true,
      state: { running: { startedAt: '2026-01-01T11:59:55Z' } },
    });
  });

  test('ended and started again: lastState tells how it ended', () => {
    const containers = [exited('main', 3, { message: 'bye' }), view('main', { attempt: 1 })];
    expect(main(status({ containers }))?.lastState).toEqual({
      terminated: {
        exitCode: 3,
        reason: 'Error',
        message: 'bye',
        startedAt: '2026-01-01T11:59:55Z',
        finishedAt: '2026-01-01T11:59:59Z',
        containerID: 'sandbox://main-0',
      },
    });
  });

  test('in back-off: waiting, with the end in lastState', () => {
    const wait = { container: { name: 'main' }, containerId: 'main-0', message: 'm', untilMs: 0 };
    const shown = main(status({ containers: [exited('main', 1)], waits: [wait] }));
    expect(shown?.state?.waiting).toEqual({ reason: 'CrashLoopBackOff', message: 'm' });
    expect(shown?.lastState?.terminated?.exitCode).toBe(1);
  });

  test('a start that failed shows why', () => {
    const failure = {
      reason: 'CreateContainerConfigError',
      message: 'no such thing',
      retryAtMs: 0,
    };
    const shown = main(status({ startFailures: new Map([['main', failure]]) }));
    expect(shown?.state?.waiting).toEqual({
      reason: 'CreateContainerConfigError',
      message: 'no such thing',
    });
  });

  test('a container that the runtime has lost is told as ContainerStatusUnknown', () => {
    const previous: PodStatus = {
      containerStatuses: [
        {
          name: 'main',
          image: 'i',
          imageID: 'host',
          ready: true,
          restartCount: 1,
          containerID: 'sandbox://x',
          state: { running: {} },
        },
      ],
    };
    const shown = main(status({ previous }));
    expect(shown?.lastState?.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
    });
  });

  test('a startup probe holds back started and ready, a readiness probe ready', () => {
    const results = { startup: undefined, liveness: undefined, readiness: undefined };
    const probed = pod({ containers: [{ name: 'main', startupProbe: {}, readinessProbe: {} }] });
    const containers = [view('main')];
    const at = (more: Partial<typeof results>) =>
      main(
        status({ pod: probed, containers, probes: new Map([['main-0', { ...results, ...more }]]) }),
      );
    expect(at({})).toMatchObject({ started: false, ready: false });
    const up = { startup: true as never };
    expect(at(up)).toMatchObject({ started: true, ready: false });
    expect(at({ ...up, readiness: true as never })).toMatchObject({ started: true, ready: true });
  });

  test('a postStart hook that runs: not yet running', () => {
    const shown = main(status({ containers: [view('main')], hooking: new Set(['main-0']) }));
    expect(shown).toMatchObject({
      ready: false,
      state: { waiting: { reason: 'ContainerCreating' } },
    });
  });
});

describe('conditions', () => {
  test('not ready: which containers, and since when', () => {
    const one = status();
    expect(condition(one, 'ContainersReady')).toEqual({
      type: 'ContainersReady',
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [main]',
      observedGeneration: 2,
      lastTransitionTime: '2026-01-01T12:00:00Z',
    });
    expect(condition(one, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
    });
    expect(condition(one, 'PodReadyToStartContainers')?.status).toBe('True');
  });

  test('lastTransitionTime is kept while the status stays', () => {
    const containers = [view('main')];
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: EARLIER };
    const kept = status({ containers, previous: { conditions: [ready] } });
    expect(condition(kept, 'Ready')?.lastTransitionTime).toBe(EARLIER);
    const changed = status({ previous: { conditions: [ready] } });
    expect(condition(changed, 'Ready')?.lastTransitionTime).toBe('2026-01-01T12:00:00Z');
  });

  test('Initialized names what is missing', () => {
    const withInit = pod({ initContainers: [{ name: 'a' }, { name: 'b' }] });
    const containers = [exited('a', 0), view('b')];
    expect(condition(status({ pod: withInit, containers }), 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [b]',
    });
    const done = [exited('a', 0), exited('b', 0), view('main')];
    expect(condition(status({ pod: withInit, containers: done }), 'Initialized')?.status).toBe(
      'True',
    );
  });

  test('readiness gates hold back Ready only', () => {
    const gated = pod({ readinessGates: [{ conditionType: 'x.y/gate' }] });
    const containers = [view('main')];
    const one = status({ pod: gated, containers });
    expect(condition(one, 'ContainersReady')?.status).toBe('True');
    expect(condition(one, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "x.y/gate" does not exist.',
    });
    const previous = { conditions: [{ type: 'x.y/gate', status: 'True' }] };
    const open = status({ pod: gated, containers, previous });
    expect(condition(open, 'Ready')?.status).toBe('True');
    expect(condition(open, 'x.y/gate')?.status).toBe('True');
  });
});

test('addresses, start time and generation', () => {
  expect(status({ previous: { qosClass: 'BestEffort' } })).toMatchObject({
    hostIP: '10.1.1.1',
    hostIPs: [{ ip: '10.1.1.1' }],
    podIP: '10.244.0.7',
    podIPs: [{ ip: '10.244.0.7' }],
    startTime: '2026-01-01T12:00:00Z',
    observedGeneration: 2,
    qosClass: 'BestEffort',
  });
  const later = status({ previous: { startTime: EARLIER } });
  expect(later.startTime).toBe(EARLIER);
});
