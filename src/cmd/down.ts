// `ordinal down`: stops the pods gracefully and the server, also after a server that was killed.
import { readdirSync, rmSync } from 'node:fs';
import { sleep, systemClock } from '../base/clock.ts';
import { OrdinalError } from '../base/errors.ts';
import { isAlive } from '../node/runtime/process-identity.ts';
import { removeClusterNamespace } from '../node/runtime/sandbox/cluster-namespace.ts';
import {
  dataDirectory,
  readServerRecord,
  type DataDirectory,
  type ServerRecord,
} from './data-directory.ts';
import { drainLeftPods } from './drain.ts';

export interface DownOptions {
  readonly dataDir: string;
  readonly wipe: boolean;
}

/** The longest grace of a pod that we wait for, plus time to end, in milliseconds. */
const STOP_MS_MAX = 120_000;
const POLL_MS = 20;

export async function down({ dataDir, wipe }: DownOptions): Promise<void> {
  const directory = dataDirectory(dataDir);
  const found = readServerRecord(directory);
  if (found?.alive) await stopServer(found.record);
  else if (found) await drainLeftPods(directory, found.record);
  removeClusterNamespace(directory.runtime);
  if (wipe) removeData(directory);
  const state = found ? 'stopped' : 'was not running';
  process.stdout.write(`ordinal ${state}${wipe ? '; its data is removed' : ''}\n`);
}

async function stopServer(record: ServerRecord): Promise<void> {
  process.kill(record.process.pid, 'SIGTERM');
  const deadlineMs = systemClock.now() + STOP_MS_MAX;
  while (isAlive(record.process)) {
    if (systemClock.now() > deadlineMs) {
      throw new OrdinalError('ORD_STOP', `process ${record.process.pid} does not end`, {
        action: `look at its log, or end it with kill -9 ${record.process.pid} and run down again`,
      });
    }
    await sleep(systemClock, POLL_MS);
  }
}

/** Removes what is ours in the data directory, and the directory if nothing else is in it. */
function removeData(directory: DataDirectory): void {
  const { root, ...parts } = directory;
  for (const path of Object.values(parts)) {
    rmSync(path, { recursive: true, force: true });
  }
  let left: string[];
  try {
    left = readdirSync(root);
  } catch {
    return; // there was none
  }
  if (left.length === 0) rmSync(root, { recursive: true });
}
