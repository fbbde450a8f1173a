// BASE_BACKUP over the streaming replication protocol (PostgreSQL 15+), unpacked into a directory.
import { createWriteStream, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { extract } from 'tar-stream';

/** Copies the cluster at `host` into the empty `directory`; throws when it can't. */
export async function baseBackup({ host, directory }) {
  const client = new pg.Client({ host, port: 5432, user: 'postgres', replication: 'true' });
  await client.connect();
  const archive = new PassThrough();
  const unpacked = unpack(archive, directory);
  unpacked.catch(() => {}); // reported below
  try {
    await new Promise((resolve, reject) => client.query(backupQuery(archive, { resolve, reject })));
    archive.end();
    await unpacked;
  } finally {
    await client.end();
  }
}

/** CopyData messages start with their kind: n(ew archive), d(ata), m(anifest), p(rogress). */
function backupQuery(archive, { resolve, reject }) {
  let failure;
  return {
    submit: (connection) =>
      connection.query("BASE_BACKUP (LABEL 'ordinal', CHECKPOINT 'fast', WAL true, MANIFEST 'no')"),
    handleCopyData({ chunk }) {
      if (chunk[0] === 0x64) archive.write(Buffer.from(chunk.subarray(1)));
    },
    handleError(error) {
      failure = error;
      reject(error);
    },
    handleReadyForQuery() {
      if (!failure) resolve();
    },
    handleRowDescription() {},
    handleDataRow() {},
    handleCommandComplete() {},
    handlePortalSuspended() {},
    handleEmptyQuery() {},
    handleCopyInResponse(connection) {
      connection.sendCopyFail('not expected');
    },
  };
}

async function unpack(archive, directory) {
  const entries = archive.pipe(extract());
  for await (const entry of entries) {
    const path = join(directory, entry.header.name);
    if (entry.header.type === 'directory') {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      entry.resume();
    } else if (entry.header.type === 'symlink') {
      symlinkSync(entry.header.linkname, path);
      entry.resume();
    } else {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      await pipeline(entry, createWriteStream(path, { mode: 0o600 }));
    }
  }
}
