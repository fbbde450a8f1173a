// The CEL environment that all expressions start from: the library's own functions with those of
// Kubernetes. Built once, then cloned.
import { celEngine } from './cel-engine.ts';
import { celEqual } from './cel-equal.ts';
import type { CelLibrary } from './libraries/library.ts';
import { addresses } from './libraries/addresses.ts';
import { mathematics, namedFormats, versions } from './libraries/formats-and-versions.ts';
import { lists } from './libraries/lists.ts';
import { quantities } from './libraries/quantities.ts';
import { strings } from './libraries/strings.ts';

export type CelEnvironment = InstanceType<ReturnType<typeof celEngine>['Environment']>;

const AST_NODES_MAX = 5_000;

const libraries = [strings, lists, quantities, addresses, namedFormats, versions, mathematics];

let base: CelEnvironment | undefined;
let names: ReadonlySet<string> | undefined;

/** A fresh environment with all functions and no variables. */
export function newCelEnvironment(extra: readonly CelLibrary[] = []): CelEnvironment {
  base ??= withLibraries(emptyEnvironment(), libraries);
  return withLibraries(base.clone(), extra);
}

/** The names of all functions. */
export function celFunctionNames(): ReadonlySet<string> {
  names ??= new Set(
    newCelEnvironment()
      .getDefinitions()
      .functions.map(({ name }) => name),
  );
  return names;
}

function emptyEnvironment(): CelEnvironment {
  const { Environment } = celEngine();
  const environment = new Environment({
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    // Syntax trees are walked recursively.
    limits: { maxAstNodes: AST_NODES_MAX },
  });
  return environment.registerOperator('optional<A> == optional<A>', equalOptionals);
}

function withLibraries(environment: CelEnvironment, added: readonly CelLibrary[]): CelEnvironment {
  for (const { types = [], namespaces = {}, functions } of added) {
    for (const [name, constructor] of types) environment.registerType(name, constructor as never);
    for (const [name, [type, value]] of Object.entries(namespaces)) {
      environment.registerConstant(name, type, value);
    }
    for (const [signature, handler] of functions) {
      environment.registerFunction(signature, handler as (...values: unknown[]) => unknown);
    }
  }
  return environment;
}

interface Holder {
  hasValue(): boolean;
  value(): unknown;
}

function equalOptionals(left: Holder, right: Holder): boolean {
  if (!left.hasValue() || !right.hasValue()) return left.hasValue() === right.hasValue();
  return celEqual(left.value(), right.value());
}
