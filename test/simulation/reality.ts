// What really runs, whatever the API believes: processes of pods on nodes and the volumes that
// they write to.
import type { World } from './world.ts';

export interface PodProcess {
  readonly podKey: string;
  readonly uid: string;
  readonly node: string;
  /** Names of the volumes that it writes to, by the keys of the claims. */
  readonly volumes: ReadonlyMap<string, string>;
}

export class Reality {
  readonly #world: World;
  readonly #processes = new Map<string, PodProcess>();
  /** Pods whose user, or the pod collector, has declared them dead (SS-949). */
  readonly #declaredDead = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  get processes(): ReadonlyMap<string, PodProcess> {
    return this.#processes;
  }

  /** Starts the process of a pod; checks that it is alone. */
  start(process: PodProcess): void {
    this.#world.log(process.node, `process of ${process.podKey} ${process.uid} starts`);
    this.#processes.set(process.uid, process);
    for (const other of this.#processes.values()) {
      if (other.uid === process.uid) continue;
      if (other.podKey === process.podKey && !this.#declaredDead.has(other.uid)) {
        const text = `${process.podKey} runs on ${other.node} and on ${process.node}`;
        this.#world.fail('oneProcessPerIdentity', text);
      }
      const shared = sharedVolume(process, other);
      if (shared !== undefined) {
        const text = `${other.podKey} and ${process.podKey} write to ${shared}`;
        this.#world.fail('oneWriterPerVolume', text);
      }
    }
  }

  end(uid: string): void {
    const process = this.#processes.get(uid);
    if (!process) return;
    this.#world.log(process.node, `process of ${process.podKey} ${uid} ends`);
    this.#processes.delete(uid);
  }

  /** The user says that whatever runs for this pod does not count. */
  declareDead(uid: string): void {
    this.#declaredDead.add(uid);
  }
}

/** Sets whose claims have the same names may share a claim (SS-219); nobody else may. */
function sharedVolume(a: PodProcess, b: PodProcess): string | undefined {
  for (const [claim, volume] of a.volumes) {
    for (const [otherClaim, other] of b.volumes) {
      if (volume === other && (claim !== otherClaim || a.podKey === b.podKey)) return volume;
    }
  }
  return undefined;
}
