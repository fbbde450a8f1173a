// Rollouts as users feel them: how many pods are really down at once because the engine has taken
// them for an update. Decisions are judged by what the engine saw; this is judged by what is.
import type { Pod, StatefulSet } from '../../src/api/generated/types.ts';
import { viewOf } from '../../src/apiserver/registry/stored-view.ts';
import { keyOf, nameOf, uidOf, type KubernetesObject } from '../../src/api/meta/object.ts';
import { pods } from '../../src/api/resources.ts';
import type { Decision } from './engine-audit.ts';
import type { History } from './history.ts';
import { isUp, maxUnavailable, ordinalOf } from './plan-rules.ts';
import type { World } from './world.ts';

interface Down {
  readonly podKey: string;
  readonly uid: string;
  readonly set: StatefulSet;
}

export class RolloutBudget {
  readonly #world: World;
  readonly #history: History;
  /** By the uid of the set. */
  readonly #downs = new Map<string, Map<string, Down>>();
  readonly #engines = new Set<string>();
  #isBlurred = false;

  constructor({ world, history }: { world: World; history: History }) {
    this.#world = world;
    this.#history = history;
    history.onEvent(({ previous }, resource) => {
      // Whoever came back has come back, whatever happens to it now.
      if (resource === pods && previous) this.#noteIfUp(viewOf<Pod>(previous).object);
    });
  }

  /** A life of an engine begins; two of them at once may take a pod each. */
  begin(engine: string): void {
    this.#engines.add(engine);
    if (this.#engines.size > 1) this.blur();
  }

  /** From here on nobody can tell who is to blame: a request of a dead engine has come through. */
  blur(): void {
    this.#isBlurred = true;
  }

  #noteIfUp(pod: Pod): void {
    for (const downs of this.#downs.values()) {
      const down = downs.get(nameOf(pod));
      if (!down || down.podKey !== keyOf(pod) || down.uid === uidOf(pod)) continue;
      if (isUp(pod, down.set, this.#world.nowMs)) downs.delete(nameOf(pod));
    }
  }

  /** The engine has deleted a pod. */
  deleted(pod: KubernetesObject, { snapshot, plan }: Decision): void {
    const seen = snapshot.pods.find((candidate) => uidOf(candidate) === uidOf(pod));
    const isUpdate = plan.stages.some(
      ({ step, tasks }) =>
        step === 'update' &&
        tasks.some(({ actions }) =>
          actions.some((action) => action.type === 'delete-pod' && action.name === nameOf(pod)),
        ),
    );
    const { set, nowMs, options } = snapshot;
    // What was down already costs nothing (SS-434, SS-456).
    if (!isUpdate || !seen || !isUp(seen, set, nowMs)) return;
    const downs = this.#downs.get(uidOf(set)) ?? new Map<string, Down>();
    this.#downs.set(
      uidOf(set),
      downs.set(nameOf(pod), { podKey: keyOf(pod), uid: uidOf(pod), set }),
    );
    const isBack = ({ podKey, uid }: Down) => {
      const current = this.#history.objects(pods).get(podKey);
      const latestMs = Math.max(nowMs, this.#world.nowMs);
      return current !== undefined && uidOf(current) !== uid && isUp(current, set, latestMs);
    };
    for (const [name, down] of downs) if (isBack(down)) downs.delete(name);
    const start = set.spec?.ordinals?.start ?? 0;
    const replicas = set.spec?.replicas ?? 1;
    const inRange = [...downs.keys()].filter((name) => {
      const slot = ordinalOf(name) - start;
      return slot >= 0 && slot < replicas;
    });
    // SS-431: without the gate Parallel looks only at what is above, so that a rollout which is
    // turned round in between takes one more, upstream's as ours.
    const isPromised = options.maxUnavailable || set.spec?.podManagementPolicy !== 'Parallel';
    const budget = options.maxUnavailable ? maxUnavailable(set, replicas) : 1;
    if (!isPromised || inRange.length <= budget || this.#isBlurred) return;
    const text = `${keyOf(set)}: ${inRange.join(', ')} are down for an update, of ${budget} allowed`;
    this.#world.fail('rolloutsKeepToBudget', text);
  }
}
