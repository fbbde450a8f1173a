// Collects the actions of one plan, container by container.
import type { Container } from '../../api/generated/types.ts';
import { NO_ACTIONS, earliest } from './pod-actions.ts';
import type { ContainerStart, ContainerStop, ContainerWait, PodActions } from './pod-actions.ts';
import { decideStart } from './plan-restart.ts';
import type { ContainerView, PodSnapshot } from './pod-snapshot.ts';

export class ActionList {
  readonly #snapshot: PodSnapshot;
  readonly #stop: ContainerStop[] = [];
  readonly #start: ContainerStart[] = [];
  readonly #waits: ContainerWait[] = [];
  #wakeAtMs: number | undefined;

  constructor(snapshot: PodSnapshot) {
    this.#snapshot = snapshot;
  }

  /** Starts the container now, or notes when it may be started. */
  start(container: Container): void {
    const decision = decideStart(this.#snapshot, container);
    if (decision.kind === 'start') this.#start.push(decision.start);
    if (decision.kind === 'wait') {
      this.#waits.push(decision.wait);
      this.wakeAt(decision.wait.untilMs);
    }
    if (decision.kind === 'later') this.wakeAt(decision.untilMs);
  }

  stop(running: ContainerView, message: string, graceSeconds?: number): void {
    const { id: containerId, name } = running;
    if (this.#snapshot.stopping.has(containerId)) return;
    this.#stop.push({ containerId, name, message, graceSeconds });
  }

  wakeAt(ms: number): void {
    this.#wakeAtMs = earliest(this.#wakeAtMs, ms);
  }

  actions(): PodActions {
    return {
      ...NO_ACTIONS,
      stop: this.#stop,
      start: this.#start,
      waits: this.#waits,
      wakeAtMs: this.#wakeAtMs,
    };
  }
}
