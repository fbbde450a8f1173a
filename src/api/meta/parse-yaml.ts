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
          const shown = typeof key.value === 'string' ? JSON.stringify(name) : name;
          found.push(`line ${line}: key ${shown} already set in map`);
        }
        seen.add(name);
      }
    },
  });
  return found;
}

interface Fault {
  readonly words: string;
  /** Found while looking for tokens, not for their order: lines are counted otherwise then. */
  readonly isScanners: boolean;
  /** Where in the text. */
  readonly at: number;
}

const TOKENS: Partial<Readonly<Record<YAMLError['code'], string>>> = {
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_SCALAR_START: 'found character that cannot start any token',
  BAD_DQ_ESCAPE: 'found unknown escape character',
};
const KEYS: Partial<Readonly<Record<YAMLError['code'], string>>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  MULTILINE_IMPLICIT_KEY: "could not find expected ':'",
};

/** What the reference's parser says about the same fault, and where it notices. */
function faultOf({ code, message, pos }: YAMLError, text: string): Fault {
  const [at] = pos;
  const keys = KEYS[code];
  if (keys !== undefined) {
    // It reads on to the colon before it sees what is wrong.
    const colon = text.slice(at).search(/:(?=\s|$)/);
    return { words: keys, isScanners: true, at: at + Math.max(colon, 0) };
  }
  const tokens = TOKENS[code];
  if (tokens !== undefined) return { words: tokens, isScanners: true, at };
  if (message.startsWith('Missing closing ')) {
    return { words: 'found unexpected end of stream', isScanners: true, at };
  }
  if (message.startsWith('Unexpected block-seq-ind')) {
    const words = 'block sequence entries are not allowed in this context';
    return { words, isScanners: true, at };
  }
  return { words: orderWords(message, text.slice(0, at)), isScanners: false, at };
}

function orderWords(message: string, before: string): string {
  const close = /^Flow .* end with a (.)/.exec(message)?.[1];
  if (close !== undefined) {
    const isOpen = /[,:[{]\s*$/.test(before);
    return `did not find expected ${isOpen ? 'node content' : `',' or '${close}'`}`;
  }
  if (message.startsWith('All mapping items') || message.startsWith('Unexpected flow-')) {
    return 'did not find expected key';
  }
  if (message.startsWith('Unexpected scalar at node end')) {
    return "did not find expected '-' indicator";
  }
  return (message.split(' at line')[0] ?? '').toLowerCase();
}

/**
 * The first line has no number, and faults of order are a line late, as in the reference; the end
 * of the text is a line of its own to them.
 */
function faultText(
  { words, isScanners, at }: Fault,
  { text, lines }: { text: string; lines: LineCounter },
): string {
  const index = lines.linePos(at).line - 1;
  const isEnd = at >= text.length && !text.endsWith('\n');
  const line = isScanners ? (index > 0 ? index + 1 : 0) : isEnd ? index + 1 : index;
  return line === 0 ? `yaml: ${words}` : `yaml: line ${line}: ${words}`;
}

/** Half of a pair that stands for one character. */
const HALF_CHARACTER = /\p{Surrogate}/u;

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
    throw new YamlSyntaxError(faultText(faultOf(error, text), { text, lines: lineCounter }));
  }
  refuseUnsayable(document);
  return { value: toJson(document), duplicates: findDuplicates(document, lineCounter) };
}

/** What JSON has no words for: values that are a part of themselves, infinity, half characters. */
function refuseUnsayable(document: Document): void {
  const anchored = new Map<string, object>();
  visit(document, {
    Value(_key, node) {
      if (node.anchor !== undefined) anchored.set(node.anchor, node);
      if (!isScalar(node)) return;
      const { value } = node;
      if (typeof value === 'number' && !Number.isFinite(value)) {
        const name = Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
        throw new YamlSyntaxError(`json: unsupported value: ${name}`);
      }
      if (typeof value === 'string' && HALF_CHARACTER.test(value)) {
        throw new YamlSyntaxError('yaml: found invalid Unicode character escape code');
      }
    },
    Alias(_key, { source }, path) {
      const node = anchored.get(source);
      if (!node || !path.some((ancestor) => ancestor === node)) return;
      throw new YamlSyntaxError(`yaml: anchor '${source}' value contains itself`);
    },
  });
}

function toJson(document: Document): Json {
  try {
    return (document.toJS() as Json | undefined) ?? null;
  } catch (error) {
    // An alias that means nothing, or expands without bound.
    const message = error instanceof Error ? error.message : String(error);
    const alias = /^Unresolved alias .*: (.*)$/.exec(message)?.[1];
    const words = alias === undefined ? message : `unknown anchor '${alias}' referenced`;
    throw new YamlSyntaxError(`yaml: ${words}`);
  }
}
