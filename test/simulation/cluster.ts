// The simulated machines and what runs on them: one place that joins them.
import { seededRandom, type Random } from '../../src/base/random.ts';
import { EngineAudit } from './engine-audit.ts';
import { engineProgram } from './engine-process.ts';
import { History } from './history.ts';
import { Link, type LinkOptions } from './link.ts';
import { managerProgram } from './manager-process.ts';
import { RolloutBudget } from './rollout-budget.ts';
import { requestOf, type PlantedBug } from './planted-bugs.ts';
import { Reality } from './reality.ts';
import type { Scenario } from './scenario.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { nodeProgram, PodMoods } from './simulated-node.ts';
import { SimulatedServer } from './simulated-server.ts';
import { SupervisedProcess, type Program } from './supervised-process.ts';
import { Users } from './users.ts';
import { World } from './world.ts';
import { watchCollector } from './collector-rules.ts';

type LinkHooks = Pick<LinkOptions, 'onEffect' | 'onSend' | 'onReply' | 'losesEvents'>;

export class Cluster {
  readonly world = new World();
  readonly history = new History(this.world);
  readonly reality = new Reality(this.world);
  readonly moods = new PodMoods();
  readonly disk: SimulatedDisk;
  readonly server: SimulatedServer;
  readonly users: Users;
  /** Two instances; the second runs only with leader election, or for a time. */
  readonly engines: readonly [SupervisedProcess, SupervisedProcess];
  readonly audits: readonly EngineAudit[];
  readonly manager: SupervisedProcess;
  readonly nodes: readonly SupervisedProcess[];
  readonly scenario: Scenario;
  readonly #random: Random;
  /** Write points of the disk until the server dies; infinite: it doesn't. */
  writesToLive = Number.POSITIVE_INFINITY;

  constructor(scenario: Scenario, bug: PlantedBug | undefined) {
    this.scenario = scenario;
    const { world, history } = this;
    this.#random = seededRandom(scenario.seed ^ 0x5eed);
    const { emulatedVersion, maxUnavailable, historyLimit } = scenario;
    const featureGates = new Map([
      ['MaxUnavailableStatefulSet', maxUnavailable],
      ['StatefulSetRecreateStrategy', scenario.recreate],
    ]);
    this.disk = new SimulatedDisk({
      world,
      random: this.#fork(),
      crashesAt: () => --this.writesToLive <= 0,
      onCrash: () => this.crashServer(),
      forgetsSyncs: bug === 'forgets-syncs',
    });
    this.server = new SimulatedServer({
      world,
      random: this.#fork(),
      history,
      disk: this.disk,
      historyLimit,
      emulatedVersion,
      featureGates,
    });
    this.users = new Users(world, this.#link('kubectl'));
    this.manager = this.#createManager(managerProgram({ world, emulatedVersion, featureGates }));
    const rollouts = new RolloutBudget({ world, history });
    this.audits = ['engine-a', 'engine-b'].map((name) => new EngineAudit(world, name, rollouts));
    this.engines = [this.#createEngine(0, bug), this.#createEngine(1, bug)];
    const names = Array.from({ length: scenario.nodeCount }, (_, index) => `node-${index}`);
    this.nodes = names.map((name) => this.#createNode(name));
  }

  /** Everything that can be killed, by name. */
  get processes(): readonly SupervisedProcess[] {
    return [...this.engines, this.manager, ...this.nodes];
  }

  /** Begins with an empty disk. */
  async start(): Promise<void> {
    const { world } = this;
    await withWorld(world, this.server.start());
    await withWorld(world, this.users.prepare());
    for (const node of this.nodes) node.start();
    this.manager.start();
    this.engines[0].start();
    if (this.scenario.leaderElection) this.engines[1].start();
  }

  crashServer(): void {
    this.writesToLive = Number.POSITIVE_INFINITY;
    this.server.crash();
  }

  /** Ends all faults: from here on everything must come right by itself. */
  heal(): void {
    this.world.log('world', 'faults end');
    this.writesToLive = Number.POSITIVE_INFINITY;
    this.disk.full = false;
    this.disk.syncMs = 3;
    for (const process of this.processes) {
      process.link.heal();
      process.effectsToLive = Number.POSITIVE_INFINITY;
      process.jump(0);
      process.freeze(0);
    }
    for (const process of [this.manager, ...this.nodes, this.engines[0]]) process.start();
    if (this.scenario.leaderElection) this.engines[1].start();
    else this.engines[1].kill();
    this.moods.heal();
  }

  #fork(): Random {
    return seededRandom(this.#random.integer(2 ** 31));
  }

  #link(userAgent: string, hooks: LinkHooks = {}): Link {
    const { world, server } = this;
    const { latencyMs } = this.scenario;
    return new Link({ world, server, random: this.#fork(), userAgent, latencyMs, ...hooks });
  }

  #createEngine(number: 0 | 1, bug: PlantedBug | undefined): SupervisedProcess {
    const { world, history } = this;
    const { emulatedVersion, maxUnavailable, recreate, leaderElection } = this.scenario;
    const audit = this.audits[number]!;
    const link = this.#link('kube-controller-manager', {
      ...(bug === 'loses-events' ? { losesEvents: 10 } : {}),
      onEffect(request, reply, alive) {
        audit.effect(request, reply, alive);
        if (alive) engine.countEffect();
      },
      onReply: (request, reply) => audit.reply(request, reply),
      onSend(request) {
        audit.send(request);
        return requestOf(request, bug);
      },
    });
    const options = { maxUnavailable, recreate, emulatedVersion };
    const program = engineProgram({
      world,
      history,
      audit,
      engine: options,
      leaderElection,
      bug,
      onLost: () => engine.crash(),
    });
    const engine = this.#supervise(`engine-${'ab'[number]}`, link, program);
    return engine;
  }

  #createManager(program: Program): SupervisedProcess {
    const { history, reality, world } = this;
    const collector = watchCollector({ history, reality, world });
    const link = this.#link('kube-controller-manager', {
      onEffect: (_request, _reply, alive) => void (alive && manager.countEffect()),
      onSend(request) {
        collector(request);
        return request;
      },
    });
    const manager = this.#supervise('manager', link, program);
    return manager;
  }

  #createNode(name: string): SupervisedProcess {
    const { world, reality, moods } = this;
    const { paceMs } = this.scenario;
    const program = nodeProgram({ world, reality, moods, nodeName: name, paceMs });
    return this.#supervise(name, this.#link('kubelet'), program);
  }

  #supervise(name: string, link: Link, program: Program): SupervisedProcess {
    return new SupervisedProcess({ world: this.world, name, link, random: this.#fork(), program });
  }
}

/** Runs the world until the promise has settled. */
async function withWorld<T>(world: World, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = () => void (isSettled = true);
  promise.then(done, done);
  await world.run(Number.POSITIVE_INFINITY, () => isSettled);
  return promise;
}
