// The CEL library. Whoever needs it provides it first: it is loaded with the first definition only.
import type * as Cel from '@marcbachmann/cel-js';

type Engine = Pick<typeof Cel, 'Environment' | 'Optional'>;

let engine: Engine | undefined;

/** Sets the library, the module `@marcbachmann/cel-js`. */
export function provideCel(module: Engine): void {
  engine = module;
}

/** The library. Throws Error before it is there. */
export function celEngine(): Engine {
  if (!engine) throw new Error('no CEL library has been provided');
  return engine;
}
