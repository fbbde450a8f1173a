// The real server process for end-to-end tests, driven by the real kubectl. Every server has its
// own data directory and home, is stopped by its pid, and is checked to leave nothing behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { probeSandbox } from '../../src/node/runtime/sandbox/probe-sandbox.ts';
import {
  follow,
  kubectlPath,
  runCommand,
  type CommandResult,
  type Following,
  type RunOptions,
} from './kubectl.ts';
import { leftovers } from './leftovers.ts';
import { until } from './until.ts';

const ordinalCommand = fileURLToPath(new URL('../../bin/ordinal.js', import.meta.url));

/** Runs `ordinal …` to its end. */
export function ordinal(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  return runCommand([process.execPath, ordinalCommand, ...args], options);
}

/** The ready line of `ordinal up --output json`. */
export interface ReadyLine {
  readonly server: string;
  readonly kubeconfig: string;
  readonly pid: number;
  readonly readyMs: number;
  readonly dnsPort: number;
  readonly runtime: 'sandbox' | 'process' | 'none';
  readonly nodes: number;
}

export function makeDataDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'ordinal-e2e-'));
}

/** One data directory with the server that runs on it, which may be killed and started again. */
export class TestServer {
  /** Made by the server itself. */
  readonly dataDir = join(tmpdir(), `ordinal-e2e-${randomUUID()}`);
  readonly #home = `${this.dataDir}-home`;
  readonly #arguments: readonly string[];
  #ready: ReadyLine | undefined;
  #launcher: ChildProcess | undefined;
  #log = '';

  constructor(...extra: readonly string[]) {
    this.#arguments = ['--data-dir', this.dataDir, '--port', '0', '--output', 'json', ...extra];
  }

  get ready(): ReadyLine {
    if (!this.#ready) throw new Error('the server is not started');
    return this.#ready;
  }

  /** The process that `up` itself is; undefined after `--detach`. */
  get launcher(): ChildProcess | undefined {
    return this.#launcher;
  }

  /** What the server wrote to standard error. */
  get log(): string {
    return this.#log;
  }

  /** Runs `ordinal up` until its ready line. Throws with its complaint when it ends before. */
  async start(): Promise<this> {
    mkdirSync(this.#home, { recursive: true });
    const child = spawn(process.execPath, [ordinalCommand, 'up', ...this.#arguments], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#launcher = child;
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (this.#log += chunk));
    await until(
      'the ready line of ordinal up',
      () => {
        if (text.includes('\n')) return true;
        if (child.exitCode === null) return false;
        throw new Error(`ordinal up ended with ${child.exitCode}: ${this.#log}`);
      },
      { show: () => this.#log },
    );
    this.#ready = JSON.parse(text) as ReadyLine;
    if (this.#arguments.includes('--detach')) this.#launcher = undefined;
    return this;
  }

  get environment(): Record<string, string> {
    return { HOME: this.#home, KUBECONFIG: this.ready.kubeconfig };
  }

  /** Runs kubectl; a result for every exit code. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
    return await this.runWith(kubectlPath ?? 'kubectl', args, options);
  }

  async runWith(
    kubectl: string,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<CommandResult> {
    const env = { ...this.environment, ...options.env };
    return await runCommand([kubectl, ...args], { ...options, env });
  }

  /** Runs kubectl, which must succeed; its standard output. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: code ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** `kubectl apply -f -` of manifests (YAML text, or objects). */
  async apply(manifest: string | object, ...args: readonly string[]): Promise<string> {
    const stdin = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
    const { code, stdout, stderr } = await this.run(['apply', '-f', '-', ...args], { stdin });
    if (code !== 0) throw new Error(`kubectl apply: code ${code}\n${stdout}${stderr}`);
    return stdout;
  }

  /** `kubectl get … -o jsonpath=<path>`; the text. */
  async field(target: string, path: string, ...args: readonly string[]): Promise<string> {
    return await this.kubectl('get', ...target.split(' '), '-o', `jsonpath=${path}`, ...args);
  }

  /** Runs kubectl until stopped. */
  following(...args: readonly string[]): Following {
    return follow([kubectlPath ?? 'kubectl', ...args], this.environment);
  }

  /** Waits until a field has a value. */
  async untilField(
    target: string,
    path: string,
    { is, seconds = 30 }: { is: string | RegExp; seconds?: number },
  ): Promise<string> {
    let seen: CommandResult | undefined;
    return await until(
      `${target} ${path} is ${String(is)}`,
      async () => {
        seen = await this.run(['get', ...target.split(' '), '-o', `jsonpath=${path}`]);
        const fits = typeof is === 'string' ? seen.stdout === is : is.test(seen.stdout);
        return seen.code === 0 && fits ? seen.stdout : undefined;
      },
      { seconds, show: () => `seen: ${JSON.stringify(seen)}\n${this.#log}` },
    );
  }

  /** kill -9 of the server itself, and waits for its end. */
  async kill(pid: number = this.ready.pid): Promise<void> {
    process.kill(pid, 'SIGKILL');
    await until('the killed server has ended', () => !isRunning(pid) && !isRunning(this.ready.pid));
  }

  /** `ordinal down`. */
  async down(...args: readonly string[]): Promise<CommandResult> {
    return await ordinal(['down', '--data-dir', this.dataDir, ...args]);
  }

  /** Removes everything. Throws when a process, a mount or a file is left. */
  async dispose(): Promise<void> {
    const { code, stderr } = await this.down('--wipe');
    rmSync(this.#home, { recursive: true, force: true });
    let left: string[] = [];
    await until(
      'nothing of the server is left',
      () => {
        left = leftovers(this.dataDir);
        return left.length === 0;
      },
      { seconds: 5, show: () => left.join('\n') },
    );
    rmSync(this.dataDir, { recursive: true, force: true });
    if (code !== 0) throw new Error(`ordinal down --wipe: code ${code}\n${stderr}`);
  }
}

/** False for a zombie too. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const missingKubectl = kubectlPath === undefined ? 'there is no kubectl in the PATH' : undefined;

const sandbox = await probeSandbox({ scratchDir: tmpdir() });

/** True where pods are made by an ordinary user, who can't give them supplementary groups. */
export const isRootless = sandbox.rootless;

/** Runs the suite, or says why it can't: a failure where `CI=true`, skipped elsewhere. */
export function describeUnless(refusal: string | undefined, name: string, body: () => void): void {
  if (refusal === undefined) describe(name, body);
  else if (process.env['CI'] === 'true') {
    test(name, () => {
      throw new Error(refusal);
    });
  } else {
    process.stderr.write(`skipped: ${name}: ${refusal}\n`);
    describe.skip(name, body);
  }
}

/** A suite that needs kubectl. */
export function describeWithKubectl(name: string, body: () => void): void {
  describeUnless(missingKubectl, name, body);
}

/** A suite that needs kubectl and pods with addresses and volumes of their own. */
export function describeWithPods(name: string, body: () => void): void {
  const refusal = sandbox.refusal && `pods can't be sandboxed here: ${sandbox.refusal}`;
  describeUnless(missingKubectl ?? refusal, name, body);
}
