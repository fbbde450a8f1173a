// Reads a YAML body as the reference server does: version 1.1 rules (`yes` is true), the first
// document only, converted to JSON values. Loaded when the first YAML body arrives.
import { LineCounter, isScalar, parseDocument, visit } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import type { Json } from './object.ts';

/** The text is no YAML, or has no JSON form. */
export class YamlSyntaxError extends Error {
  override name = 'YamlSyntaxError';
}

export interface ParsedYaml {
  readonly value: Json;
  /** A text for each key that stands twice: `line 7: key "a" already set in map`. */
  readonly duplicates: readonly string[];
}

/** Tags of YAML 1.1 that have no JSON form; their values stay strings. */
const UNWANTED = new Set(['tag:yaml.org,2002:timestamp', 'tag:yaml.org,2002:binary']);

function findDuplicates(document: Document, lines: LineCounter): string[] {
  const found: string[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) {
          const { line } = lines.linePos(key.range?.[0] ?? 0);
          found.push(`line ${line}: key "${name}" already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return found;
}

const WORDS: Partial<Readonly<Record<YAMLError['code'], string>>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_SCALAR_START: 'found character that cannot start any token',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
};

/** What the reference's parser says about the same fault. */
function wordsOf({ code, message, pos }: YAMLError, text: string): string {
  const close = /^Flow .* end with a (.)/.exec(message)?.[1];
  if (close !== undefined) {
    const isOpen = /[,:[{]\s*$/.test(text.slice(0, pos[0]));
    return `did not find expected ${isOpen ? 'node content' : `',' or '${close}'`}`;
  }
  if (message.startsWith('Missing closing ')) return 'found unexpected end of stream';
  return WORDS[code] ?? (message.split(' at line')[0] ?? '').toLowerCase();
}

/** The first document of a YAML text. Throws YamlSyntaxError. */
export function parseYaml(text: string): ParsedYaml {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    uniqueKeys: false,
    lineCounter,
    logLevel: 'silent',
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !UNWANTED.has(tag.tag)),
  });
  const error = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (error !== undefined) {
    const line = error.linePos?.[0].line ?? 1;
    throw new YamlSyntaxError(`yaml: line ${line}: ${wordsOf(error, text)}`);
  }
  return { value: toJson(document), duplicates: findDuplicates(document, lineCounter) };
}

function toJson(document: Document): Json {
  try {
    return (document.toJS() as Json | undefined) ?? null;
  } catch (error) {
    // An alias that expands without bound.
    throw new YamlSyntaxError(`yaml: ${error instanceof Error ? error.message : String(error)}`);
  }
}
