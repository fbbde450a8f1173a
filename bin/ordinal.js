#!/usr/bin/env node
import { existsSync } from 'node:fs';

const bundle = new URL('../dist/ordinal.js', import.meta.url);
if (!existsSync(bundle)) {
  process.stderr.write('ordinal is not built yet: run `npm run build` in its folder\n');
  process.exit(1);
}
await import(bundle.href);
