// Measures what this node and the containers on it use, for metrics.k8s.io. Nothing runs by itself:
// whoever asks makes a measurement, and processor time is the mean since one that was made at least
// ten seconds before, or since the start of the container or the machine.
import os from 'node:os';
import type { Clock } from '../base/clock.ts';
import { errorMessage } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { NodeUsage, PodUsage, Usage } from './node-connection.ts';
import type { ContainerRuntime, ContainerStatus } from './runtime/runtime.ts';

/** Shorter windows say little about the use of processors. */
const WINDOW_MS_MIN = 10_000;
/** Figures this young are good enough: measuring reads all of /proc for each container. */
const REUSE_MS_MAX = 1000;
const NANOS_PER_MS = 1_000_000;
const MS_PER_SECOND = 1000;

export interface UsageMeterOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Sample {
  readonly atMs: number;
  /** Processor time used since some start, in nanoseconds. */
  readonly cpuNanoseconds: number;
}

/** Samples of one measurement by container id; that of the machine has the id ''. */
type Samples = ReadonlyMap<string, Sample>;

const MACHINE = '';

/** Remembers two earlier measurements; asking at the same time shares one. */
export class UsageMeter {
  readonly #options: UsageMeterOptions;
  #base: Samples = new Map();
  #latest: { readonly atMs: number; readonly samples: Samples } | undefined;
  #measuring: Promise<NodeUsage> | undefined;
  #last: { readonly atMs: number; readonly usage: NodeUsage } | undefined;

  constructor(options: UsageMeterOptions) {
    this.#options = options;
  }

  /** Figures that are at most a second old. */
  async usage(): Promise<NodeUsage> {
    const nowMs = this.#options.clock.now();
    if (this.#last && nowMs - this.#last.atMs < REUSE_MS_MAX) return this.#last.usage;
    this.#measuring ??= this.#measure(nowMs).finally(() => (this.#measuring = undefined));
    return this.#measuring;
  }

  async #measure(nowMs: number): Promise<NodeUsage> {
    const samples = new Map<string, Sample>();
    if (!this.#latest || nowMs - this.#latest.atMs >= WINDOW_MS_MIN) {
      this.#base = this.#latest?.samples ?? this.#base;
      this.#latest = { atMs: nowMs, samples };
    }
    const node = this.#figures(
      samples,
      { id: MACHINE, startedAtMs: nowMs - os.uptime() * 1000 },
      {
        cpuNanoseconds: machineCpuNanoseconds(),
        memoryBytes: os.totalmem() - os.freemem(),
      },
    );
    const pods = await this.#pods(samples);
    const usage = { node, pods };
    this.#last = { atMs: nowMs, usage };
    return usage;
  }

  async #pods(samples: Map<string, Sample>): Promise<PodUsage[]> {
    const { runtime } = this.#options;
    const containers = runtime.listContainers().filter(({ state }) => state === 'running');
    const pods: PodUsage[] = [];
    for (const { id, namespace, name, ready } of runtime.listPodSandboxes()) {
      if (!ready) continue;
      const figures = [];
      for (const container of containers) {
        if (container.sandboxId !== id) continue;
        const usage = await this.#container(samples, container);
        if (usage) figures.push({ name: container.name, ...usage });
      }
      pods.push({ namespace, name, containers: figures });
    }
    return pods;
  }

  /** Undefined when it has ended meanwhile. */
  async #container(
    samples: Map<string, Sample>,
    { id, startedAtMs }: ContainerStatus,
  ): Promise<Usage | undefined> {
    const { runtime, clock, logger } = this.#options;
    // One container's figures take a moment: others get their turn in between.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    try {
      const stats = await runtime.containerStats(id);
      return this.#figures(samples, { id, startedAtMs: startedAtMs ?? clock.now() }, stats);
    } catch (error) {
      logger.debug('container not measured', { container: id, error: errorMessage(error) });
      return undefined;
    }
  }

  #figures(
    samples: Map<string, Sample>,
    { id, startedAtMs }: { id: string; startedAtMs: number },
    { cpuNanoseconds, memoryBytes }: { cpuNanoseconds: number; memoryBytes: number },
  ): Usage {
    const atMs = this.#options.clock.now();
    samples.set(id, { atMs, cpuNanoseconds });
    const base = this.#base.get(id) ?? { atMs: startedAtMs, cpuNanoseconds: 0 };
    const windowMs = Math.max(Math.round(atMs - base.atMs), 1);
    // What ended processes used may be missing from the sum: it never counts backwards for us.
    const used = Math.max(cpuNanoseconds - base.cpuNanoseconds, 0);
    const cpuNanoCores = Math.round((used / windowMs) * MS_PER_SECOND);
    return { atMs, windowMs, cpuNanoCores, cpuNanoseconds, startedAtMs, memoryBytes };
  }
}

/** Processor time that was not idle, since the start of the machine. */
function machineCpuNanoseconds(): number {
  const busyMs = os
    .cpus()
    .map(({ times }) => times.user + times.nice + times.sys + times.irq)
    .reduce((sum, ms) => sum + ms, 0);
  return busyMs * NANOS_PER_MS;
}
