// What is to be done about a pod: tables of cases.
import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec } from '../../api/generated/types.ts';
import { computePodActions } from './compute-pod-actions.ts';
import type { ContainerView, PodSnapshot, ProbeResults } from './pod-snapshot.ts';

const NOW = Date.UTC(2026, 0, 1);
const container = (name: string, more: Partial<Container> = {}): Container => ({ name, ...more });
const sidecar = (name: string, more: Partial<Container> = {}) =>
  container(name, { restartPolicy: 'Always', ...more });

function pod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-0', namespace: 'default', uid: 'u', ...metadata },
    spec: { restartPolicy: 'Always', containers: [container('main')], ...spec },
  };
}

function view(name: string, more: Partial<ContainerView> = {}): ContainerView {
  const attempt = more.attempt ?? 0;
  return {
    id: `${name}-${attempt}`,
    sandboxId: 's',
    name,
    attempt,
    state: 'running',
    startedAtMs: NOW - 1000,
    finishedAtMs: undefined,
    exitCode: undefined,
    signal: undefined,
    reason: undefined,
    message: undefined,
    ...more,
  };
}

const exited = (name: string, exitCode: number, more: Partial<ContainerView> = {}) =>
  view(name, { state: 'exited', exitCode, finishedAtMs: NOW, ...more });

const UP = { id: 's', ip: '10.0.0.1', createdAtMs: 0, ready: true };

function snapshot(more: Partial<PodSnapshot> = {}): PodSnapshot {
  return {
    pod: pod(),
    sandboxes: [UP],
    containers: [],
    probes: new Map(),
    stopping: new Set(),
    hooking: new Set(),
    backoffs: new Map(),
    startFailures: new Map(),
    verdict: undefined,
    gone: false,
    nowMs: NOW,
    ...more,
  };
}

const probes = (id: string, results: Partial<ProbeResults>) =>
  new Map([[id, { startup: undefined, liveness: undefined, readiness: undefined, ...results }]]);

const started = (input: PodSnapshot) =>
  computePodActions(input).start.map(({ container: { name }, attempt }) => `${name}#${attempt}`);
const stopped = (input: PodSnapshot) =>
  computePodActions(input).stop.map(({ containerId }) => containerId);

describe('sandbox', () => {
  test('none: one is made first, and nothing is started yet', () => {
    const actions = computePodActions(snapshot({ sandboxes: [] }));
    expect(actions).toMatchObject({ createSandbox: true, start: [] });
  });

  test('lost: what runs in it is killed before a new one is made', () => {
    const sandboxes = [{ ...UP, ready: false }];
    const input = snapshot({ sandboxes, containers: [view('main')] });
    expect(computePodActions(input)).toMatchObject({ createSandbox: false });
    expect(stopped(input)).toEqual(['main-0']);
    const later = snapshot({ sandboxes, containers: [exited('main', 137)] });
    expect(computePodActions(later).createSandbox).toBe(true);
  });

  test('lost with restartPolicy Never: the pod is over', () => {
    const input = snapshot({
      pod: pod({ restartPolicy: 'Never' }),
      sandboxes: [{ ...UP, ready: false }],
      containers: [exited('main', 137)],
    });
    expect(computePodActions(input)).toMatchObject({ createSandbox: false, ended: true });
  });

  test('lost with restartPolicy OnFailure: only what has not succeeded runs again', () => {
    const containers = [container('done'), container('main')];
    const input = snapshot({
      pod: pod({ restartPolicy: 'OnFailure', containers }),
      sandboxes: [UP],
      containers: [
        exited('done', 0, { sandboxId: 'old' }),
        exited('main', 137, { sandboxId: 'old', attempt: 4 }),
      ],
    });
    expect(started(input)).toEqual(['main#5']);
  });

  test('new: init containers run again from the first', () => {
    const input = snapshot({
      pod: pod({ initContainers: [container('init')] }),
      containers: [
        exited('init', 0, { sandboxId: 'old' }),
        exited('main', 137, { sandboxId: 'old' }),
      ],
    });
    expect(started(input)).toEqual(['init#1']);
  });
});

describe('restart policy', () => {
  test.each([
    ['Always', 0, ['main#1']],
    ['Always', 1, ['main#1']],
    ['OnFailure', 0, []],
    ['OnFailure', 1, ['main#1']],
    ['Never', 0, []],
    ['Never', 1, []],
  ])('%s after exit code %d starts %j', (restartPolicy, exitCode, expected) => {
    const input = snapshot({ pod: pod({ restartPolicy }), containers: [exited('main', exitCode)] });
    expect(started(input)).toEqual(expected);
    expect(computePodActions(input).ending).toBe(expected.length === 0);
  });

  test('a pod with one container that goes on is not over', () => {
    const input = snapshot({
      pod: pod({ restartPolicy: 'Never', containers: [container('a'), container('b')] }),
      containers: [exited('a', 0), view('b')],
    });
    expect(computePodActions(input)).toMatchObject({ ending: false, start: [], stop: [] });
  });

  test('the attempt goes on from the API when the runtime has lost the container', () => {
    const shown = pod();
    const status = { name: 'main', image: '', imageID: '', ready: true };
    shown.status = { containerStatuses: [{ ...status, restartCount: 3, containerID: 'x://1' }] };
    expect(started(snapshot({ pod: shown }))).toEqual(['main#4']);
  });
});

describe('back-off', () => {
  const failing = (attempt: number, backoffs: PodSnapshot['backoffs'], nowMs: number) =>
    snapshot({ containers: [exited('main', 1, { attempt })], backoffs, nowMs });

  test('the first restart is at once, the next after 10 s', () => {
    const [first] = computePodActions(failing(0, new Map(), NOW)).start;
    expect(first?.backoff).toEqual({ delayMs: 10_000, updatedAtMs: NOW });
    const backoffs = new Map([['main', { delayMs: 10_000, updatedAtMs: NOW - 1000 }]]);
    const waiting = computePodActions(failing(1, backoffs, NOW + 9_999));
    expect(waiting.start).toEqual([]);
    expect(waiting.wakeAtMs).toBe(NOW + 10_000);
    expect(waiting.waits[0]?.message).toBe(
      'back-off 10s restarting failed container=main pod=web-0_default(u)',
    );
    const [next] = computePodActions(failing(1, backoffs, NOW + 10_000)).start;
    expect(next?.backoff?.delayMs).toBe(20_000);
  });

  test('it grows to 5 min and is forgotten after 10 min', () => {
    const long = new Map([['main', { delayMs: 300_000, updatedAtMs: NOW - 400_000 }]]);
    const [start] = computePodActions(failing(9, long, NOW + 300_000 - 100_000)).start;
    expect(start).toBeUndefined();
    const [later] = computePodActions(failing(9, long, NOW + 300_000)).start;
    expect(later?.backoff?.delayMs).toBe(10_000);
  });

  test('a failed start is tried again at its time', () => {
    const failure = { reason: 'CreateContainerConfigError', message: 'no', retryAtMs: NOW + 500 };
    const startFailures = new Map([['main', failure]]);
    const actions = computePodActions(snapshot({ startFailures }));
    expect(actions).toMatchObject({ start: [], wakeAtMs: NOW + 500, ending: false });
    expect(started(snapshot({ startFailures, nowMs: NOW + 500 }))).toEqual(['main#0']);
  });
});

describe('init containers', () => {
  const spec = { initContainers: [container('a'), container('b')] };

  test.each<[string, ContainerView[], string[]]>([
    ['nothing yet', [], ['a#0']],
    ['a runs', [view('a')], []],
    ['a has succeeded', [exited('a', 0)], ['b#0']],
    ['a has failed', [exited('a', 1)], ['a#1']],
    ['both have succeeded', [exited('a', 0), exited('b', 0)], ['main#0']],
    ['main runs, init records gone', [view('main')], []],
  ])('%s', (_what, containers, expected) => {
    expect(started(snapshot({ pod: pod(spec), containers }))).toEqual(expected);
  });

  test('with restartPolicy Never a failed one ends the pod', () => {
    const input = snapshot({
      pod: pod({ ...spec, restartPolicy: 'Never' }),
      containers: [exited('a', 1)],
    });
    expect(computePodActions(input)).toMatchObject({ ending: true, start: [] });
  });
});

describe('sidecars', () => {
  const spec = { initContainers: [sidecar('side', { startupProbe: {} }), container('init')] };

  test('the next one waits for the startup probe', () => {
    const containers = [view('side')];
    expect(started(snapshot({ pod: pod(spec), containers }))).toEqual([]);
    const up = probes('side-0', { startup: true });
    expect(started(snapshot({ pod: pod(spec), containers, probes: up }))).toEqual(['init#0']);
  });

  test('it is restarted beside the others, even with restartPolicy Never', () => {
    const input = snapshot({
      pod: pod({ ...spec, restartPolicy: 'Never' }),
      containers: [exited('side', 0), view('main')],
    });
    expect(started(input)).toEqual(['side#1']);
  });

  test('it ends after the containers, in reverse order', () => {
    const initContainers = [sidecar('one'), sidecar('two')];
    const deleted = pod({ initContainers }, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const all = [view('one'), view('two'), view('main')];
    expect(stopped(snapshot({ pod: deleted, containers: all }))).toEqual(['main-0']);
    const [one, two] = [view('one'), view('two')];
    const rest = [one, two, exited('main', 0)];
    expect(stopped(snapshot({ pod: deleted, containers: rest }))).toEqual(['two-0']);
    const last = [one, exited('two', 0), exited('main', 0)];
    expect(stopped(snapshot({ pod: deleted, containers: last }))).toEqual(['one-0']);
  });

  test('it is stopped once all containers have ended for good', () => {
    const input = snapshot({
      pod: pod({ initContainers: [sidecar('side')], restartPolicy: 'Never' }),
      containers: [view('side'), exited('main', 0)],
    });
    expect(stopped(input)).toEqual(['side-0']);
  });
});

describe('faults', () => {
  test.each<[string, Partial<ProbeResults>, string]>([
    ['liveness', { liveness: false }, 'Container main failed liveness probe, will be restarted'],
    ['startup', { startup: false }, 'Container main failed startup probe, will be restarted'],
  ])('a failed %s probe stops the container', (_kind, results, message) => {
    const input = snapshot({ containers: [view('main')], probes: probes('main-0', results) });
    expect(computePodActions(input).stop).toEqual([
      { containerId: 'main-0', name: 'main', message, graceSeconds: undefined },
    ]);
  });

  test('the grace period of the probe wins', () => {
    const containers = [container('main', { livenessProbe: { terminationGracePeriodSeconds: 3 } })];
    const input = snapshot({
      pod: pod({ containers }),
      containers: [view('main')],
      probes: probes('main-0', { liveness: false }),
    });
    expect(computePodActions(input).stop[0]?.graceSeconds).toBe(3);
  });

  test('a container that is being stopped is left alone', () => {
    const input = snapshot({
      containers: [view('main')],
      probes: probes('main-0', { liveness: false }),
      stopping: new Set(['main-0']),
    });
    expect(computePodActions(input)).toMatchObject({ stop: [], start: [], ending: false });
  });

  test('a failed readiness probe stops nothing', () => {
    const unready = probes('main-0', { readiness: false });
    expect(stopped(snapshot({ containers: [view('main')], probes: unready }))).toEqual([]);
  });

  test('a new image restarts the container', () => {
    const containers = [container('main', { image: 'new' })];
    const input = snapshot({
      pod: pod({ containers }),
      containers: [view('main', { image: 'old' })],
    });
    expect(computePodActions(input).stop[0]?.message).toBe(
      'Container main definition changed, will be restarted',
    );
  });
});

describe('the end', () => {
  const deleted = pod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' });

  test('deletion stops the containers, then the sandbox, then nothing is left', () => {
    const running = snapshot({ pod: deleted, containers: [view('main')] });
    expect(computePodActions(running)).toMatchObject({ ending: true, ended: false });
    expect(computePodActions(running).stop[0]?.message).toBe('Stopping container main');
    const quiet = snapshot({ pod: deleted, containers: [exited('main', 0)] });
    expect(computePodActions(quiet)).toMatchObject({ stopSandboxes: ['s'], ended: false });
    const over = { ...quiet, sandboxes: [{ ...UP, ready: false }] };
    expect(computePodActions(over)).toMatchObject({ stopSandboxes: [], ended: true });
  });

  test('a deleted pod that never ran is over at once', () => {
    expect(computePodActions(snapshot({ pod: deleted, sandboxes: [] })).ended).toBe(true);
  });

  test('an object that is gone means no grace, for sidecars too', () => {
    const initContainers = [sidecar('side')];
    const input = snapshot({
      pod: pod({ initContainers }),
      containers: [view('main'), view('side')],
      gone: true,
    });
    const { stop } = computePodActions(input);
    expect(stop.map(({ graceSeconds }) => graceSeconds)).toEqual([0, 0]);
  });

  test('a verdict ends the pod; a final phase is final', () => {
    const verdict = { reason: 'DeadlineExceeded', message: 'late' };
    expect(stopped(snapshot({ containers: [view('main')], verdict }))).toEqual(['main-0']);
    const failed = { ...pod(), status: { phase: 'Failed' } };
    expect(computePodActions(snapshot({ pod: failed, sandboxes: [] })).createSandbox).toBe(false);
  });

  test('the deadline of the pod wakes the worker', () => {
    const late = {
      ...pod({ activeDeadlineSeconds: 5 }),
      status: { startTime: '2026-01-01T00:00:00Z' },
    };
    const input = snapshot({ pod: late, containers: [view('main')] });
    expect(computePodActions(input).wakeAtMs).toBe(NOW + 5000);
  });
});

test('a postStart hook holds up the containers after it', () => {
  const containers = [container('a'), container('b')];
  const input = snapshot({
    pod: pod({ containers }),
    containers: [view('a')],
    hooking: new Set(['a-0']),
  });
  expect(started(input)).toEqual([]);
  expect(started({ ...input, hooking: new Set() })).toEqual(['b#0']);
});
