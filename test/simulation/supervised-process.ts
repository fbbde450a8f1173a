// A program that is started again whenever it dies.
import type { Timer } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { seededRandom } from '../../src/base/random.ts';
import type { Client } from '../../src/client/client.ts';
import { createClient } from '../../src/client/create-client.ts';
import type { Link } from './link.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { World } from './world.ts';

/** What a program is given in each of its lives. */
export interface ProgramContext {
  readonly process: SimulatedProcess;
  readonly client: Client;
  readonly random: Random;
  /** Number of the life, from 0. */
  readonly life: number;
}

/** Starts; the result, if any, is called at the end of the life. */
export type Program = (context: ProgramContext) => (() => void) | void;

export interface SupervisedOptions {
  readonly world: World;
  readonly name: string;
  readonly link: Link;
  readonly random: Random;
  readonly program: Program;
}

const RESTART_MS = 200;

export class SupervisedProcess {
  readonly name: string;
  readonly link: Link;
  readonly #options: SupervisedOptions;
  #process: SimulatedProcess | undefined;
  #onEnd: (() => void) | void = undefined;
  #lives = 0;
  #restart: Timer | undefined;
  /** Counted down by effects; at 0 the process dies. */
  effectsToLive = Number.POSITIVE_INFINITY;
  skewMs = 0;

  constructor(options: SupervisedOptions) {
    this.#options = options;
    this.name = options.name;
    this.link = options.link;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  start(): void {
    if (this.#process) return;
    const { world, name, link, random, program } = this.#options;
    const process = new SimulatedProcess(world, name);
    process.skewMs = this.skewMs;
    this.#process = process;
    world.log(name, 'started');
    const client = createClient(link.transportFor(process));
    const own = seededRandom(random.integer(2 ** 31));
    this.#onEnd = program({ process, client, random: own, life: this.#lives++ });
  }

  /** Dies for good. */
  kill(): void {
    this.#restart?.cancel();
    if (!this.#process) return;
    this.#options.world.log(this.name, 'killed');
    this.#process.kill();
    this.#process = undefined;
    this.effectsToLive = Number.POSITIVE_INFINITY;
    this.link.resetWatches();
    this.#onEnd?.();
    this.#onEnd = undefined;
  }

  /** Dies and is started again after a while. */
  crash(downMs = 0): void {
    this.kill();
    const { world, random } = this.#options;
    const delayMs = RESTART_MS + random.integer(RESTART_MS) + downMs;
    this.#restart = world.schedule(delayMs, () => this.start());
  }

  freeze(durationMs: number): void {
    this.#options.world.log(this.name, `frozen for ${durationMs} ms`);
    this.#process?.freeze(durationMs);
  }

  /** Moves the wall clock of the process. */
  jump(skewMs: number): void {
    this.skewMs = skewMs;
    if (this.#process) this.#process.skewMs = skewMs;
    this.#options.world.log(this.name, `clock off by ${skewMs} ms`);
  }

  /** One effect has happened; the answer never arrives if it was the last. */
  countEffect(): void {
    this.effectsToLive--;
    if (this.effectsToLive <= 0) this.crash();
  }
}
