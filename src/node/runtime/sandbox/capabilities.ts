// Which Linux capabilities a container keeps, in the words of setpriv(1).
import { OrdinalError } from '../../../base/errors.ts';
import type { ContainerConfig } from '../runtime.ts';

/** By number; setpriv and the kernel both know them by these names. */
const CAPABILITY_NAMES = words(`
  CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
  SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG
  MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
  BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`);

/** What containerd gives a container that asks for nothing. */
const DEFAULT_CAPABILITIES = words(`
  CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE
  SYS_CHROOT KILL AUDIT_WRITE`);

/** Names of the capabilities in a `CapBnd` or `CapEff` mask of /proc/PID/status (hexadecimal). */
export function capabilitiesOfMask(mask: string): ReadonlySet<string> {
  const bits = BigInt(`0x${mask}`);
  return new Set(CAPABILITY_NAMES.filter((_, number) => (bits >> BigInt(number)) & 1n));
}

/**
 * The capabilities of a container among those `available` to us: `add` and `drop` as in Kubernetes
 * (`ALL` allowed, `CAP_` optional, drops after adds). Throws OrdinalError for an unknown name.
 */
export function containerCapabilities(
  { add, drop }: ContainerConfig['capabilities'],
  available: ReadonlySet<string>,
): string[] {
  const added = add.map(capabilityName);
  const dropped = drop.map(capabilityName);
  const base = dropped.includes('ALL') ? [] : DEFAULT_CAPABILITIES;
  const wanted = new Set(added.includes('ALL') ? CAPABILITY_NAMES : [...base, ...added]);
  for (const name of dropped) wanted.delete(name);
  return [...wanted].filter((name) => available.has(name));
}

function capabilityName(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name === 'ALL' || CAPABILITY_NAMES.includes(name)) return name;
  throw new OrdinalError('ORD_CONTAINER_START', `unknown capability ${JSON.stringify(text)}`);
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
