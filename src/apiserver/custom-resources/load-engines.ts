// Loads what only schemas and expressions need: regular expressions.
import { provideRegexEngine } from '../../api/meta/pattern.ts';

let loading: Promise<void> | undefined;

/** Resolves when schemas and expressions can be compiled; loads once. */
export function loadEngines(): Promise<void> {
  return (loading ??= load());
}

async function load(): Promise<void> {
  provideRegexEngine(await import('re2js'));
}
