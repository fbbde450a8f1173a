// The committed tree as the style tests see it: files, their imports, their code without prose.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export interface SourceFile {
  /** Relative to the root of the project. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** Written for tests only: a test, or what tests are made with. */
  readonly isTest: boolean;
}

/** Files that tests are made with lie beside what they test; their names tell. */
const TEST_SUPPORT =
  /\/testing\/|\.test\.ts$|\.fixture\.ts$|-(suite|test-kit|conformance|builder)\.ts$|^test\//;

/** All files that are committed or about to be; no built or ignored ones. */
export function projectFiles(): readonly string[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const output = execFileSync('git', list, { cwd: root, encoding: 'utf8' });
  return [...new Set(output.split('\0'))].filter((path) => path !== '' && existsSync(at(path)));
}

export function at(path: string): string {
  return posix.join(root, path);
}

/** The program text of the project: every .ts, .mjs and .js file. */
export function sourceFiles(): readonly SourceFile[] {
  return projectFiles()
    .filter((path) => /\.(ts|mjs|js)$/.test(path))
    .map((path) => {
      const text = readFileSync(at(path), 'utf8');
      return { path, text, lines: text.split('\n'), isTest: TEST_SUPPORT.test(path) };
    });
}

export interface ImportLine {
  /** As written: `node:fs`, `yaml`, `../base/clock.ts`. */
  readonly specifier: string;
  /** Path of a file of ours, relative to the root. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
}

const IMPORT =
  /^(?:import|export)(?<type> type)?\s[^;'"]*?from '(?<from>[^']+)'|^import '(?<bare>[^']+)'|\bimport\('(?<dynamic>[^']+)'\)/gm;

export function importsOf(file: SourceFile): ImportLine[] {
  return [...file.text.matchAll(IMPORT)].map(({ groups = {} }) => {
    const specifier = groups['from'] ?? groups['bare'] ?? groups['dynamic'] ?? '';
    const own = specifier.startsWith('.');
    const target = own ? posix.join(posix.dirname(file.path), specifier) : undefined;
    return { specifier, target, typeOnly: groups['type'] !== undefined };
  });
}

/** The name of the package or built-in module behind a specifier. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

/** A line without comments and without the contents of its string literals. */
export function codeOf(line: string): string {
  if (/^\s*(\/\/|\/?\*)/.test(line)) return '';
  return line
    .replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\$]|\\.)*`/g, "''")
    .replace(/\s\/\/ .*$/, '');
}
