// Breadth-first search through all states of a small world; the shortest way to a broken rule, and
// every state from which the goal can not be reached any more.
import { plan } from '../../src/controllers/statefulset/plan/plan.ts';
import type { Configuration } from './configuration.ts';
import { createDecider, type Decider, type Planner } from './decision.ts';
import { brokenByDecision, brokenByState } from './rules.ts';
import { isAtRest, nextSteps } from './steps.ts';
import { waitsForUser } from './stuck.ts';
import { beginning, decode, encode, type World } from './world.ts';

export interface Violation {
  readonly rule: string;
  /** The shortest way there. */
  readonly steps: readonly string[];
}

export interface SearchResult {
  readonly states: number;
  readonly edges: number;
  /** States in which everything is as wished. */
  readonly goals: number;
  /** The first broken rule; the search ends there. */
  readonly violation: Violation | undefined;
  /** States that can't reach a goal by fair steps, all of them by the rules. */
  readonly stuck: number;
  /** Of these, the dead ends (or circles), by rule. */
  readonly deadEnds: ReadonlyMap<string, number>;
}

/** Searches all of it, or up to the first broken rule. */
export function search(configuration: Configuration, planner: Planner = plan): SearchResult {
  return new Search(configuration, planner).run();
}

class Search {
  readonly #configuration: Configuration;
  readonly #decider: Decider;
  readonly #indexes = new Map<string, number>();
  readonly #texts: string[] = [];
  /** Of each state: the state it was found from, and the step. */
  readonly #parents: number[] = [];
  readonly #labels: string[] = [];
  readonly #fairFrom: number[] = [];
  readonly #fairTo: number[] = [];
  readonly #goals: number[] = [];
  readonly #deadEnds = new Map<string, number>();
  #edges = 0;
  #broken: string | undefined;
  #violation: Violation | undefined;

  constructor(configuration: Configuration, planner: Planner) {
    this.#configuration = configuration;
    this.#decider = createDecider(configuration, planner, (view, decision) => {
      this.#broken ??= brokenByDecision(configuration, view, decision);
    });
  }

  run(): SearchResult {
    this.#add(beginning(this.#configuration), -1, '');
    for (let index = 0; index < this.#texts.length && !this.#violation; index++) {
      this.#expand(index);
    }
    const stuck = this.#violation ? 0 : this.#checkStuck();
    return {
      states: this.#texts.length,
      edges: this.#edges,
      goals: this.#goals.length,
      violation: this.#violation,
      stuck,
      deadEnds: this.#deadEnds,
    };
  }

  /** Number of the state, which may be new. */
  #add(world: World, parent: number, label: string): number {
    const text = encode(world);
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    const index = this.#texts.push(text) - 1;
    this.#indexes.set(text, index);
    this.#parents.push(parent);
    this.#labels.push(label);
    const broken = brokenByState(this.#configuration, world);
    if (broken !== undefined) this.#violate(broken, index);
    return index;
  }

  #expand(index: number): void {
    const world = decode(this.#texts[index] ?? '', this.#configuration);
    const steps = nextSteps(world, this.#configuration, this.#decider);
    if (this.#broken !== undefined) return this.#violate(this.#broken, index);
    const atRest = isAtRest(world, this.#configuration, this.#decider);
    if (atRest) this.#goals.push(index);
    for (const { kind, label, next, broken } of steps) {
      const target = this.#add(next, index, label);
      this.#edges++;
      if (broken !== undefined) return this.#violate(broken, target);
      if (kind !== 'fair') continue;
      if (atRest) return this.#violate('at rest, and yet something goes on', target);
      this.#fairFrom.push(index);
      this.#fairTo.push(target);
    }
  }

  #violate(rule: string, index: number): void {
    this.#violation ??= { rule, steps: this.#wayTo(index) };
  }

  #wayTo(index: number): string[] {
    const steps: string[] = [];
    for (let at = index; at > 0; at = this.#parents[at] ?? 0) steps.push(this.#labels[at] ?? '');
    return steps.reverse();
  }

  /**
   * Backwards from the goals along fair steps: what is not met is stuck. It must lead to dead ends
   * that the rules know, and all dead ends that the rules know must be stuck.
   */
  #checkStuck(): number {
    const count = this.#texts.length;
    const fair = { from: this.#fairFrom, to: this.#fairTo };
    const alive = reachedBackwards(count, this.#goals, fair);
    const moving = new Uint8Array(count);
    for (const from of fair.from) moving[from] = 1;
    const ends: number[] = [];
    let stuck = 0;
    for (let index = 0; index < count; index++) {
      if (alive[index] === 0) stuck++;
      if (moving[index] === 0 && alive[index] === 0) ends.push(index);
      this.#checkEnd(index, { isStuck: alive[index] === 0, moves: moving[index] === 1 });
    }
    const ending = reachedBackwards(count, ends, fair);
    const endless = ending.findIndex((reached, index) => reached === 0 && alive[index] === 0);
    if (endless >= 0) this.#violate('liveness: turns in circles for ever', endless);
    return stuck;
  }

  #checkEnd(index: number, { isStuck, moves }: { isStuck: boolean; moves: boolean }): void {
    const world = decode(this.#texts[index] ?? '', this.#configuration);
    const rule = waitsForUser(this.#configuration, world);
    if (rule !== undefined) {
      if (!isStuck) this.#violate(`${rule}: goes on, and must not`, index);
      if (!moves) this.#deadEnds.set(rule, (this.#deadEnds.get(rule) ?? 0) + 1);
    } else if (isStuck && !moves) this.#violate('liveness: nothing goes on', index);
  }
}

function reachedBackwards(
  count: number,
  goals: readonly number[],
  { from, to }: { from: readonly number[]; to: readonly number[] },
): Uint8Array {
  // Edges sorted by target: those to n are offsets[n] … offsets[n + 1].
  const offsets = new Int32Array(count + 1);
  for (const target of to) offsets[target + 1] = (offsets[target + 1] ?? 0) + 1;
  for (let n = 0; n < count; n++) offsets[n + 1] = (offsets[n + 1] ?? 0) + (offsets[n] ?? 0);
  const next = offsets.slice();
  const sources = new Int32Array(to.length);
  for (const [edge, target] of to.entries()) {
    const position = next[target] ?? 0;
    sources[position] = from[edge] ?? 0;
    next[target] = position + 1;
  }
  const reached = new Uint8Array(count);
  const queue = [...goals];
  for (const goal of goals) reached[goal] = 1;
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (let edge = offsets[state] ?? 0; edge < (offsets[state + 1] ?? 0); edge++) {
      const source = sources[edge] ?? 0;
      if (reached[source] === 1) continue;
      reached[source] = 1;
      queue.push(source);
    }
  }
  return reached;
}
