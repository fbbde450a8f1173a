// What this machine is and has, for the Node object.
import { readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { NodeSystemInfo } from '../api/generated/types.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';

/** As upstream's default `maxPods`. */
const PODS_MAX = 110;

/** Capacity of the node; `stateDir` tells which file system its pods live on. */
export async function machineCapacity(stateDir: string): Promise<Record<string, string>> {
  const { blocks, bsize } = await statfs(stateDir);
  return {
    cpu: String(os.availableParallelism()),
    memory: `${Math.floor(os.totalmem() / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor((blocks * bsize) / 1024)}Ki`,
    pods: String(PODS_MAX),
  };
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0] ?? '';
  } catch {
    return '';
  }
}

function osImage(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(text)?.[1];
    if (name !== undefined) return name;
  } catch {
    // Not a Linux distribution.
  }
  return `${os.type()} ${os.release()}`;
}

/** Processor architecture as Kubernetes calls it. */
export function architecture(): string {
  return { x64: 'amd64', ia32: '386' }[os.arch() as 'x64' | 'ia32'] ?? os.arch();
}

/** `version`: of the agent, `v1.36.0` … */
export function nodeInfo(version: string, runtime: ContainerRuntime): NodeSystemInfo {
  const machineID = firstLine('/etc/machine-id');
  return {
    machineID,
    systemUUID: firstLine('/sys/class/dmi/id/product_uuid') || machineID,
    bootID: firstLine('/proc/sys/kernel/random/boot_id'),
    kernelVersion: os.release(),
    osImage: osImage(),
    containerRuntimeVersion: `${runtime.name}://${version.replace(/^v/, '')}`,
    kubeletVersion: version,
    kubeProxyVersion: '',
    operatingSystem: os.platform(),
    architecture: architecture(),
  };
}
