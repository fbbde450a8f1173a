// Checks the structure of an LMDB data file before LMDB maps it. LMDB trusts its file: a truncated
// or overwritten one would end the process with SIGBUS or SIGSEGV instead of an error.
// What values hold is not checked here; records have checksums (record-codec.ts).
// Layouts: liblmdb data version 2, 64 bit, little endian (`MDB_page_header`, `MDB_meta`,
// `MDB_node`).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { StoreCorruptError } from './store-errors.ts';

const PAGE_HEADER_BYTES = 24;
const META_BYTES = PAGE_HEADER_BYTES + 144;
const NODE_HEADER_BYTES = 8;
/** Page number, transaction and page count of a value on pages of its own. */
const BIG_DATA_REFERENCE_BYTES = 24;
const LMDB_MAGIC = 0xbeefc0de;
const LMDB_DATA_VERSION = 2;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
/** Bits of the page flags. */
const BRANCH = 0x01;
const LEAF = 0x02;
const META = 0x08;
/** Bits of the node flags: the value is on pages of its own; is a subtree, or several values. */
const BIG_DATA = 0x01;
const SUBTREES = 0x06;
/** Page number of the root of an empty tree. */
const NO_PAGE = 2 ** 64;

interface Meta {
  pageBytes: number;
  /** Roots of the tree of free pages and of the main tree. */
  roots: number[];
  lastPage: number;
  transaction: number;
}

interface DataFile {
  path: string;
  descriptor: number;
  pageBytes: number;
  /** Pages that the file has, and that LMDB knows of. */
  pageCount: number;
  /** One byte a page: 1 when a tree was seen to use it. */
  used: Uint8Array;
}

interface TreePage {
  file: DataFile;
  number: number;
  page: Buffer;
}

/** Throws StoreCorruptError unless the file is absent, empty, or a sound LMDB file. */
export function checkLmdbFile(path: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    checkDescriptor(path, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function checkDescriptor(path: string, descriptor: number): void {
  const { size } = fstatSync(descriptor);
  if (size === 0) return;
  const meta = newestMeta(path, descriptor);
  const pageCount = Math.min(Math.floor(size / meta.pageBytes), meta.lastPage + 1);
  const used = new Uint8Array(pageCount);
  const file: DataFile = { path, descriptor, pageBytes: meta.pageBytes, pageCount, used };
  for (const root of meta.roots) if (root !== NO_PAGE) checkTree(file, root);
}

function newestMeta(path: string, descriptor: number): Meta {
  const first = readMeta(path, descriptor, 0);
  const second = readMeta(path, descriptor, first.pageBytes);
  return second.transaction > first.transaction ? second : first;
}

function readMeta(path: string, descriptor: number, offset: number): Meta {
  const page = Buffer.alloc(META_BYTES);
  const length = readSync(descriptor, page, 0, META_BYTES, offset);
  const pageBytes = page.readUInt32LE(48);
  const isMeta =
    length === META_BYTES &&
    (page.readUInt16LE(18) & META) !== 0 &&
    page.readUInt32LE(24) === LMDB_MAGIC &&
    page.readUInt16LE(28) === LMDB_DATA_VERSION &&
    pageBytes >= PAGE_BYTES_MIN &&
    pageBytes <= PAGE_BYTES_MAX;
  if (!isMeta) throw new StoreCorruptError(`${path} is not an LMDB file of this version`);
  const roots = [readUInt64(page, 88), readUInt64(page, 136)];
  const lastPage = readUInt64(page, 144);
  return { pageBytes, roots, lastPage, transaction: readUInt64(page, 152) };
}

function checkTree(file: DataFile, root: number): void {
  const page = Buffer.allocUnsafe(file.pageBytes);
  const waiting = [root];
  for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
    use(file, number, 1);
    readSync(file.descriptor, page, 0, file.pageBytes, number * file.pageBytes);
    for (const child of checkPage({ file, number, page })) waiting.push(child);
  }
}

/** Checks a page of a tree; returns the numbers of the pages below it. */
function checkPage(treePage: TreePage): number[] {
  const { file, number, page } = treePage;
  const isBranch = page.readUInt16LE(18) === BRANCH;
  const bodyBytes = file.pageBytes - PAGE_HEADER_BYTES;
  const lower = page.readUInt16LE(20);
  const upper = page.readUInt16LE(22);
  const isSound =
    readUInt64(page, 0) === number &&
    (isBranch || page.readUInt16LE(18) === LEAF) &&
    lower <= upper &&
    upper <= bodyBytes;
  if (!isSound) throw broken(file, number);
  const children: number[] = [];
  for (let position = 0; position < lower; position += 2) {
    const offset = PAGE_HEADER_BYTES + page.readUInt16LE(PAGE_HEADER_BYTES + position);
    if (offset + NODE_HEADER_BYTES > file.pageBytes) throw broken(file, number);
    const keyEnd = offset + NODE_HEADER_BYTES + page.readUInt16LE(offset + 6);
    if (keyEnd > file.pageBytes) throw broken(file, number);
    if (isBranch) children.push(page.readUIntLE(offset, 6));
    else checkLeafNode(treePage, offset);
  }
  return children;
}

/** Checks the node at `offset` of a leaf, and notes the pages of its value. */
function checkLeafNode({ file, number, page }: TreePage, offset: number): void {
  const valueBytes = page.readUInt32LE(offset);
  const flags = page.readUInt16LE(offset + 4);
  const valueStart = offset + NODE_HEADER_BYTES + page.readUInt16LE(offset + 6);
  const isBig = (flags & BIG_DATA) !== 0;
  const inPageBytes = isBig ? BIG_DATA_REFERENCE_BYTES : valueBytes;
  if ((flags & SUBTREES) !== 0 || valueStart + inPageBytes > page.length) {
    throw broken(file, number);
  }
  if (!isBig) return;
  const pages = readUInt64(page, valueStart + 16);
  if (PAGE_HEADER_BYTES + valueBytes > pages * file.pageBytes) throw broken(file, number);
  use(file, readUInt64(page, valueStart), pages);
}

/** Notes that a tree uses these pages: they must be in the file and used once. */
function use(file: DataFile, first: number, count: number): void {
  if (first + count > file.pageCount) {
    throw new StoreCorruptError(`${file.path} is truncated: page ${first + count - 1} is missing`);
  }
  for (let number = first; number < first + count; number++) {
    if (file.used[number]) throw broken(file, number);
    file.used[number] = 1;
  }
}

function broken({ path }: DataFile, number: number): StoreCorruptError {
  return new StoreCorruptError(`page ${number} of ${path} is broken`);
}

/** Exact below 2^53; what is larger is beyond every file anyway. */
function readUInt64(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32;
}
