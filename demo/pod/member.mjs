// Runs in every pod before PostgreSQL starts: makes the data directory if the volume has none.
// Ordinal 0 is the primary (initdb); the others clone it over the replication protocol, finding it
// by its stable name. On later starts the volume already holds the data and nothing is to be done.
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseBackup } from './base-backup.mjs';
import { hostAddress, podPath } from './place.mjs';

const dataDirectory = podPath(process.env.PGDATA);
const primary = process.env.PRIMARY_HOST;
const member = process.env.POD_NAME;
const isPrimary = member.endsWith('-0');

if (existsSync(join(dataDirectory, 'PG_VERSION'))) {
  console.log(`${member}: found the data of an earlier start`);
} else if (isPrimary) {
  initialise();
} else {
  await clone();
}
if (!isPrimary) await follow();

function initialise() {
  const staging = freshStaging();
  const args = ['-D', staging, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'];
  const result = spawnSync(podPath('/opt/postgresql/bin/initdb'), [...args, '--no-sync'], {
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  configure(staging);
  appendFileSync(
    join(staging, 'pg_hba.conf'),
    'host all all all trust\nhost replication all all trust\n',
  );
  renameSync(staging, dataDirectory);
  console.log(`${member}: initialised a new primary`);
}

async function clone() {
  const staging = freshStaging();
  mkdirSync(staging, { mode: 0o700 });
  await baseBackup({ host: await hostAddress(primary), directory: staging });
  writeFileSync(join(staging, 'standby.signal'), '');
  renameSync(staging, dataDirectory);
  console.log(`${member}: cloned ${primary}`);
}

/** Says whom to follow, anew at every start: the last line of the file counts. */
async function follow() {
  const host = await hostAddress(primary);
  const conninfo = `host=${host} port=5432 user=postgres application_name=${member}`;
  appendFileSync(join(dataDirectory, 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
}

/** A kill in the middle leaves only the staging directory, which the next start removes. */
function freshStaging() {
  const staging = `${dataDirectory}.new`;
  rmSync(staging, { recursive: true, force: true });
  return staging;
}

function configure(directory) {
  const settings = {
    wal_level: 'replica',
    hot_standby: 'on',
    wal_keep_size: '256MB',
    wal_retrieve_retry_interval: '200ms',
    shared_buffers: '16MB',
    max_connections: '20',
    fsync: 'on',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
  appendFileSync(join(directory, 'postgresql.conf'), lines.join(''));
}
