// Who may import whom. Widening a row needs a decision record (docs/decisions).

/** A room is a folder of src/, or the name of a file that stands directly in it. */
export function roomOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? '';
}

/** Files of src/ that join the rooms; no room may import them. */
export const compositionRoot = [
  'embedded',
  'embedded-controllers',
  'in-process-transport',
  'index',
  'testing',
  'cmd',
];

/** Room → rooms it may import besides itself. The composition root may import all. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  api: ['base/assert'],
  storage: ['base'],
  client: ['base', 'api'],
  apiserver: ['base', 'api', 'storage'],
  controllers: ['base', 'api', 'client'],
  node: ['base', 'api', 'client'],
  dns: ['base', 'api', 'client'],
};

/** What decides and does nothing else: pure functions, nothing asynchronous. */
export const planFiles =
  /^src\/(controllers\/[a-z0-9]+|node)\/plan\/|^src\/dns\/service-records\.ts$/;

/** What they may import besides their own folder and api/. */
export const planImports = ['src/base/assert.ts', 'src/base/time.ts'];

export interface BuiltInRule {
  readonly modules: readonly string[];
  /** Files that may import them. */
  readonly allowed: RegExp;
}

/** Doors to the world, and the rooms that have a key. */
export const builtInRules: readonly BuiltInRule[] = [
  {
    modules: ['node:child_process', 'node:worker_threads', 'node:cluster'],
    allowed: /^src\/(node|cmd)\//,
  },
  {
    modules: ['node:fs', 'node:fs/promises'],
    // A kubeconfig names files of certificates; the testing library keeps volumes somewhere.
    allowed: /^src\/(storage|node|cmd)\/|^src\/(client\/kubeconfig|testing)\.ts$/,
  },
  { modules: ['node:net', 'node:dgram'], allowed: /^src\/(apiserver|client|dns|node|cmd)\// },
];

export interface BannedCall {
  readonly what: string;
  readonly pattern: RegExp;
}

/** Time, chance and surroundings come in through options, so that a run can be repeated. */
export const bannedCalls: readonly BannedCall[] = [
  { what: 'Date.now', pattern: /\bDate\.now\b/ },
  { what: 'new Date()', pattern: /\bnew Date\(\)/ },
  { what: 'performance.now', pattern: /\bperformance\.now\b/ },
  { what: 'Math.random', pattern: /\bMath\.random\b/ },
  { what: 'randomUUID, randomInt', pattern: /\brandom(UUID|Int)\b/ },
  { what: 'setTimeout, setInterval', pattern: /(?<![.\w])set(Timeout|Interval)\(/ },
  { what: 'process.env', pattern: /\bprocess\.env\b/ },
  { what: 'process.exit', pattern: /\bprocess\.exit\(/ },
  { what: 'console', pattern: /(?<![.\w])console\./ },
];

/** Rooms that are the door to them. */
export const bannedCallsAllowed = /^src\/(base|cmd)\//;
