// Bundles the command and the library into dist/. One file a program makes a fast start: that is a
// feature. Declarations come from tsc. Native packages stay outside the bundle.
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// CommonJS packages inside an ES module bundle still ask for Node's built-ins with require().
const requireBanner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};

// Built aside and put in place at the end: what runs from the old build keeps its files until then.
const staging = 'dist.new';
rmSync(join(root, staging), { recursive: true, force: true });

await build({
  absWorkingDir: root,
  entryPoints: {
    ordinal: 'src/cmd/main.ts',
    'inner-server': 'src/cmd/inner-server.ts',
    'host-dialer': 'src/cmd/host-dialer.ts',
    index: 'src/index.ts',
    testing: 'src/testing.ts',
  },
  outdir: staging,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Half the size is half the time to parse it; names stay for readable stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  // Node shows the line where an uncaught error was thrown: it must not be the whole program.
  lineLimit: 160,
  sourcemap: true,
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
  external: ['lmdb', 'undici'],
  banner: requireBanner,
});

// What the demo's pods run: one file each, delivered to them in a ConfigMap.
await build({
  absWorkingDir: root,
  entryPoints: ['member', 'ready', 'sql'].map((name) => `demo/pod/${name}.mjs`),
  outdir: `${staging}/demo`,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  external: ['pg-native', 'cloudflare:sockets'],
  banner: requireBanner,
});

if (!process.argv.includes('--no-types')) {
  const types = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/typescript/bin/tsc'),
      '-p',
      'tsconfig.build.json',
      '--outDir',
      `${staging}/types`,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  if (types.status !== 0) process.exit(types.status ?? 1);
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
renameSync(join(root, staging), join(root, 'dist'));
