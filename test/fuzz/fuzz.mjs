// `npm run fuzz -- [--requests N] [--seed S] [--from I] [--at-once N]`: sends mutated requests to a
// server in a process of its own and reports every reply that is wrong. Fails when there is one.
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const FINDINGS_SHOWN = 40;
/** Without an answer for so long, the server's event loop stands still. */
const STUCK_MS = 60_000;

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    from: { type: 'string', default: '0' },
    'at-once': { type: 'string', default: '8' },
    server: { type: 'string' },
  },
});
const say = (text) => process.stdout.write(`${text}\n`);

async function bundle() {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const directory = join(root, 'node_modules', '.cache', 'fuzz');
  mkdirSync(directory, { recursive: true });
  const outfile = join(directory, `${process.pid}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: ['test/fuzz/main.ts'],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
    external: ['lmdb', 'undici'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** The server's process: it answers questions of its parent. */
async function serve(file) {
  const { startFuzzServer } = await import(pathToFileURL(file).href);
  const crashes = [];
  process.on('uncaughtException', (error) => crashes.push(`uncaught: ${error?.stack ?? error}`));
  process.on('unhandledRejection', (error) => crashes.push(`unhandled: ${error?.stack ?? error}`));
  const server = await startFuzzServer(1);
  const tell = async () => {
    globalThis.gc?.();
    const report = await server.report();
    process.send({ ...report, errors: [...crashes.splice(0), ...report.errors] });
  };
  process.on('message', () => void tell());
  process.on('disconnect', () => process.exit());
  const { port, ca, authorization } = server;
  process.send({ port, ca, authorization });
}

/** The server in another process, as the sending side sees it. */
async function startChild(file) {
  const script = fileURLToPath(import.meta.url);
  const execArgv = ['--expose-gc', '--enable-source-maps'];
  const child = fork(script, ['--server', file], { execArgv });
  let dead = false;
  child.once('exit', () => (dead = true));
  const answer = () =>
    new Promise((resolve, reject) => {
      if (dead) return reject(new Error('the server has died'));
      const stuck = () => reject(new Error(`the server said nothing for ${STUCK_MS} ms`));
      const timer = setTimeout(stuck, STUCK_MS);
      const died = (code, signal) => reject(new Error(`the server died: ${code ?? signal}`));
      child.once('exit', died);
      child.once('message', (message) => {
        clearTimeout(timer);
        child.removeListener('exit', died);
        resolve(message);
      });
    });
  const facts = await answer();
  return {
    ...facts,
    report() {
      const report = answer();
      child.send('report');
      return report;
    },
    stop: () => child.disconnect(),
  };
}

function show({ findings, codes, slowest, heapMiB }, { seed, startMs }) {
  for (const { index, problem, request } of findings.slice(0, FINDINGS_SHOWN)) {
    say(`\n#${index} ${problem}\n  ${request}`);
  }
  const counts = [...codes].sort(([a], [b]) => a - b).map(([code, count]) => `${code}: ${count}`);
  say(`\n${counts.join(', ')}`);
  for (const { elapsedMs, request } of slowest) say(`${elapsedMs} ms ${request}`);
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  say(`heap at most ${heapMiB.toFixed(0)} MiB, ${seconds} s, seed ${seed}`);
  say(`${findings.length} findings`);
}

async function main() {
  const seed = Number(options.seed ?? randomInt(2 ** 31));
  const file = await bundle();
  let server;
  try {
    const { runFuzz } = await import(pathToFileURL(file).href);
    server = await startChild(file);
    const startMs = performance.now();
    say(`seed ${seed}, ${options.requests} requests`);
    const result = await runFuzz(server, {
      seed,
      requests: Number(options.requests),
      from: Number(options.from),
      atOnce: Number(options['at-once']),
      onProgress: (done, heapMiB) => say(`${done} sent, heap ${heapMiB.toFixed(0)} MiB`),
    });
    show(result, { seed, startMs });
    process.exitCode = result.findings.length === 0 ? 0 : 1;
  } finally {
    server?.stop();
    rmSync(file, { force: true });
  }
}

if (options.server === undefined) await main();
else await serve(options.server);
