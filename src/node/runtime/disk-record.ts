// Small JSON files that a `kill -9` at any moment leaves readable: written beside, then renamed.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Replaces the file `path` by `value` as JSON, readable by the owner only (may hold secrets). */
export function writeRecord(path: string, value: unknown): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
  renameSync(temporary, path);
}

/** The value written last, or undefined when there is none (or a power loss tore it). */
export function readRecord<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
