// Lines for one `mount -a -T FILE`: mounting one by one costs four times as much.
import { readText } from '../process-identity.ts';

export interface FstabEntry {
  readonly source: string;
  /** Must not go through symbolic links: mount(8) would follow them on the host's side. */
  readonly target: string;
  /** `none` for bind mounts. */
  readonly type: string;
  readonly options: string;
}

export interface HostMount {
  /** Mount point. */
  readonly path: string;
  readonly options: readonly string[];
}

/** Mount flags that a user namespace may not take away from a mount it inherited. */
const LOCKED_OPTIONS = ['nosuid', 'nodev', 'noexec', 'noatime', 'relatime', 'nodiratime'];

/** Bind mount of `source` with what is mounted below it. */
export function bindEntry(source: string, target: string, readOnly: boolean): FstabEntry {
  return { source, target, type: 'none', options: readOnly ? 'rbind,ro' : 'rbind' };
}

/** File content for `mount -a -T`. */
export function formatFstab(entries: readonly FstabEntry[]): string {
  const line = ({ source, target, type, options }: FstabEntry) =>
    [source, target, type, options].map(escapeField).join(' ');
  return entries.map((entry) => `${line(entry)} 0 0\n`).join('');
}

/** The mounts of this process's namespace, in mount order. */
export function hostMounts(): HostMount[] {
  const lines = readText('/proc/self/mountinfo').split('\n');
  return lines.flatMap((line) => {
    const fields = line.split(' ');
    const [path, options] = [fields[4], fields[5]];
    if (path === undefined || options === undefined) return [];
    return { path: unescapeField(path), options: options.split(',') };
  });
}

/** Options that a read-only bind of `path` must repeat where we are not the machine's root. */
export function lockedOptions(path: string, mounts: readonly HostMount[]): string[] {
  const isAbove = (mount: HostMount) =>
    mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`);
  const nearest = mounts
    .filter(isAbove)
    .reduce<HostMount | undefined>(
      (best, mount) => (best && best.path.length > mount.path.length ? best : mount),
      undefined,
    );
  return (nearest?.options ?? []).filter((option) => LOCKED_OPTIONS.includes(option));
}

function escapeField(text: string): string {
  return text.replace(/[\s\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function unescapeField(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
