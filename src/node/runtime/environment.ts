// The environment of a container's programs: what the pod says, and what any runtime adds.
import { readText } from './process-identity.ts';
import type { ContainerConfig } from './runtime.ts';

/** Where programs are looked for when the container sets no PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Command prefix that runs the words after it with exactly the container's variables, the usual
 * defaults for absent ones (PATH, HOME, TERM) and those in `added`, which pods may override.
 */
export function environmentCommand(
  config: ContainerConfig,
  added: Readonly<Record<string, string>> = {},
): string[] {
  const variables = {
    PATH: DEFAULT_PATH,
    HOME: homeDirectory(readText('/etc/passwd'), config.user.uid),
    ...(config.tty ? { TERM: 'xterm' } : {}),
    ...added,
    ...Object.fromEntries(config.env.map(({ name, value }) => [name, value])),
  };
  return ['env', '-i', ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
}

/** Command prefix that runs the words after it in `dir`; commands start in `/`. */
export function directoryCommand(dir: string | undefined): string[] {
  if (dir === undefined || dir === '/') return [];
  return ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'exec', dir];
}

/**
 * Command prefix that puts a pipe of the container's user between us and the program's stdin: what
 * Node gives a child is a socket, which can't be opened as /dev/stdin. The `cat` in it is not
 * waited for, so a program may end before its input does.
 */
export function inputCommand(): string[] {
  const script = 'exec 3<&0; { cat <&3 3<&- & } | { exec 3<&-; exec "$@"; }';
  return ['sh', '-c', script, 'input'];
}

/** The PATH that the container's programs have. */
export function searchPath(config: ContainerConfig): string {
  return config.env.findLast(({ name }) => name === 'PATH')?.value ?? DEFAULT_PATH;
}

/** Home directory that a passwd file gives `uid`, `/` if none. */
export function homeDirectory(passwd: string, uid: number): string {
  const entry = passwd.split('\n').find((line) => line.split(':')[2] === `${uid}`);
  return entry?.split(':')[5] || '/';
}
