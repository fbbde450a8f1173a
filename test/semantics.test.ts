// The rules of docs/semantics and the tests that prove them, held together by rule ids in titles.
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { at, projectFiles, sourceFiles } from './source-files.ts';

const FOLDER = 'docs/semantics/';

interface Rule {
  /** `SS-332`. */
  readonly id: string;
  /** The files that its proof line links to, relative to the root. */
  readonly proofs: readonly string[];
  /** Named with the part that brings it: `Open: Part 4 (…)`. */
  readonly open: boolean;
}

interface RuleDocument {
  readonly path: string;
  /** `SS`: what its ids begin with. */
  readonly prefix: string;
  readonly rules: readonly Rule[];
}

/** A bullet `- **SS-101** text`, then a line `Proof: [name](link), …` or `Open: Part 4 (room)`. */
const BULLET = /^- \*\*([A-Z]+-\d+)\*\*/;

function readRules(path: string): RuleDocument {
  const blocks = readFileSync(at(path), 'utf8').split(/\n(?=- \*\*|#)/);
  const rules = blocks.flatMap((block): Rule[] => {
    const id = BULLET.exec(block)?.[1];
    if (id === undefined) return [];
    const proof = /^ {2}Proof: (.*)/ms.exec(block)?.[1] ?? '';
    const links = Array.from(proof.matchAll(/\]\(([^)]+)\)/g), ([, link = '']) => link);
    const proofs = links.map((link) => posix.join(posix.dirname(path), link));
    return [{ id, proofs, open: /^ {2}Open: Part \d+ \(.+/m.test(block) }];
  });
  return { path, prefix: rules[0]?.id.split('-')[0] ?? '', rules };
}

/** At the start of a string literal: one id, a list of ids, or a range (first … last). */
const CITATION = /(?<=['"`])[A-Z]+-\d+(?:(?:, | … )[A-Z]+-\d+)*(?=[:'"`])/g;

interface Citation {
  readonly path: string;
  /** Ids, a list of ids, or a range as the title has it. */
  readonly text: string;
}

const citations: readonly Citation[] = sourceFiles()
  .filter(({ path }) => path.endsWith('.test.ts'))
  .flatMap(({ path, lines }) =>
    lines
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line))
      .flatMap((line) => Array.from(line.matchAll(CITATION), ([text]) => ({ path, text }))),
  );

/** The ids of a citation. A range stands for the ids of the document between its ends. */
function expand(text: string, known: readonly string[]): string[] {
  return text.split(', ').flatMap((part) => {
    const [first = '', last] = part.split(' … ');
    if (last === undefined) return [first];
    const between = known.slice(known.indexOf(first), known.indexOf(last) + 1);
    return known.includes(first) && between.length > 0 ? between : [first, last];
  });
}

const documents = projectFiles()
  .filter((path) => path.startsWith(FOLDER) && path.endsWith('.md'))
  .map(readRules);
const prefixes = documents.map(({ prefix }) => prefix);
const known = documents.flatMap(({ rules }) => rules.map(({ id }) => id));

describe.each(documents)('$path', ({ prefix, rules }) => {
  const cited = new Map<string, Set<string>>();
  for (const { path, text } of citations) {
    for (const id of expand(text, known)) cited.set(id, (cited.get(id) ?? new Set()).add(path));
  }

  test('rules have ids of one kind, in order and each once', () => {
    const numbers = rules.map(({ id }) => Number(id.slice(prefix.length + 1)));
    expect(rules.length).toBeGreaterThan(100);
    expect(rules.filter(({ id }) => !id.startsWith(`${prefix}-`))).toEqual([]);
    expect(numbers.filter((number, index) => number <= (numbers[index - 1] ?? 0))).toEqual([]);
  });

  test('proofs are tests that exist', () => {
    const wrong = rules.flatMap(({ id, proofs }) =>
      proofs
        .filter((path) => !path.endsWith('.test.ts') || !existsSync(at(path)))
        .map((path) => `${id}: ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test('every rule is cited by a title of a test that it links to, or open until a part', () => {
    const unproven = rules.filter(
      ({ id, proofs, open }) => !open && !proofs.some((path) => cited.get(id)?.has(path)),
    );
    expect(unproven.map(({ id }) => id)).toEqual([]);
  });

  test('a link leads only to tests that cite the rule', () => {
    const idle = rules.flatMap(({ id, proofs }) =>
      proofs.filter((path) => !cited.get(id)?.has(path)).map((path) => `${id}: ${path}`),
    );
    expect(idle).toEqual([]);
  });
});

test('titles cite only rules that are written down', () => {
  const unknown = citations.flatMap(({ path, text }) =>
    expand(text, known)
      .filter((id) => prefixes.includes(id.split('-')[0] ?? '') && !known.includes(id))
      .map((id) => `${path}: ${id}`),
  );
  expect(unknown).toEqual([]);
});
