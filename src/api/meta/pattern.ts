// Regular expressions of users, in the syntax and with the linear time of Go's (RE2). Whoever needs
// them provides the engine first: it is loaded with the first definition only.
import type * as Re2 from 're2js';

type Engine = Pick<typeof Re2, 'RE2JS' | 'RE2JSSyntaxException'>;

let engine: Engine | undefined;

/** Sets the engine, the module `re2js`. */
export function provideRegexEngine(module: Engine): void {
  engine = module;
}

export interface Pattern {
  /** True when the pattern matches anywhere in the text. */
  test(text: string): boolean;
  /** What matches, in order of appearance, at most `limit` times. */
  findAll(text: string, limit: number): string[];
}

/** The pattern is none; the message is Go's. */
export class PatternError extends Error {
  override name = 'PatternError';
}

const compiled = new Map<string, Pattern>();
const COMPILED_MAX = 1_000;

/** The compiled pattern. Throws PatternError, and Error before the engine is there. */
export function compilePattern(text: string): Pattern {
  const known = compiled.get(text);
  if (known) return known;
  if (!engine) throw new Error('no engine for regular expressions has been provided');
  const pattern = compile(engine, text);
  if (compiled.size >= COMPILED_MAX) compiled.clear();
  compiled.set(text, pattern);
  return pattern;
}

function compile({ RE2JS, RE2JSSyntaxException }: Engine, text: string): Pattern {
  try {
    const pattern = RE2JS.compile(text);
    return {
      test: (input) => pattern.matcher(input).find(),
      findAll(input, limit) {
        const matcher = pattern.matcher(input);
        const found: string[] = [];
        while (found.length < limit && matcher.find()) found.push(matcher.group() ?? '');
        return found;
      },
    };
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) throw new PatternError(error.message);
    throw error;
  }
}
