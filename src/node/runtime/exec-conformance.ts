// The part of runtime-conformance.ts about entering running containers.
import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readText } from './process-identity.ts';
import type { ExecSession } from './runtime.ts';
import {
  execOutput,
  logText,
  runToEnd,
  SERVER,
  shellContainer,
  waitFor,
  type RuntimeTestContext,
} from './runtime-test-kit.ts';

/** What a session writes from now on. */
function collected({ stdout, stderr }: ExecSession): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  return output;
}

/** Tests of exec and attach. */
export function execTests(context: RuntimeTestContext): void {
  const running = async (overrides = {}) => {
    const config = shellContainer(context.harness.dir, SERVER, overrides);
    const status = await context.runtime.startContainer(context.pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout').includes('up'));
    return status.id;
  };

  test('exec has streams of its own, the exit code and the container’s environment', async () => {
    const { runtime } = context;
    const id = await running({ env: [{ name: 'A', value: 'b' }], workingDir: '/usr' });
    const argv = ['sh', '-c', 'echo "$A $PWD"; echo oops >&2; exit 9'];
    const result = await runtime.execSync(id, argv, 10_000);
    expect(result).toEqual({
      exitCode: 9,
      stdout: Buffer.from('b /usr\n'),
      stderr: Buffer.from('oops\n'),
      timedOut: false,
    });
    const missing = runtime.execSync(id, ['no-such-program'], 10_000);
    await expect(missing).rejects.toThrow('exec: "no-such-program": executable file not found');
  });

  test('exec: /dev/stdin, /dev/stdout and /dev/stderr can be opened', async () => {
    const script = 'cat /dev/stdin | tee /dev/stderr >/dev/stdout; echo 2 >/dev/stderr';
    const argv = ['sh', '-c', script];
    const session = await context.runtime.exec(await running(), { argv, stdin: true, tty: false });
    const output = { stdout: '', stderr: '' };
    session.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    session.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    session.stdin?.end('1\n');
    expect(await session.exitCode).toBe(0);
    expect(output).toEqual({ stdout: '1\n', stderr: '1\n2\n' });
  });

  test('many execs at once and after each other', async () => {
    const { runtime } = context;
    const id = await running();
    for (let round = 0; round < 3; round++) {
      const numbers = Array.from({ length: 10 }, (_, index) => `${round}-${index}`);
      const outputs = numbers.map((number) => execOutput(runtime, id, `echo ${number}`));
      expect(await Promise.all(outputs)).toEqual(numbers.map((number) => `${number}\n`));
    }
  });

  test('exec: a program may end before its input', async () => {
    const argv = ['sh', '-c', 'exit 3'];
    const session = await context.runtime.exec(await running(), { argv, stdin: true, tty: false });
    session.stdout.resume();
    session.stderr?.resume();
    expect(await session.exitCode).toBe(3);
  });

  test('exec passes stdin to its end', async () => {
    const session = await context.runtime.exec(await running(), {
      argv: ['cat'],
      stdin: true,
      tty: false,
    });
    session.stdin?.end('x'.repeat(300_000));
    let bytes = 0;
    session.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
    expect(await session.exitCode).toBe(0);
    expect(bytes).toBe(300_000);
  });

  test('a command that takes too long is killed with its children', async () => {
    const { runtime } = context;
    const id = await running();
    const seconds = `1000.${id.replace(/\D/g, '')}`;
    const script = `sleep ${seconds} & echo started; wait`;
    const result = await runtime.execSync(id, ['sh', '-c', script], 300);
    expect(result.timedOut).toBe(true);
    expect(result.stdout.toString()).toBe('started\n');
    await waitFor('the end of its children', () => {
      const lines = readdirSync('/proc').map((name) => readText(`/proc/${name}/cmdline`));
      return !lines.includes(`sleep\0${seconds}\0`);
    });
  });

  test('exec with a terminal: a pts of the asked size and the exit code', async () => {
    const { runtime } = context;
    const session = await runtime.exec(await running(), {
      argv: ['sh', '-c', 'test -t 0 && until stty size | grep 33; do sleep 0.01; done; exit 5'],
      stdin: true,
      tty: true,
    });
    let output = '';
    session.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    session.resize(101, 33);
    expect(await session.exitCode).toBe(5);
    expect(output).toContain('33 101');
  });

  test('attach shows what comes from now on and writes to stdin', async () => {
    const { runtime, pod, harness } = context;
    const script = 'echo up; read line; echo "got $line"; echo err >&2; read line; exit 4';
    const config = shellContainer(harness.dir, script, { stdin: true });
    const { id } = await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    (await runtime.attach(id, { stdin: false })).kill();
    const session = await runtime.attach(id, { stdin: true });
    const output = collected(session);
    session.stdin?.write('hello\n');
    await waitFor('both outputs', () => output.stdout !== '' && output.stderr !== '');
    session.stdin?.write('end\n');
    expect(await session.exitCode).toBe(4);
    expect(output).toEqual({ stdout: 'got hello\n', stderr: 'err\n' });
  });

  test('the first to attach to a new container with stdin misses nothing', async () => {
    const { runtime, pod, harness } = context;
    const config = shellContainer(harness.dir, 'printf "up\\n$ "; read line', { stdin: true });
    const { id } = await runtime.startContainer(pod.id, config);
    await waitFor('the program', () => logText(config.logPath, 'stdout') === 'up\n');
    const session = await runtime.attach(id, { stdin: true });
    const output = collected(session);
    await waitFor('what came before', () => output.stdout === 'up\n$ ');
    session.stdin?.write('end\n');
    expect(await session.exitCode).toBe(0);
  });

  test('stdinOnce: stdin ends with the first client that had it', async () => {
    const { runtime, pod, harness } = context;
    const script = 'cat; echo "end of input"; while :; do sleep 0.01; done';
    const config = shellContainer(harness.dir, script, { stdin: true, stdinOnce: true });
    const { id } = await runtime.startContainer(pod.id, config);
    (await runtime.attach(id, { stdin: false })).kill();
    const first = await runtime.attach(id, { stdin: true });
    const output = collected(first);
    first.stdin?.end('typed\n');
    await waitFor('the end of input', () => output.stdout === 'typed\nend of input\n');
    first.kill();
    const second = await runtime.attach(id, { stdin: true });
    expect(second.stdin).toBeUndefined();
    second.kill();
  });

  test('stdinOnce: a container that nobody attached to ends and leaves nothing', async () => {
    const { runtime, pod, harness } = context;
    const input = { stdin: true, stdinOnce: true };
    const { status } = await runToEnd(runtime, pod, shellContainer(harness.dir, 'exit 7', input));
    expect(status.exitCode).toBe(7);
    const fifo = join(harness.stateDir, 'c', status.id, 'in');
    const open = () => openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
    await waitFor('the end of its reader', () => {
      try {
        closeSync(open());
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ENXIO';
      }
    });
  });

  test('a container with a terminal', async () => {
    const { runtime, pod, harness } = context;
    const script = 'test -t 0 && test -t 1 && echo terminal; exit 6';
    const config = shellContainer(harness.dir, script, { stdin: true, tty: true });
    const { status, stdout } = await runToEnd(runtime, pod, config);
    expect(stdout.trim()).toBe('terminal');
    expect(status.exitCode).toBe(6);
  });

  test('what does not run can’t be entered', async () => {
    const { runtime, pod, harness } = context;
    const { status } = await runToEnd(runtime, pod, shellContainer(harness.dir, ':'));
    const code = (value: string) => expect.objectContaining({ code: value });
    await expect(runtime.execSync(status.id, ['true'], 1000)).rejects.toEqual(
      code('ORD_CONTAINER_NOT_RUNNING'),
    );
    await expect(runtime.execSync('nobody', ['true'], 1000)).rejects.toEqual(
      code('ORD_RUNTIME_NOT_FOUND'),
    );
    await expect(runtime.attach(status.id, { stdin: false })).rejects.toEqual(
      code('ORD_CONTAINER_NOT_RUNNING'),
    );
  });
}
