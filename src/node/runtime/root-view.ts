// What a container will see as its file system, worked out before anything is mounted: layers of
// host directories under container paths. Answers where a container path lies on the host,
// following symbolic links as the container would, and makes mount points and files in the writable
// layers.
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OrdinalError } from '../../base/errors.ts';

/** Like the kernel's limit. */
const SYMLINKS_MAX = 40;

export interface Layer {
  /** Container path it covers. */
  readonly at: string;
  /** Host path where changes go; undefined when read-only. */
  readonly writable: string | undefined;
  /** Host path that shines through. */
  readonly lower: string | undefined;
}

export class RootView {
  readonly #layers: Layer[] = [];

  /** Later layers cover earlier ones. */
  add(layer: Layer): void {
    this.#layers.push(layer);
  }

  /** Container path without symbolic links; parts that do not exist are taken as they are. */
  resolve(path: string): string {
    let current = '/';
    let links = 0;
    const pending = path.split('/').reverse();
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      if (part === '' || part === '.') continue;
      const next = part === '..' ? dirname(current) : join(current, part);
      const link = this.#stat(next)?.isSymbolicLink() ? this.#readLink(next) : undefined;
      if (link === undefined) {
        current = next;
        continue;
      }
      if (++links > SYMLINKS_MAX) throw failure(`too many symbolic links in ${path}`);
      if (link.startsWith('/')) current = '/';
      pending.push(...link.split('/').reverse());
    }
    return current;
  }

  /** Status of what the container finds at `path` (links followed), or undefined. */
  stat(path: string): Stats | undefined {
    return this.#stat(this.resolve(path));
  }

  /** Host path of the existing file or directory at `path` (links followed), or undefined. */
  hostPath(path: string): string | undefined {
    return this.#locate(this.resolve(path));
  }

  /** Makes sure that `path` (without links) can be mounted on; throws OrdinalError if it can't. */
  ensureMountPoint(path: string, kind: 'directory' | 'file'): void {
    const stat = this.#stat(path);
    if (stat && stat.isDirectory() === (kind === 'directory')) return;
    if (stat) throw failure(`can't mount a ${kind} on ${path}, which is something else`);
    if (kind === 'directory') return this.ensureDirectory(path);
    this.ensureDirectory(dirname(path));
    this.#copyUp(dirname(path));
    closeSync(openSync(this.#writablePath(path), 'a', 0o644));
  }

  /** Makes the directory `path` (without links) and those above it. */
  ensureDirectory(path: string): void {
    if (this.#stat(path)) return;
    this.ensureDirectory(dirname(path));
    this.#copyUp(dirname(path));
    mkdirSync(this.#writablePath(path), { mode: 0o755 });
  }

  /**
   * Puts a file at `path`, in place of whatever is there (a link is replaced, not followed). False
   * when the place is read-only.
   */
  placeFile(path: string, content: string): boolean {
    const target = join(this.resolve(dirname(path)), basename(path));
    if (this.#layer(target).writable === undefined) return false;
    this.ensureDirectory(dirname(target));
    this.#copyUp(dirname(target));
    const file = this.#writablePath(target);
    rmSync(file, { force: true });
    writeFileSync(file, content, { mode: 0o644 });
    chmodSync(file, 0o644);
    return true;
  }

  /**
   * Gives `path` and those above it a directory in the writable layer, with the lower one's mode.
   */
  #copyUp(path: string): void {
    const layer = this.#layer(path);
    if (path === layer.at || layer.writable === undefined) return;
    this.#copyUp(dirname(path));
    const upper = join(layer.writable, path.slice(layer.at.length));
    if (layer.lower === undefined || status(upper)) return;
    mkdirSync(upper);
    const lower = statSync(join(layer.lower, path.slice(layer.at.length)));
    chmodSync(upper, lower.mode & 0o7777);
    // Other owners exist only for root.
    if (process.geteuid?.() === 0) chownIfAllowed(upper, lower);
  }

  #writablePath(path: string): string {
    const { at, writable } = this.#layer(path);
    if (writable === undefined) throw failure(`can't create ${path}: ${at} is read-only`);
    return join(writable, path.slice(at.length));
  }

  #locate(path: string): string | undefined {
    const { at, writable, lower } = this.#layer(path);
    const candidates = [writable, lower].filter((base) => base !== undefined);
    return candidates
      .map((base) => join(base, path.slice(at.length)))
      .find((candidate) => status(candidate));
  }

  #stat(path: string): Stats | undefined {
    const host = this.#locate(path);
    return host === undefined ? undefined : status(host);
  }

  #readLink(path: string): string {
    return readlinkSync(this.#locate(path) ?? path);
  }

  #layer(path: string): Layer {
    const covers = ({ at }: Layer) => at === '/' || path === at || path.startsWith(`${at}/`);
    const layer = this.#layers.findLast(covers);
    if (!layer) throw failure(`no layer covers ${path}`);
    return layer;
  }
}

function status(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function chownIfAllowed(path: string, { uid, gid }: Stats): void {
  try {
    chownSync(path, uid, gid);
  } catch {
    // In a user namespace the owner may not be mapped.
  }
}

function failure(message: string): OrdinalError {
  return new OrdinalError('ORD_CONTAINER_START', message);
}
