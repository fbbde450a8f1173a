// The style guide as a test (CONTRIBUTING.md): sizes, names and what must not be written.
import { expect, test } from 'vitest';
import { codeOf, importsOf, sourceFiles, type SourceFile } from './source-files.ts';

const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 70;
const LINE_LENGTH_MAX = 100;

/** Files that may be longer, with the reason. */
const longFiles: Readonly<Record<string, string>> = {};

/** Where programs start: nothing imports them. */
const entryPoints = [
  'bin/ordinal.js',
  'bench/bench.mjs',
  'demo/demo.mjs',
  'demo/pod/member.mjs',
  'demo/pod/ready.mjs',
  'demo/pod/sql.mjs',
  'scripts/build.mjs',
  'scripts/complete-lockfile.mjs',
  'scripts/generate-type-model.mjs',
  'scripts/sim.mjs',
  'src/cmd/host-dialer.ts',
  'src/cmd/inner-server.ts',
  'src/cmd/main.ts',
  'src/index.ts',
  'src/testing.ts',
  'test/exhaustive/exhaustive.mjs',
  'test/fuzz/fuzz.mjs',
  'test/fuzz/main.ts',
  'test/simulation/main.ts',
  'vitest.config.ts',
];

/** Of no use to the product itself, with the reason. */
const forTestsOnly: Readonly<Record<string, string>> = {
  'src/base/manual-clock.ts': 'simulated time is part of what base offers to tests of every room',
};

/** This file has to write down what it forbids. */
const tidy = 'test/tidy.test.ts';

const files = sourceFiles();

function linesWhere(wanted: (line: string, file: SourceFile) => boolean): string[] {
  return files.flatMap((file) =>
    file.lines.flatMap((line, index) => (wanted(line, file) ? [`${file.path}:${index + 1}`] : [])),
  );
}

test(`files have at most ${FILE_LINES_MAX} lines`, () => {
  const long = files.filter(
    ({ lines, path }) => lines.length - 1 > FILE_LINES_MAX && !longFiles[path],
  );
  expect(long.map(({ path, lines }) => `${path}: ${lines.length - 1}`)).toEqual([]);
  const pruned = Object.keys(longFiles).filter((name) => !files.some(({ path }) => path === name));
  expect(pruned, 'exceptions that are not needed any more').toEqual([]);
});

test(`functions have at most ${FUNCTION_LINES_MAX} lines`, () => {
  const long = files.flatMap((file) =>
    functionsOf(file)
      .filter(({ lineCount }) => lineCount > FUNCTION_LINES_MAX)
      .map(({ line, lineCount }) => `${file.path}:${line} has ${lineCount} lines`),
  );
  expect(long).toEqual([]);
});

test(`lines have at most ${LINE_LENGTH_MAX} characters`, () => {
  // Prettier can't break imports and literals.
  const unbreakable = (line: string) =>
    /^(import|export) /.test(line) || line.startsWith("} from '") || /['"`/]/.test(codeOf(line));
  const long = linesWhere((line) => line.length > LINE_LENGTH_MAX && !unbreakable(line));
  expect(long).toEqual([]);
});

test('there are no default exports, no `export *` and no `any`', () => {
  const banned = /^export default|^export \*|(:|\bas|<|\|) any\b(?! )|<any>|\bany\[\]/;
  const found = linesWhere(
    (line, { path }) =>
      path !== tidy && !path.endsWith('vitest.config.ts') && banned.test(codeOf(line)),
  );
  expect(found).toEqual([]);
});

test('the rules of the compiler and of the linter are not switched off', () => {
  const directives = /\/[/*] *(@ts-(ignore|nocheck|expect-error)|(eslint|oxlint)-disable)/;
  expect(linesWhere((line, { path }) => path !== tidy && directives.test(line))).toEqual([]);
});

test('tests are neither skipped for good nor run alone', () => {
  const focus = /\b(describe|test|it)\.((only|todo)\(|skip\('')/;
  expect(linesWhere((line) => focus.test(codeOf(line)))).toEqual([]);
});

test('files are named in kebab-case, for a concept', () => {
  const kebab =
    /^([a-z0-9-]+\/|\.[a-z]+\/)*[a-z0-9]+(-[a-z0-9]+)*(\.(test|fixture|config))?\.(ts|mjs|js)$/;
  const attic = /(^|[/-])(utils?|helpers?|common|misc)([.-/]|$)/;
  const badly = files.filter(({ path }) => !kebab.test(path) || attic.test(path));
  expect(badly.map(({ path }) => path)).toEqual([]);
});

test('every file says first what it is for', () => {
  const silent = files.filter(
    ({ path, lines }) =>
      !path.endsWith('.test.ts') &&
      !path.endsWith('.config.ts') &&
      !/^(\/\/ |\/\*\*? |#!)/.test(lines[0] ?? ''),
  );
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test('every file is a program, a test or needed by one', () => {
  const starts = files.filter(
    ({ path }) => entryPoints.includes(path) || /\.test\.ts$|^examples\//.test(path),
  );
  const alive = reachableFrom(starts);
  expect(files.map(({ path }) => path).filter((path) => !alive.has(path))).toEqual([]);
});

test('what only tests use is named so', () => {
  const product = reachableFrom(files.filter(({ path }) => entryPoints.includes(path)));
  const unused = files.filter(
    ({ path, isTest }) =>
      path.startsWith('src/') && !isTest && !product.has(path) && !forTestsOnly[path],
  );
  expect(unused.map(({ path }) => path)).toEqual([]);
});

/** The given files and all that they need, directly or not. */
function reachableFrom(starts: readonly SourceFile[]): ReadonlySet<string> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const found = new Set(starts.map(({ path }) => path));
  const queue = [...starts];
  for (const file of queue) {
    const imported = importsOf(file).map(({ target }) => target ?? '');
    for (const target of [...imported, ...filesNamedBy(file)]) {
      const next = byPath.get(target);
      if (!next || found.has(target)) continue;
      found.add(target);
      queue.push(next);
    }
  }
  return found;
}

/** Files that are started by name: as another program of the folder, or bundled for a test. */
function filesNamedBy({ path, text }: SourceFile): string[] {
  const folder = path.split('/').slice(0, -1).join('/');
  const neighbours = text.matchAll(/'(?:\.\/)?([a-z0-9.-]+\.(?:ts|mjs))'/g);
  const bundled = text.matchAll(/bundleChild\('([a-z-]+)'\)/g);
  return [
    ...Array.from(neighbours, ([, name]) => `${folder}/${name}`),
    ...Array.from(bundled, ([, name]) => `src/storage/testing/${name}.ts`),
  ];
}

interface FunctionSpan {
  /** First line, from 1. */
  readonly line: number;
  readonly lineCount: number;
}

const CONTROL = /^\s*(\} )?(if|else|for|while|switch|do|try|catch|finally|class|case|default)\b/;
const TEST = /^\s*(describe|test|it)(\.[a-zA-Z]+)*[(<]/;

/**
 * Functions with a block, found by indentation: all files are formatted by prettier. Lists of tests
 * are no functions in this sense.
 */
function functionsOf({ lines }: SourceFile): FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  for (const [index, line] of lines.entries()) {
    const code = codeOf(line);
    const opens = /(=>|\)|\)?: [^=]+) \{$/.test(code) && !CONTROL.test(code);
    if (!opens) continue;
    const indent = line.search(/\S/);
    const closes = (other: string) => other.search(/\S/) === indent && other.trim().startsWith('}');
    const length = lines.slice(index + 1).findIndex(closes);
    const first = signatureStart(lines, index, indent);
    const start = TEST.test(lines[first] ?? '') ? index : first; // without a test's table
    const body = lines.slice(index + 1, index + 1 + length);
    if (length < 0 || body.some((other) => TEST.test(other))) continue;
    spans.push({ line: start + 1, lineCount: index - start + length + 2 });
  }
  return spans;
}

/** Parameters over several lines start where the indentation is the same. */
function signatureStart(lines: readonly string[], index: number, indent: number): number {
  let start = index;
  if (/^\s*[)}\]]/.test(lines[start] ?? '')) {
    do start--;
    while (start > 0 && (lines[start] ?? '').search(/\S/) !== indent);
  }
  return start;
}
