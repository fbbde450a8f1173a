// What lies where in the data directory; nothing is ever written elsewhere.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { OrdinalError, systemErrorCode, errorMessage } from '../base/errors.ts';
import { isAlive, type ProcessIdentity } from '../node/runtime/process-identity.ts';

export interface DataDirectory {
  readonly root: string;
  readonly store: string;
  readonly pki: string;
  readonly nodes: string;
  readonly runtime: string;
  readonly volumes: string;
  readonly kubeconfig: string;
  readonly serverFile: string;
  readonly logFile: string;
  /** What the sandbox can do, remembered until the next boot. */
  readonly abilitiesFile: string;
}

/** The default of `--data-dir`: XDG data directory, `ordinal/`. */
export function defaultDataDirectory(environment: NodeJS.ProcessEnv): string {
  const xdg = environment['XDG_DATA_HOME'];
  const base = xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.local', 'share');
  return join(base, 'ordinal');
}

export function dataDirectory(path: string): DataDirectory {
  const root = resolve(path);
  return {
    root,
    store: join(root, 'store'),
    pki: join(root, 'pki'),
    nodes: join(root, 'nodes'),
    runtime: join(root, 'runtime'),
    volumes: join(root, 'volumes'),
    kubeconfig: join(root, 'kubeconfig'),
    serverFile: join(root, 'server.json'),
    logFile: join(root, 'server.log'),
    abilitiesFile: join(root, 'abilities.json'),
  };
}

/** Makes the directory for its owner only. Throws OrdinalError `ORD_DATA_DIR`. */
export function createDataDirectory(directory: DataDirectory): void {
  try {
    makeFolder(directory.root);
  } catch (cause) {
    throw new OrdinalError(
      'ORD_DATA_DIR',
      `can't make the data directory ${directory.root}: ${errorMessage(cause)}`,
      { action: 'choose another one with --data-dir', cause },
    );
  }
}

/**
 * With its parents. Node's own recursive mkdir never returns where a folder can't be made in /proc.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  mkdirSync(path, { mode: 0o700 });
}

/** What a running server says of itself to `down` and `status`. */
export interface ServerRecord {
  readonly process: ProcessIdentity;
  readonly server: string;
  readonly kubeconfig: string;
  readonly runtime: 'sandbox' | 'process' | 'none';
  readonly dnsPort: number | undefined;
  readonly nodes: number;
  readonly version: string;
}

export function writeServerRecord(directory: DataDirectory, record: ServerRecord): void {
  const staging = `${directory.serverFile}.new`;
  writeFileSync(staging, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(staging, directory.serverFile);
}

export function removeServerRecord(directory: DataDirectory): void {
  rmSync(directory.serverFile, { force: true });
}

/**
 * The record of the last server that ran here, alive or not; undefined when it stopped in good
 * order.
 */
export function readServerRecord(
  directory: DataDirectory,
): { record: ServerRecord; alive: boolean } | undefined {
  let text: string;
  try {
    text = readFileSync(directory.serverFile, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const record = JSON.parse(text) as ServerRecord;
  return { record, alive: isAlive(record.process) };
}
