// Group commit: items of one turn of the event loop, and those that arrive while a group is being
// committed, form the next group. One group at a time.

export interface CommitQueueOptions<Item> {
  /** Makes the group durable; rejects when nothing of it was. */
  commit: (group: readonly Item[]) => Promise<void>;
  /** Told of a group once it is durable. Must not throw. */
  publish: (group: readonly Item[]) => void;
  /** Told of all items that are lost by a failed commit: its group and those waiting behind it. */
  fail: (items: readonly Item[], error: unknown) => void;
  /** Resolves when the items that belong together have been added. */
  nextTurn: () => Promise<void>;
}

/** The next turn of the event loop. */
export function nextEventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class CommitQueue<Item> {
  readonly #options: CommitQueueOptions<Item>;
  #waiting: Item[] = [];
  #running: Promise<void> | undefined;

  constructor(options: CommitQueueOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is waiting or being committed. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#options.nextTurn();
      const group = this.#waiting;
      this.#waiting = [];
      await this.#commit(group);
    }
    this.#running = undefined;
  }

  async #commit(group: readonly Item[]): Promise<void> {
    const failure = await this.#options.commit(group).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (!failure) return this.#options.publish(group);
    // What waits was decided on top of the lost group, so it is lost too.
    const lost = [...group, ...this.#waiting];
    this.#waiting = [];
    this.#options.fail(lost, failure.error);
  }
}
