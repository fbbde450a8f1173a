// What the project promises around its source: dependencies, documents, nothing of one machine.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { at, importsOf, packageOf, projectFiles, root, sourceFiles } from './source-files.ts';

/** Packages that the shipped program needs; each has its line in the decision record. */
const runtimeDependencies = [
  'commander',
  'dns-packet',
  'fast-json-patch',
  'lmdb',
  're2js',
  'undici',
  'ws',
  'yaml',
];
const decisionRecord = 'docs/decisions/0007-runtime-dependencies.md';

interface Manifest {
  readonly bin: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
  readonly scripts: Record<string, string>;
}

const manifest = JSON.parse(readFileSync(at('package.json'), 'utf8')) as Manifest;
const files = projectFiles();
const sources = sourceFiles();
const documents = files.filter((path) => path.endsWith('.md'));

test('runtime dependencies are those allowed, each with a reason', () => {
  const names = Object.keys(manifest.dependencies);
  expect(names.toSorted()).toEqual(runtimeDependencies);
  const record = readFileSync(at(decisionRecord), 'utf8');
  expect(names.filter((name) => !record.includes(`\`${name}\``))).toEqual([]);
});

test('versions of dependencies are exact', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/.test(version))).toEqual([]);
});

test('every dependency is used, and everything used is a dependency', () => {
  const own = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
  const imported = new Set<string>();
  for (const file of sources) {
    for (const { specifier } of importsOf(file)) {
      const outside = !/^(\.|node:|ordinalset(\/|$))/.test(specifier);
      if (outside) imported.add(packageOf(specifier));
    }
  }
  expect([...imported].filter((name) => !own.includes(name))).toEqual([]);
  const shipped = sources.filter(({ path, isTest }) => path.startsWith('src/') && !isTest);
  const needed = new Set(
    shipped.flatMap((file) =>
      importsOf(file)
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => packageOf(specifier)),
    ),
  );
  expect(Object.keys(manifest.dependencies).filter((name) => !needed.has(name))).toEqual([]);
  expect(own.filter((name) => !imported.has(name) && !isTool(name))).toEqual([]);
});

/** Used without an import: by name in a script, or as the types of another package. */
function isTool(name: string): boolean {
  if (name.startsWith('@types/') || name === 'oxlint-tsgolint') return true;
  const scripts = Object.values(manifest.scripts).join('\n');
  const command = name === 'typescript' ? 'tsc' : name;
  if (new RegExp(`\\b${command}\\b`).test(scripts)) return true;
  return sources.some(
    ({ text }) => text.includes(`node_modules/${name}`) || text.includes(`'${name}'`),
  );
}

test('relative links in documents lead somewhere', () => {
  const broken = documents.flatMap((path) =>
    [...readFileSync(at(path), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^(https?:|#)/.test(link))
      .filter((link) => !existsSync(at(posix.join(posix.dirname(path), link.replace(/#.*$/, '')))))
      .map((link) => `${path}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('README names every command and every option', () => {
  const readme = readFileSync(at('README.md'), 'utf8');
  const main = readFileSync(at('src/cmd/main.ts'), 'utf8');
  const commands = [...main.matchAll(/\.command\('([a-z]+)'\)/g)].map(
    ([, name]) => `ordinal ${name}`,
  );
  const options = [...main.matchAll(/'(--[a-z-]+)[ ']/g)].map(([, name]) => name ?? '');
  expect(commands.length).toBeGreaterThan(3);
  expect(options.length).toBeGreaterThan(10);
  expect([...commands, ...options].filter((word) => !readme.includes(word))).toEqual([]);
});

test('documents name only scripts that exist', () => {
  const unknown = documents.flatMap((path) =>
    [...readFileSync(at(path), 'utf8').matchAll(/\bnpm run (?:--silent )?([a-z:]+)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !(name in manifest.scripts))
      .map((name) => `${path}: ${name}`),
  );
  expect(unknown).toEqual([]);
});

test('nothing committed knows of one machine or of a registry', () => {
  const places = [root, homedir()].filter((path) => path.split('/').length > 2);
  const elsewhere =
    /\b(npm\.pkg|npmjs|jfrog|artifactory|verdaccio|nexus)\.|google-cloud-sdk\/|\/work\/shared/;
  const allowed = ['test/project.test.ts'];
  const texts = files.filter((path) => !allowed.includes(path));
  const found = texts.filter((path) => {
    const text = readFileSync(at(path), 'utf8');
    return elsewhere.test(text) || places.some((place) => text.includes(place));
  });
  expect(found).toEqual([]);
  expect(readFileSync(at('package-lock.json'), 'utf8')).not.toContain('"resolved"');
});
