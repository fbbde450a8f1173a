import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Logger } from '../base/logger.ts';
import { silentLogger } from '../base/logger.ts';
import { createAuditFile } from './audit-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ordinal-audit-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('API-117: writes one JSON line an event, in order', async () => {
  const path = join(folder, 'audit.log');
  const file = createAuditFile({ path, logger: silentLogger });
  for (let number = 0; number < 100; number++) file.write({ number });
  await file.flush();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines).toEqual(Array.from({ length: 100 }, (_, number) => JSON.stringify({ number })));
});

it('API-117: puts a full file aside and keeps nine old ones', async () => {
  const path = join(folder, 'audit.log');
  const file = createAuditFile({ path, logger: silentLogger, bytesMax: 1 });
  for (let number = 1; number <= 12; number++) {
    file.write({ number });
    await file.flush();
  }
  expect(await readdir(folder)).toHaveLength(10);
  expect(await readFile(path, 'utf8')).toBe('{"number":12}\n');
  expect(await readFile(`${path}.1`, 'utf8')).toBe('{"number":11}\n');
  expect(await readFile(`${path}.9`, 'utf8')).toBe('{"number":3}\n');
});

it('API-117: says what it could not write, and goes on', async () => {
  const errors: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (message) => errors.push(message) };
  const file = createAuditFile({ path: join(folder, 'none', 'audit.log'), logger });
  file.write({});
  await file.flush();
  expect(errors).toEqual(['audit events lost']);
});

it('API-117: what cannot be written down is no fault of the server', async () => {
  const path = join(folder, 'audit.log');
  const file = createAuditFile({ path, logger: silentLogger });
  const endless: Record<string, unknown> = {};
  endless['itself'] = endless;
  file.write(endless);
  file.write({ a: 1 });
  await file.flush();
  expect(await readFile(path, 'utf8')).toBe('{"a":1}\n');
});
