// Memory and CPU limits through control groups, version 1 or 2, where we may make some.
import { mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { shellQuote } from '../command-runner.ts';
import { readText } from '../process-identity.ts';
import type { ContainerConfig } from '../runtime.ts';

/** Where limits can be set on this machine. */
export interface CgroupAbility {
  readonly version: 1 | 2 | undefined;
  /** Directories under which groups with that controller can be made (equal in version 2). */
  readonly memory: string | undefined;
  readonly cpu: string | undefined;
}

const CPU_PERIOD_MICROSECONDS = 100_000;
const GROUP_NAME = 'ordinal';
const LEAF_NAME = 'ordinal-agent';
const MOUNT_POINT = '/sys/fs/cgroup';

/** Finds out by making a group. Takes well under a millisecond. */
export function probeCgroups(): CgroupAbility {
  const own = readText('/proc/self/cgroup').trim().split('\n');
  const unified = own.find((line) => line.startsWith('0::'))?.slice(3);
  if (readText(join(MOUNT_POINT, 'cgroup.controllers')) !== '') {
    return probeVersion2(join(MOUNT_POINT, unified ?? '/'));
  }
  const parent = (controller: string) => {
    const line = own.find((entry) => entry.split(':')[1]?.split(',').includes(controller));
    const path = line?.split(':')[2];
    const mount = join(MOUNT_POINT, line?.split(':')[1] ?? controller);
    // Below our own group, so that what limits us limits the pods too.
    const dir = path === undefined ? undefined : join(mount, path, GROUP_NAME);
    return dir !== undefined && canMakeGroups(dir) ? dir : undefined;
  };
  const [memory, cpu] = [parent('memory'), parent('cpu')];
  return { version: memory || cpu ? 1 : undefined, memory, cpu };
}

/** Makes the groups that `limits` need for container `id`; their directories. */
export function createCgroups(
  ability: CgroupAbility,
  id: string,
  limits: ContainerConfig['limits'],
): string[] {
  const { memoryBytes, cpuMillis } = limits;
  const memory = memoryBytes === undefined ? undefined : ability.memory;
  const cpu = cpuMillis === undefined ? undefined : ability.cpu;
  const parents = new Set([memory, cpu].filter((parent) => parent !== undefined));
  const dirs = [...parents].map((parent) => join(parent, id));
  for (const dir of dirs) mkdirSync(dir, { recursive: true });
  const quota = Math.max(Math.round(((cpuMillis ?? 0) * CPU_PERIOD_MICROSECONDS) / 1000), 1000);
  const isV2 = ability.version === 2;
  if (memory !== undefined) {
    const file = isV2 ? 'memory.max' : 'memory.limit_in_bytes';
    writeFileSync(join(memory, id, file), `${memoryBytes}`);
    // Like the kubelet: the kernel ends the whole container, not a random process of it.
    if (isV2) writeFileSync(join(memory, id, 'memory.oom.group'), '1');
  }
  if (cpu !== undefined && isV2) {
    writeFileSync(join(cpu, id, 'cpu.max'), `${quota} ${CPU_PERIOD_MICROSECONDS}`);
  } else if (cpu !== undefined) {
    writeFileSync(join(cpu, id, 'cpu.cfs_period_us'), `${CPU_PERIOD_MICROSECONDS}`);
    writeFileSync(join(cpu, id, 'cpu.cfs_quota_us'), `${quota}`);
  }
  return dirs;
}

/** Shell commands by which a process puts itself into the groups. */
export function joinCgroups(dirs: readonly string[]): string[] {
  return dirs.map((dir) => `echo 0 >${shellQuote(join(dir, 'cgroup.procs'))}`);
}

/** True when the kernel killed a process of the groups for want of memory. */
export function oomKilled(dirs: readonly string[]): boolean {
  return dirs.some((dir) => {
    const events = readText(join(dir, 'memory.events')) + readText(join(dir, 'memory.oom_control'));
    return /^oom_kill [1-9]/m.test(events);
  });
}

/** Memory in use without what the kernel can drop at once, or undefined without a memory group. */
export function memoryInUse(dirs: readonly string[]): number | undefined {
  for (const dir of dirs) {
    const used =
      readText(join(dir, 'memory.current')) || readText(join(dir, 'memory.usage_in_bytes'));
    if (used === '') continue;
    const stat = readText(join(dir, 'memory.stat'));
    const idle = /^(?:total_)?inactive_file (\d+)$/m.exec(stat)?.[1] ?? '0';
    return Math.max(Number(used) - Number(idle), 0);
  }
  return undefined;
}

/** Removes empty groups, and ours above them once the last one has gone. */
export function removeCgroups(dirs: readonly string[]): void {
  for (const dir of dirs) {
    removeGroup(dir);
    const parent = join(dir, '..');
    if (basename(parent) === GROUP_NAME) removeGroup(parent);
  }
}

function probeVersion2(own: string): CgroupAbility {
  const none: CgroupAbility = { version: undefined, memory: undefined, cpu: undefined };
  const base = version2Base(own);
  if (base === undefined) return none;
  const dir = join(base, GROUP_NAME);
  const handDown = (controller: string) => {
    mkdirSync(dir, { recursive: true });
    const groups = [base, dir];
    return groups.every((group) =>
      canWrite(join(group, 'cgroup.subtree_control'), `+${controller}`),
    );
  };
  const memory = handDown('memory') ? dir : undefined;
  const cpu = handDown('cpu') ? dir : undefined;
  if (!memory && !cpu) removeGroup(dir);
  return { version: memory || cpu ? 2 : undefined, memory, cpu };
}

/**
 * Where our group goes. The top is free for root, as for Kubernetes' own drivers; others need a
 * delegated group and must leave it for a leaf, or the kernel refuses to hand controllers down.
 */
function version2Base(own: string): string | undefined {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot && canMakeGroups(join(MOUNT_POINT, GROUP_NAME))) return MOUNT_POINT;
  if (basename(own) === LEAF_NAME) return dirname(own);
  if (!canMakeGroups(join(own, GROUP_NAME))) return undefined;
  const leaf = join(own, LEAF_NAME);
  mkdirSync(leaf, { recursive: true });
  if (canWrite(join(leaf, 'cgroup.procs'), `${process.pid}`)) return own;
  removeGroup(leaf);
  return undefined;
}

function canMakeGroups(dir: string): boolean {
  try {
    // Others may probe at the same time.
    const probe = join(dir, `probe-${process.pid}`);
    mkdirSync(probe, { recursive: true });
    rmdirSync(probe);
    if (readdirSync(dir, { withFileTypes: true }).every((entry) => !entry.isDirectory())) {
      removeGroup(dir);
    }
    return true;
  } catch {
    return false;
  }
}

function canWrite(file: string, text: string): boolean {
  try {
    writeFileSync(file, text);
    return true;
  } catch {
    return false;
  }
}

function removeGroup(dir: string): void {
  try {
    rmdirSync(dir);
  } catch {
    // Still in use, or gone.
  }
}
