// What the runtime keeps on disk about pods and containers, and where. Everything else (running or
// not, pid, exit code, times) is derived from the files that the shim writes (shim.ts).
import { join } from 'node:path';
import type { ContainerConfig, PodSandboxConfig } from './runtime.ts';

export interface PodRecord {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly ip: string;
  readonly createdAtMs: number;
  /** `creating` after a crash means: half made, to be undone. */
  readonly phase: 'creating' | 'ready' | 'stopped';
}

/** How a container ended. */
export interface Outcome {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string | undefined;
  readonly finishedAtMs: number;
}

export interface ContainerRecord {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly createdAtMs: number;
  /** Control groups made for it, deleted with it. */
  readonly cgroups: readonly string[];
  /** Written when its end has been noticed. */
  readonly outcome: Outcome | undefined;
}

/** Directory of pod `id` under the runtime's state directory. */
export function podDirectory(stateDir: string, id: string): string {
  return join(stateDir, 'p', id);
}

/** Directory of container `id` under the runtime's state directory. */
export function containerDirectory(stateDir: string, id: string): string {
  return join(stateDir, 'c', id);
}
