// A run of the fuzzer: so many requests from a seed, several at a time, and everything that was
// wrong.
import { seededRandom } from '../../src/base/random.ts';
import { builtinResources } from '../../src/api/resources.ts';
import { problemOf, type Received } from './check-reply.ts';
import { chance, pick } from './choice.ts';
import type { FuzzServer } from './fuzz-server.ts';
import { describeRequest, randomRequest, type FuzzRequest } from './random-request.ts';
import { http1Sender, http2Sender, type Sender } from './send.ts';
import { sendDamaged, sendFrames } from './wire.ts';

export interface RunOptions {
  readonly seed: number;
  readonly requests: number;
  /** Number of the first request; to repeat a part of a run. */
  readonly from?: number;
  /** Requests under way at a time; 1 shows which one it is that is slow. */
  readonly atOnce?: number;
  readonly onProgress?: (done: number, heapMiB: number) => void;
}

export interface Finding {
  readonly index: number;
  readonly problem: string;
  readonly request: string;
}

export interface RunResult {
  readonly findings: readonly Finding[];
  /** How often each code was answered. */
  readonly codes: ReadonlyMap<number, number>;
  readonly slowest: readonly { readonly elapsedMs: number; readonly request: string }[];
  readonly heapMiB: number;
}

const AT_ONCE = 8;
/** Requests between two looks at the server's state. */
const REPORT_EVERY = 2_000;
const SLOWEST_SHOWN = 5;
/** What the objects and the history of a run may take, and garbage on top. */
const HEAP_MIB_MAX = 1_024;
/** How long the server may take to notice that its callers have left, in milliseconds. */
const SETTLE_MS = 40_000;

class Run {
  readonly #server: FuzzServer;
  readonly #options: RunOptions;
  readonly #senders: readonly Sender[];
  readonly findings: Finding[] = [];
  readonly codes = new Map<number, number>();
  slowest: { elapsedMs: number; request: string }[] = [];
  heapMiB = 0;
  #next: number;

  constructor(server: FuzzServer, options: RunOptions) {
    this.#server = server;
    this.#options = options;
    this.#senders = [http1Sender(server), http1Sender(server), http2Sender(server)];
    this.#next = options.from ?? 0;
  }

  async all(): Promise<void> {
    const end = this.#next + this.#options.requests;
    const worker = async () => {
      while (this.#next < end) await this.#one(this.#next++);
    };
    try {
      const { atOnce = AT_ONCE } = this.#options;
      await Promise.all(Array.from({ length: atOnce }, worker));
      await this.#look(end);
      await this.#settled();
      await this.#lists(end);
    } finally {
      for (const sender of this.#senders) sender.close();
    }
  }

  async #one(index: number): Promise<void> {
    if (index % REPORT_EVERY === REPORT_EVERY - 1) await this.#look(index);
    const random = seededRandom(this.#options.seed * 1_000_003 + index);
    if (chance(random, 2)) {
      return this.#judge(index, 'frames', () => sendFrames(this.#server, random));
    }
    const { authorization } = this.#server;
    const request = randomRequest(random, { resources: builtinResources, authorization });
    const text = describeRequest(request);
    if (chance(random, 2)) {
      const damaged = () => sendDamaged(this.#server, random, request);
      return this.#judge(index, `damaged: ${text}`, damaged);
    }
    const sender = pick(random, this.#senders);
    await this.#judge(index, text, () => this.#send(sender, request));
  }

  async #send(sender: Sender, request: FuzzRequest): Promise<string | undefined> {
    const received: Received = await sender.send(request);
    this.codes.set(received.code, (this.codes.get(received.code) ?? 0) + 1);
    const problem = problemOf(received, request.method);
    return problem && `${problem}: ${received.code} ${received.body.toString().slice(0, 500)}`;
  }

  async #judge(index: number, text: string, act: () => Promise<string | undefined>): Promise<void> {
    const startMs = performance.now();
    const problem = await act().catch((error: unknown) => `no answer: ${String(error)}`);
    const elapsedMs = Math.round(performance.now() - startMs);
    if (problem !== undefined) this.findings.push({ index, problem, request: text });
    if (elapsedMs <= (this.slowest[SLOWEST_SHOWN - 1]?.elapsedMs ?? 0)) return;
    this.slowest.push({ elapsedMs, request: `#${index} ${text.slice(0, 300)}` });
    this.slowest.sort((a, b) => b.elapsedMs - a.elapsedMs);
    this.slowest = this.slowest.slice(0, SLOWEST_SHOWN);
  }

  /** Asks the server how it is. */
  async #look(index: number): Promise<number> {
    const { errors, processes, heapMiB } = await this.#server.report();
    this.heapMiB = Math.max(this.heapMiB, heapMiB);
    const problems = [...errors];
    if (heapMiB > HEAP_MIB_MAX) problems.push(`the heap has ${heapMiB.toFixed(0)} MiB`);
    for (const problem of problems) this.findings.push({ index, problem, request: 'before this' });
    this.#options.onProgress?.(index + 1, heapMiB);
    return processes;
  }

  /** Processes end when their clients have left. */
  async #settled(): Promise<void> {
    const deadlineMs = performance.now() + SETTLE_MS;
    for (;;) {
      const { processes } = await this.#server.report();
      if (processes === 0) return;
      if (performance.now() > deadlineMs) {
        const problem = `${processes} processes run on without a client`;
        this.findings.push({ index: -1, problem, request: 'frames' });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Whatever was stored must be shown, in every form. */
  async #lists(index: number): Promise<void> {
    const { authorization } = this.#server;
    const forms = ['Table', 'PartialObjectMetadataList'].map(
      (kind) => `application/json;as=${kind};v=v1;g=meta.k8s.io`,
    );
    for (const { group, version, resource, verbs } of builtinResources) {
      if (!verbs.includes('list')) continue;
      const path = `${group === '' ? '/api' : `/apis/${group}`}/${version}/${resource}`;
      for (const accept of ['application/json', 'application/yaml', ...forms]) {
        const headers = { accept, authorization };
        const request = { method: 'GET', path, headers, body: undefined };
        await this.#judge(index, describeRequest(request), async () => {
          const received = await this.#senders[0]!.send(request);
          if (received.code !== 200) return `${received.code} ${received.body.toString()}`;
          return problemOf(received, 'GET');
        });
      }
    }
    await this.#look(index);
  }
}

/** Sends everything; resolves with what was found. */
export async function runFuzz(server: FuzzServer, options: RunOptions): Promise<RunResult> {
  const run = new Run(server, options);
  await run.all();
  const { findings, codes, slowest, heapMiB } = run;
  return { findings, codes, slowest, heapMiB };
}
