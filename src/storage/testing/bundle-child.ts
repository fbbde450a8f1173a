// For tests: makes a program of a test's child process, without the start-up time of tsx.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bundles `testing/<name>.ts`; returns the path of a program for node. */
export async function bundleChild(name: string): Promise<string> {
  // Below node_modules, where the program finds packages and nobody else looks.
  const outfile = new URL(`../../../node_modules/.cache/ordinal/${name}.mjs`, import.meta.url);
  await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    outfile: fileURLToPath(outfile),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
  return fileURLToPath(outfile);
}
