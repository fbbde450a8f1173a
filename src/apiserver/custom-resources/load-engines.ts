// Loads what only the schemas of custom resources need: regular expressions and CEL.
import { provideCel } from '../../api/cel/cel-engine.ts';
import { provideRegexEngine } from '../../api/meta/pattern.ts';

let loading: Promise<void> | undefined;

/** Resolves when schemas can be compiled; loads once. */
export function loadEngines(): Promise<void> {
  return (loading ??= load());
}

async function load(): Promise<void> {
  const [regex, cel] = await Promise.all([import('re2js'), import('@marcbachmann/cel-js')]);
  provideRegexEngine(regex);
  provideCel(cel);
}
