// The durable store on bad ground: broken, foreign and busy directories, disks that refuse.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLmdbStore } from './lmdb-store.ts';
import { encodeHead, FORMAT_VERSION } from './record-codec.ts';
import type { Store } from './store.ts';
import { bundleChild } from './testing/bundle-child.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ordinal-store-'));
  file = join(directory, 'store.mdb');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function started(options: { historyLimit?: number } = {}): Promise<Store> {
  const store = createLmdbStore({ directory, ...options });
  await store.start();
  return store;
}

/** Leaves a store after so many writes, with values of all sizes. */
async function seed(writes = 300): Promise<void> {
  const store = await started();
  const value = (number: number) => () => Buffer.alloc(10 + number * 20, `value ${number} `);
  const numbers = Array.from({ length: writes }, (_, number) => number);
  await Promise.all(numbers.map((number) => store.put(`/k${number % 200}`, value(number))));
  await store.stop();
}

/** Changes the data with LMDB itself. */
async function tamper(change: (data: ReturnType<typeof openRaw>) => Promise<unknown>) {
  const data = openRaw();
  await change(data);
  await data.close();
}

function openRaw() {
  return open<Buffer, string | number>({
    path: file,
    noSubdir: true,
    overlappingSync: false,
    encoding: 'binary',
  });
}

function fingerprint(): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Starting must fail with this, twice alike, and leave the file as it is. */
async function expectRefused(code: string, message: RegExp): Promise<void> {
  const before = fingerprint();
  for (let attempt = 0; attempt < 2; attempt++) {
    const error: unknown = await started().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error).toHaveProperty('action', expect.stringMatching(/\w/));
  }
  expect(fingerprint()).toBe(before);
}

describe('corrupt data is refused by name and left as it is', () => {
  const corrupt = 'ORD_STORE_CORRUPT';

  test('a file that is not LMDB', async () => {
    writeFileSync(file, 'something else entirely '.repeat(1000));
    await expectRefused(corrupt, /store\.mdb is not an LMDB file/);
  });

  test('a file too short to be LMDB', async () => {
    writeFileSync(file, 'x');
    await expectRefused(corrupt, /not an LMDB file/);
  });

  test('a truncated file, whatever is missing', async () => {
    await seed();
    const whole = readFileSync(file);
    for (let part = 1; part < 20; part++) {
      writeFileSync(file, whole);
      truncateSync(file, Math.floor((whole.length * part) / 20));
      await expectRefused(corrupt, /truncated|broken|not an LMDB file/);
    }
  });

  test('overwritten bytes, wherever they are', async () => {
    await seed(100);
    const whole = readFileSync(file);
    const { contents } = await readAll();
    for (let page = 0; page * 4096 < whole.length; page++) {
      const damaged = Buffer.from(whole);
      for (let at = 0; at < 4096; at += 8) damaged.writeUInt32LE(0xdeadbeef, page * 4096 + at);
      writeFileSync(file, damaged);
      const before = fingerprint();
      const outcome = await readAll().catch((error: unknown) => ({ error }));
      // Pages that are free now matter to nobody.
      if ('error' in outcome) expect(outcome.error).toMatchObject({ code: corrupt });
      else expect(outcome.contents).toEqual(contents);
      expect(fingerprint()).toBe(before);
    }
  });

  test('a changed record', async () => {
    await seed();
    await tamper(async (data) => {
      const record = Buffer.from(data.get(250)!);
      record[record.length - 10]! ^= 1;
      await data.put(250, record);
    });
    await expectRefused(corrupt, /checksum of the record of revision 250/);
  });

  test('a record in the place of another', async () => {
    await seed();
    await tamper(async (data) => data.put(250, Buffer.from(data.get(251)!)));
    await expectRefused(corrupt, /record of revision 250 is another one/);
  });

  test('a missing record', async () => {
    await seed();
    await tamper((data) => data.remove(120));
    await expectRefused(corrupt, /299 records, not 300/);
  });

  test('a foreign record', async () => {
    await seed();
    await tamper((data) => data.put('the foreign key', Buffer.from('x')));
    await expectRefused(corrupt, /foreign record/);
  });

  test('a missing head', async () => {
    await seed();
    await tamper((data) => data.remove('head'));
    await expectRefused(corrupt, /records and no head/);
  });

  test('a changed head', async () => {
    await seed();
    await tamper(async (data) => {
      const head = Buffer.from(data.get('head')!);
      head[12]! ^= 1;
      await data.put('head', head);
    });
    await expectRefused(corrupt, /checksum of the head/);
  });

  test('a head of an older state', async () => {
    await seed();
    const head = encodeHead({ revision: 299, compactedRevision: 0, recordCount: 300 });
    await tamper((data) => data.put('head', head));
    await expectRefused(corrupt, /revisions newer than its newest, 299/);
  });

  test('history that should be compacted', async () => {
    await seed();
    const head = encodeHead({ revision: 300, compactedRevision: 250, recordCount: 300 });
    await tamper((data) => data.put('head', head));
    await expectRefused(corrupt, /compacted history of \/k/);
  });
});

/** All that a store of the directory holds, as text. */
async function readAll(): Promise<{ contents: string[] }> {
  const store = await started();
  const { entries } = store.list('');
  await store.stop();
  return {
    contents: entries.map(({ key, value, revision }) => `${key}@${revision} ${value.toString()}`),
  };
}

test('data of another format version is refused and left as it is', async () => {
  await seed();
  await tamper(async (data) => {
    const head = Buffer.from(data.get('head')!);
    head.writeUInt32BE(FORMAT_VERSION + 1, 4);
    // Data of a newer version is not broken: its checksum is right.
    head.writeUInt32LE(crc32(head.subarray(0, -4)), head.length - 4);
    await data.put('head', head);
  });
  await expectRefused('ORD_STORE_FORMAT', /format version 2, not 1/);
});

test('a directory that another store uses is refused', async () => {
  const store = await started();
  const second = createLmdbStore({ directory });
  await expect(second.start()).rejects.toMatchObject({
    code: 'ORD_STORE_LOCKED',
    message: `${directory} is in use by process ${process.pid}`,
  });
  await store.put('/a', () => Buffer.from('1'));
  await store.stop();
  await second.start();
  expect(second.get('/a')).toBeDefined();
  await second.stop();
});

test('a directory that can not be opened is refused', async () => {
  writeFileSync(join(directory, 'plain-file'), '');
  const store = createLmdbStore({ directory: join(directory, 'plain-file', 'data') });
  await expect(store.start()).rejects.toMatchObject({ code: 'ORD_STORE_OPEN' });
  mkdirSync(file);
  await expect(started()).rejects.toMatchObject({ code: 'ORD_STORE_OPEN' });
});

test('a start that failed can be tried again', async () => {
  writeFileSync(file, 'garbage');
  const store = createLmdbStore({ directory });
  await expect(store.start()).rejects.toMatchObject({ code: 'ORD_STORE_CORRUPT' });
  rmSync(file);
  await store.start();
  await store.put('/a', () => Buffer.from('1'));
  await store.stop();
});

test('a lower history limit takes effect with the next write', async () => {
  await seed();
  const store = await started({ historyLimit: 10 });
  expect(store.compactedRevision).toBe(0);
  await store.put('/a', () => Buffer.from('1'));
  expect(store.compactedRevision).toBe(291);
  store.check();
  await store.stop();
});

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

test.skipIf(!hasPrlimit)('a full disk refuses writes, loses nothing and may recover', async () => {
  const program = await bundleChild('full-disk-writer');
  // The limit of the file size stands for the end of the disk: 2 or 4 MB, depending on the shell.
  const command = 'ulimit -S -f 4000 && exec "$0" "$@"';
  const child = spawn('sh', ['-c', command, process.execPath, program, directory], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  spawnSync('prlimit', ['--pid', String(child.pid), '--fsize=unlimited']);
  child.stdin.on('error', () => {}).end('go on\n');
  expect(await closed, errors).toEqual([0, null]);
});
