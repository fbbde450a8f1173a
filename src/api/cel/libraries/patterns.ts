// Regular expressions, in linear time.
import { compilePattern, PatternError } from '../../meta/pattern.ts';
import type { Pattern } from '../../meta/pattern.ts';
import type { Declaration } from '../language/declarations.ts';
import { CelRunError } from '../language/values.ts';

function patternOf(text: string): Pattern {
  try {
    return compilePattern(text);
  } catch (error) {
    if (error instanceof PatternError) throw new CelRunError(error.message);
    throw error;
  }
}

function matches(text: string, pattern: string): boolean {
  return patternOf(pattern).test(text);
}

function find(text: string, pattern: string): string {
  return patternOf(pattern).findAll(text, 1)[0] ?? '';
}

function findAll(text: string, pattern: string, limit = -1n): string[] {
  return patternOf(pattern).findAll(text, limit < 0n ? text.length + 1 : Number(limit));
}

export const patterns: readonly Declaration[] = [
  ['matches', 'matches', '(string, string) -> bool', matches],
  ['matches', 'matches_string', 'string.(string) -> bool', matches],
  ['find', 'string_find_string', 'string.(string) -> string', find],
  ['findAll', 'string_find_all_string', 'string.(string) -> list(string)', findAll],
  ['findAll', 'string_find_all_string_int', 'string.(string, int) -> list(string)', findAll],
];
