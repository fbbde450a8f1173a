// The CEL library. Whoever needs it provides it first: it is loaded with the first definition only.
type Engine = Pick<typeof import('@marcbachmann/cel-js'), 'Environment' | 'Optional'>;

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
