// From a pod's container to what the runtime is given: arguments, environment, mounts, user,
// limits.
import type { Container, Pod } from '../api/generated/types.ts';
import { parseQuantity, quantityMillis, quantityToNumber } from '../api/meta/quantity.ts';
import { errorMessage } from '../base/errors.ts';
import { ContainerStartError } from './container-error.ts';
import type { ContainerUser } from './plan/container-user.ts';
import { expandVariables } from './plan/expand-variables.ts';
import type { ContainerConfig, ContainerMount } from './runtime/runtime.ts';
import { resolveSubPath } from './volume/sub-path.ts';
import type { MountedVolumes } from './volume/volume-manager.ts';

export interface ContainerConfigInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  readonly environment: ReadonlyMap<string, string>;
  readonly user: ContainerUser;
  readonly volumes: MountedVolumes;
  readonly logPath: string;
  /** Host path of the termination message file. */
  readonly terminationMessageFile: string;
  /** Id of the container whose processes it is to see. */
  readonly targetId: string | undefined;
}

function configError(message: string): ContainerStartError {
  return new ContainerStartError('CreateContainerConfigError', message);
}

/** The argument vector. Without an image store there is no entry point to fall back to. */
function argumentVector({ container, environment }: ContainerConfigInput): string[] {
  const { name, image = '', command = [], args = [] } = container;
  if (command.length === 0) {
    throw configError(
      `no image store: container ${name} needs \`command\` ` +
        `(image "${image}" is not pulled; the host file system is the image)`,
    );
  }
  const lookup = (variable: string) => environment.get(variable);
  return [...command, ...args].map((word) => expandVariables(word, lookup));
}

/** `subPathExpr` with its variables; all of them must be known. */
function expandSubPath(expression: string, environment: ReadonlyMap<string, string>): string {
  const missing: string[] = [];
  const text = expandVariables(expression, (name) => {
    const value = environment.get(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0) {
    throw configError(`missing value for ${missing.map((name) => `"${name}"`).join(', ')}`);
  }
  return text;
}

async function volumeMounts(input: ContainerConfigInput): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const mount of input.container.volumeMounts ?? []) {
    const volume = input.volumes.get(mount.name);
    if (volume === undefined) throw configError(`volume "${mount.name}" is not in the pod`);
    const subPath =
      mount.subPathExpr === undefined
        ? mount.subPath
        : expandSubPath(mount.subPathExpr, input.environment);
    const { hostPath } = volume;
    const path = subPath === undefined ? hostPath : await subPathOf(hostPath, subPath, mount.name);
    const { mountPath } = mount;
    mounts.push({
      hostPath: path,
      containerPath: mountPath.startsWith('/') ? mountPath : `/${mountPath}`,
      readOnly: mount.readOnly === true || volume.readOnly,
    });
  }
  return mounts;
}

async function subPathOf(hostPath: string, subPath: string, volume: string): Promise<string> {
  try {
    return await resolveSubPath(hostPath, subPath);
  } catch (error) {
    throw configError(
      `failed to prepare subPath for volumeMount "${volume}": ${errorMessage(error)}`,
    );
  }
}

function limitsOf({ resources }: Container): ContainerConfig['limits'] {
  const { cpu, memory } = resources?.limits ?? {};
  return {
    memoryBytes: memory === undefined ? undefined : quantityToNumber(parseQuantity(memory)),
    cpuMillis: cpu === undefined ? undefined : Number(quantityMillis(parseQuantity(cpu))),
  };
}

/**
 * Throws ContainerStartError (CreateContainerConfigError) if the pod asks for what can't be had.
 */
export async function containerConfig(input: ContainerConfigInput): Promise<ContainerConfig> {
  const { container, attempt, user, environment, terminationMessageFile } = input;
  const context = container.securityContext ?? {};
  const containerPath = container.terminationMessagePath ?? '/dev/termination-log';
  const message = { hostPath: terminationMessageFile, containerPath, readOnly: false };
  // A privileged container has the host's own /dev, where nothing of ours may be put.
  const inHostDevices = context.privileged === true && containerPath.startsWith('/dev/');
  return {
    name: container.name,
    attempt,
    image: container.image ?? '',
    argv: argumentVector(input),
    workingDir: container.workingDir,
    env: [...environment].map(([name, value]) => ({ name, value })),
    mounts: [...(await volumeMounts(input)), ...(inHostDevices ? [] : [message])],
    user,
    privileged: context.privileged === true,
    allowPrivilegeEscalation: context.allowPrivilegeEscalation ?? true,
    capabilities: {
      add: context.capabilities?.add ?? [],
      drop: context.capabilities?.drop ?? [],
    },
    readOnlyRootFilesystem: context.readOnlyRootFilesystem === true,
    limits: limitsOf(container),
    stdin: container.stdin === true,
    stdinOnce: container.stdinOnce === true,
    tty: container.tty === true,
    logPath: input.logPath,
    stopSignal: container.lifecycle?.stopSignal,
    targetId: input.targetId,
  };
}
