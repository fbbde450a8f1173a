// The floor plan as a test: the table is in layers.ts, the reasons are in ARCHITECTURE.md.
import { expect, test } from 'vitest';
import {
  bannedCalls,
  bannedCallsAllowed,
  builtInRules,
  compositionRoot,
  mayImport,
  planFiles,
  planImports,
  roomOf,
} from './layers.ts';
import { codeOf, importsOf, sourceFiles, type SourceFile } from './source-files.ts';

const files = sourceFiles();
const source = files.filter(({ path }) => path.startsWith('src/'));
const product = source.filter(({ isTest }) => !isTest);

/** Files whose imports break `allowed`, as `file imports target`. */
function violations(
  from: readonly SourceFile[],
  allowed: (file: string, target: string) => boolean,
): string[] {
  return from.flatMap((file) =>
    importsOf(file).flatMap(({ target }) =>
      target === undefined || allowed(file.path, target) ? [] : [`${file.path} imports ${target}`],
    ),
  );
}

function mayUse(file: string, target: string): boolean {
  const room = roomOf(file);
  if (compositionRoot.includes(room)) return true;
  const other = roomOf(target);
  if (other === room) return true;
  const allowed = mayImport[room] ?? [];
  return allowed.some((entry) => entry === other || target === `src/${entry}.ts`);
}

test('every room has a row in the table of layers', () => {
  const rooms = new Set(source.map(({ path }) => roomOf(path)));
  const known = [...compositionRoot, ...Object.keys(mayImport)];
  expect([...rooms].filter((room) => !known.includes(room))).toEqual([]);
});

test('rooms import only the rooms below them', () => {
  expect(violations(product, mayUse)).toEqual([]);
});

test('no room imports the composition root or leaves src', () => {
  const inside = (file: string, target: string) =>
    compositionRoot.includes(roomOf(file)) ||
    (target.startsWith('src/') && !compositionRoot.includes(roomOf(target)));
  expect(violations(source, inside)).toEqual([]);
});

test('controllers never import each other', () => {
  const folder = (path: string) => path.split('/').slice(0, 3).join('/');
  const controllers = product.filter(({ path }) => path.startsWith('src/controllers/'));
  const apart = (file: string, target: string) =>
    !target.startsWith('src/controllers/') || folder(file) === folder(target);
  expect(violations(controllers, apart)).toEqual([]);
});

test('plans import only api and pure parts of base', () => {
  const plans = product.filter(({ path }) => planFiles.test(path));
  const pure = (_file: string, target: string) =>
    planFiles.test(target) ||
    target.startsWith('src/api/') ||
    planImports.includes(target) ||
    target === 'src/dns/record.ts';
  expect(violations(plans, pure)).toEqual([]);
});

test('plans and api are synchronous and import no built-in modules', () => {
  const pure = product.filter(({ path }) => planFiles.test(path) || path.startsWith('src/api/'));
  const asynchronous = pure.flatMap((file) =>
    file.lines
      .filter((line) => /\basync\b|\bawait\b|\bPromise\b/.test(codeOf(line)))
      .map((line) => `${file.path}: ${line.trim()}`),
  );
  const builtIns = pure.flatMap((file) =>
    importsOf(file)
      .filter(({ specifier }) => specifier.startsWith('node:') && specifier !== 'node:crypto')
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
  expect([...asynchronous, ...builtIns]).toEqual([]);
});

test('examples and the demo use only what the package exports', () => {
  const outside = files.filter(({ path }) => /^(examples|operators|demo|bench)\//.test(path));
  const own = (file: string, target: string) =>
    target.split('/')[0] === file.split('/')[0] || /^dist\/(index|testing)\.js$/.test(target);
  expect(violations(outside, own)).toEqual([]);
});

test.each(builtInRules)('$modules are imported only in their rooms', ({ modules, allowed }) => {
  const strangers = product.filter(({ path }) => !allowed.test(path));
  const found = strangers.flatMap((file) =>
    importsOf(file)
      .filter(({ specifier, typeOnly }) => modules.includes(specifier) && !typeOnly)
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
  expect(found).toEqual([]);
});

test.each(bannedCalls)('$what is used only in base and cmd', ({ pattern }) => {
  const strangers = product.filter(({ path }) => !bannedCallsAllowed.test(path));
  const found = strangers.flatMap((file) =>
    file.lines
      .map((line, index) => ({ code: codeOf(line), where: `${file.path}:${index + 1}` }))
      .filter(({ code }) => pattern.test(code))
      .map(({ where }) => where),
  );
  expect(found).toEqual([]);
});
