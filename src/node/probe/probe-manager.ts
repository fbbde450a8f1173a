// Keeps the probe workers of all running containers and their results.
import type { Container, Pod, Probe } from '../../api/generated/types.ts';
import { uidOf } from '../../api/meta/object.ts';
import type { ProbeResults } from '../plan/pod-snapshot.ts';
import type { PodEvents } from '../pod-events.ts';
import { ProbeWorker } from './probe-worker.ts';
import type { ProbeKind } from './probe-worker.ts';
import { runProbe } from './run-probe.ts';
import type { ProbeTools } from './run-probe.ts';

export interface ProbedContainer {
  readonly container: Container;
  readonly containerId: string;
  readonly startedAtMs: number;
}

export interface ProbeManager {
  /**
   * Makes the probes of the pod fit what runs of it now. While it ends only readiness is probed.
   */
  sync(
    pod: Pod,
    running: readonly ProbedContainer[],
    options: { podIP: string; ending: boolean },
  ): void;
  /** Results of the pod's containers, by container id. */
  results(podUid: string): ReadonlyMap<string, ProbeResults>;
  /** Results known from before a restart of the agent, for a container that goes on running. */
  seed(podUid: string, containerId: string, results: Partial<ProbeResults>): void;
  /** Stops all probes of the pod and forgets their results. */
  remove(podUid: string): void;
}

export interface ProbeManagerOptions extends ProbeTools {
  readonly events: PodEvents;
  /** A result has changed: the pod wants a look. */
  onResult(podUid: string): void;
}

interface Entry {
  readonly results: Record<ProbeKind, boolean | undefined>;
  readonly workers: Map<ProbeKind, ProbeWorker>;
}

const TITLES: Record<ProbeKind, string> = {
  startup: 'Startup',
  liveness: 'Liveness',
  readiness: 'Readiness',
};

function probesOf(container: Container): Record<ProbeKind, Probe | undefined> {
  return {
    startup: container.startupProbe,
    liveness: container.livenessProbe,
    readiness: container.readinessProbe,
  };
}

export function createProbeManager(options: ProbeManagerOptions): ProbeManager {
  const pods = new Map<string, Map<string, Entry>>();
  const entryOf = (podUid: string, containerId: string): Entry => {
    const containers = pods.get(podUid) ?? new Map<string, Entry>();
    pods.set(podUid, containers);
    const results = { startup: undefined, liveness: undefined, readiness: undefined };
    const entry = containers.get(containerId) ?? { results, workers: new Map() };
    containers.set(containerId, entry);
    return entry;
  };
  return {
    sync(pod, running, { podIP, ending }) {
      const containers = pods.get(uidOf(pod));
      for (const [id, entry] of containers ?? []) {
        if (running.some(({ containerId }) => containerId === id)) continue;
        stopWorkers(entry, KINDS);
        containers?.delete(id);
      }
      for (const probed of running) {
        const entry = entryOf(uidOf(pod), probed.containerId);
        if (ending) stopWorkers(entry, ['startup', 'liveness']);
        startWorkers({ options, pod, probed, podIP, entry, ending });
      }
    },
    results(podUid) {
      const containers = pods.get(podUid) ?? new Map<string, Entry>();
      return new Map([...containers].map(([id, { results }]) => [id, results]));
    },
    seed(podUid, containerId, results) {
      Object.assign(entryOf(podUid, containerId).results, results);
    },
    remove(podUid) {
      for (const entry of pods.get(podUid)?.values() ?? []) stopWorkers(entry, KINDS);
      pods.delete(podUid);
    },
  };
}

const KINDS: readonly ProbeKind[] = ['startup', 'liveness', 'readiness'];

function stopWorkers(entry: Entry, kinds: readonly ProbeKind[]): void {
  for (const kind of kinds) {
    entry.workers.get(kind)?.stop();
    entry.workers.delete(kind);
  }
}

interface StartInput {
  readonly options: ProbeManagerOptions;
  readonly pod: Pod;
  readonly probed: ProbedContainer;
  readonly podIP: string;
  readonly entry: Entry;
  readonly ending: boolean;
}

/** Liveness and readiness wait until the startup probe has succeeded. */
function startWorkers(input: StartInput): void {
  const { entry, probed, ending } = input;
  const probes = probesOf(probed.container);
  const started = probes.startup === undefined || entry.results.startup === true;
  for (const kind of KINDS) {
    const probe = probes[kind];
    const wanted = kind === 'startup' ? entry.results.startup === undefined : started;
    const allowed = !ending || kind === 'readiness';
    if (probe === undefined || !wanted || !allowed || entry.workers.has(kind)) continue;
    const worker = makeWorker(input, kind, probe);
    entry.workers.set(kind, worker);
    worker.start();
  }
}

function makeWorker(input: StartInput, kind: ProbeKind, probe: Probe): ProbeWorker {
  const { options, pod, probed, podIP, entry } = input;
  const { container, containerId, startedAtMs } = probed;
  return new ProbeWorker(
    {
      kind,
      probe,
      clock: options.clock,
      startedAtMs,
      run: () => runProbe(options, { container, containerId, podIP }, probe),
      onFailure(output) {
        const message = `${TITLES[kind]} probe failed: ${output}`;
        options.events.about(pod, container.name).warning('Unhealthy', message);
      },
      onResult(success) {
        entry.results[kind] = success;
        options.onResult(uidOf(pod));
      },
    },
    entry.results[kind],
  );
}
