// Output pipes for exec'd programs. Node connects children through sockets, which can't be opened
// again: `echo x > /dev/stderr` would fail. FIFOs can; making one costs a process, so they are made
// in batches and used again.
import { constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { runOrThrow, type CommandRunner } from './command-runner.ts';

const BATCH_SIZE = 12;
const { O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;

/** The child's end as a descriptor, ours as a stream. */
export interface ExecPipe {
  /** Close it once the child has been started. */
  readonly childFd: number;
  readonly stream: Socket;
}

export class ExecPipes {
  readonly #dir: string;
  readonly #runner: CommandRunner;
  #free: string[] = [];
  #made = 0;
  #making: Promise<void> | undefined;

  /** `dir` is emptied: what an earlier agent used there is of no use any more. */
  constructor(dir: string, runner: CommandRunner) {
    this.#dir = dir;
    this.#runner = runner;
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { mode: 0o711 });
  }

  /**
   * A pipe to read from what the child writes. Throws OrdinalError `ORD_EXEC` when no pipe can be
   * made.
   */
  async open(): Promise<ExecPipe> {
    const path = await this.#take();
    const ours = openSync(path, O_RDONLY | O_NONBLOCK);
    const childFd = openSync(path, O_WRONLY);
    const stream = new Socket({ fd: ours, readable: true, writable: false });
    stream.once('close', () => this.#giveBack(path, stream.readableEnded));
    return { childFd, stream };
  }

  async #take(): Promise<string> {
    for (;;) {
      const path = this.#free.pop();
      if (path !== undefined) return path;
      this.#making ??= this.#make().finally(() => (this.#making = undefined));
      await this.#making;
    }
  }

  async #make(): Promise<void> {
    const numbers = Array.from({ length: BATCH_SIZE }, () => this.#made++);
    const paths = numbers.map((number) => join(this.#dir, `${number}`));
    await runOrThrow(this.#runner, ['mkfifo', '-m', '666', ...paths], {
      code: 'ORD_EXEC',
      what: "can't make pipes",
    });
    this.#free.push(...paths);
  }

  /** Only a pipe that was read to its end has no writer left. */
  #giveBack(path: string, drained: boolean): void {
    if (drained) this.#free.push(path);
    else rmSync(path, { force: true });
  }
}
