// `npm run sim`: runs the simulation (docs/guides/simulation.md).
//   npm run sim -- SEED [--trace] [--only 1,2,3] [--without name,…] [--bug name] [--no-shrink]
//   npm run sim -- --seeds N [--from SEED] [--jobs J]
//   npm run sim -- --seconds S [--from SEED] [--jobs J]     from a random seed unless one is given
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
/** A run that takes longer than this has got stuck: most take a tenth of a second. */
const STUCK_MS = 120_000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string' },
    seconds: { type: 'string' },
    from: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    only: { type: 'string' },
    without: { type: 'string' },
    bug: { type: 'string' },
    trace: { type: 'boolean', default: false },
    'no-shrink': { type: 'boolean', default: false },
    worker: { type: 'string' },
  },
});
const say = (text) => process.stdout.write(`${text}\n`);
const list = (text) => (text === undefined || text === '' ? [] : text.split(','));

/** The simulation as one file; the caller removes it. */
async function bundle() {
  const directory = join(root, 'node_modules', '.cache', 'sim');
  mkdirSync(directory, { recursive: true });
  const outfile = join(directory, `${process.pid}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: ['test/simulation/main.ts'],
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

function scenarioFor(simulation, seed) {
  const scenario = simulation.without(simulation.scenarioOf(seed), list(options.without));
  return options.only === undefined
    ? scenario
    : simulation.only(scenario, list(options.only).map(Number));
}

/** What a failure looks like: the seed, what broke, the schedule and how to see it again. */
async function report(simulation, scenario, failed) {
  const bug = options.bug === undefined ? {} : { bug: options.bug };
  say(`\nseed ${scenario.seed} FAILED: ${failed.violation.invariant}: ${failed.violation.message}`);
  const { steps: _, sets, ...rest } = scenario;
  say(`  ${JSON.stringify(rest)}`);
  const short = options['no-shrink']
    ? { scenario, result: failed, runs: 0 }
    : await simulation.shrink(scenario, failed, bug);
  const { steps } = short.scenario;
  say(`  schedule: ${steps.length} of ${scenario.steps.length} steps (${short.runs} runs)`);
  for (const step of steps) say(`    ${simulation.stepText(step)}`);
  for (const { metadata, spec } of sets) {
    const { template: _template, selector: _selector, ...shown } = spec;
    say(`  set ${metadata.name} ${JSON.stringify(shown)}`);
  }
  say(`  then: ${short.result.violation.invariant}: ${short.result.violation.message}`);
  const only = steps.map(({ index }) => index).join(',');
  const planted = options.bug === undefined ? '' : ` --bug ${options.bug}`;
  say(`  replay: npm run sim -- ${scenario.seed} --only '${only}' --trace${planted}`);
}

async function runOne(simulation, seed) {
  const scenario = scenarioFor(simulation, seed);
  const bug = options.bug === undefined ? {} : { bug: options.bug };
  const startMs = performance.now();
  const result = await simulation.run(scenario, bug);
  const tookMs = Math.round(performance.now() - startMs);
  if (options.trace) for (const line of result.trace) say(line);
  if (result.violation) {
    await report(simulation, scenario, result);
    return false;
  }
  say(
    `seed ${seed} passed in ${tookMs} ms: ${(result.elapsedMs / 1000).toFixed(0)} virtual ` +
      `seconds, ${result.plans} decisions, ${result.trace.length} lines, ${result.digest}`,
  );
  return true;
}

/** Runs seeds as the parent asks for them. */
async function work(file) {
  const simulation = await import(pathToFileURL(file).href);
  let seed = 0;
  process.on('unhandledRejection', (error) => {
    const text = error instanceof Error ? error.stack : String(error);
    process.send({ seed, violation: { invariant: 'noInternalErrors', message: text } });
  });
  const bug = options.bug === undefined ? {} : { bug: options.bug };
  const runSeed = async () => {
    const { violation, plans } = await simulation.run(scenarioFor(simulation, seed), bug);
    process.send({ seed, violation, plans });
  };
  process.on('message', (message) => {
    seed = message;
    void runSeed();
  });
  process.on('disconnect', () => process.exit());
}

/** Runs many seeds, `jobs` at a time; resolves with the failed ones. */
async function runMany(file, { first, more }) {
  const failed = [];
  let next = first;
  let done = 0;
  let decisions = 0;
  const runJob = () =>
    new Promise((resolve) => {
      const child = fork(fileURLToPath(import.meta.url), [
        '--worker',
        file,
        ...['without', 'only', 'bug'].flatMap((name) =>
          options[name] === undefined ? [] : [`--${name}`, options[name]],
        ),
      ]);
      let timer;
      let seed;
      const give = () => {
        clearTimeout(timer);
        if (!more(next - first)) return child.disconnect();
        seed = next++;
        timer = setTimeout(() => {
          const message = `no end after ${STUCK_MS} ms`;
          failed.push({ seed, violation: { invariant: 'ends', message } });
          say(`seed ${seed}: ends: ${message}`);
          child.kill('SIGKILL');
        }, STUCK_MS);
        child.send(seed);
      };
      child.on('message', (result) => {
        done++;
        decisions += result.plans ?? 0;
        if (result.violation) {
          failed.push(result);
          say(`seed ${result.seed}: ${result.violation.invariant}: ${result.violation.message}`);
        }
        give();
      });
      child.on('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      give();
    });
  const startMs = performance.now();
  await Promise.all(Array.from({ length: Number(options.jobs) }, runJob));
  const seconds = (performance.now() - startMs) / 1000;
  say(
    `${done} seeds from ${first} in ${seconds.toFixed(0)} s: ${failed.length} failed, ` +
      `${decisions} decisions looked at`,
  );
  return failed;
}

/** Which seeds are asked for, or undefined for a single one. */
function manySeeds() {
  if (options.seeds !== undefined) {
    return { first: Number(options.from ?? 1), more: (count) => count < Number(options.seeds) };
  }
  if (options.seconds === undefined) return undefined;
  const endMs = performance.now() + Number(options.seconds) * 1000;
  const first = Number(options.from ?? randomInt(2 ** 31));
  return { first, more: () => performance.now() < endMs };
}

async function main() {
  const many = manySeeds();
  const file = await bundle();
  try {
    if (!many) {
      const simulation = await import(pathToFileURL(file).href);
      return await runOne(simulation, Number(positionals[0] ?? randomInt(2 ** 31)));
    }
    const failed = await runMany(file, many);
    if (failed.length === 0) return true;
    const simulation = await import(pathToFileURL(file).href);
    for (const { seed, violation } of failed.slice(0, 3)) {
      if (violation.invariant !== 'ends') await runOne(simulation, seed);
    }
    return false;
  } finally {
    rmSync(file, { force: true });
  }
}

if (options.worker !== undefined) await work(options.worker);
else process.exit((await main()) ? 0 : 1);
