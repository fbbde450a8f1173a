// A terminal for commands that want one: script(1) of util-linux makes it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { follow, type Following } from './kubectl.ts';
import { until } from './until.ts';

interface Size {
  readonly rows: number;
  readonly cols: number;
}

export interface Terminal {
  readonly following: Following;
  /** Another size, as when a window is dragged. */
  resize(size: Size): void;
  /** Types a text. */
  type(text: string): void;
  /** Waits for a text on the screen. */
  shows(text: string | RegExp): Promise<void>;
  /** Its exit code. */
  ended(): Promise<number>;
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
const stty = ({ rows, cols }: Size) => `stty rows ${rows} cols ${cols}`;

/** Runs a command in a terminal of a size; `directory` is for files of ours. */
export function inTerminal(
  argv: readonly string[],
  { env, directory, ...size }: Size & { env: Record<string, string>; directory: string },
): Terminal {
  const wanted = join(directory, `size-${argv.length}-${performance.now()}`);
  // Whoever has the terminal may change its size; the file is the sign that it is to.
  const resizer = `while [ ! -e ${wanted} ]; do sleep 0.05; done; sh ${wanted} </dev/tty`;
  const script = `${stty(size)}; (${resizer}) & exec ${argv.map(quote).join(' ')}`;
  const following = follow(['script', '-qec', script, '/dev/null'], { ...env, SHELL: '/bin/sh' });
  return {
    following,
    resize: (newSize) => writeFileSync(wanted, stty(newSize)),
    type: (text) => void following.child.stdin.write(text),
    async shows(text) {
      const isThere = () =>
        typeof text === 'string'
          ? following.output().includes(text)
          : text.test(following.output());
      await until(`the terminal shows ${String(text)}`, isThere, {
        show: () => following.output(),
      });
    },
    async ended() {
      await until('the command has ended', () => following.child.exitCode !== null, {
        show: () => following.output(),
      });
      // Lets the waiter go that was never told of a size.
      writeFileSync(wanted, '');
      return following.child.exitCode ?? -1;
    },
  };
}
