// Bundles 'report.ts' and runs it: Node.js 20 does not read TypeScript by itself.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = mkdtempSync(join(tmpdir(), 'ordinal-exhaustive-'));
const outfile = join(folder, 'report.mjs');
const entryPoints = [fileURLToPath(new URL('report.ts', import.meta.url))];
try {
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm' });
  const options = ['--max-old-space-size=6144', outfile, ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, options, { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
