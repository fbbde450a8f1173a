// The functions that all expressions have: those of Kubernetes 1.36. Read once, when first needed.
import { functionTable } from './language/declarations.ts';
import type { Declaration, FunctionTable } from './language/declarations.ts';
import { addresses } from './libraries/addresses.ts';
import { conversions } from './libraries/conversions.ts';
import { lists } from './libraries/lists.ts';
import { namedFormats } from './libraries/named-formats.ts';
import { operators } from './libraries/operators.ts';
import { optionals } from './libraries/optionals.ts';
import { patterns } from './libraries/patterns.ts';
import { quantities } from './libraries/quantities.ts';
import { strings } from './libraries/strings.ts';
import { times } from './libraries/times.ts';
import { versions } from './libraries/versions.ts';

// prettier-ignore
const common: readonly Declaration[] = [
  ...operators, ...conversions, ...times, ...strings, ...patterns, ...lists, ...optionals,
  ...quantities, ...addresses, ...namedFormats, ...versions,
];

const tables = new Map<readonly Declaration[] | undefined, FunctionTable>();

/** All functions, with those of `extra`. */
export function celFunctions(extra?: readonly Declaration[]): FunctionTable {
  const known = tables.get(extra);
  if (known) return known;
  const table = functionTable(extra ? [...common, ...extra] : common);
  tables.set(extra, table);
  return table;
}
