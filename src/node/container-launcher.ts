// Starts one container: gathers what its configuration refers to, then hands it to the runtime.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Container, EphemeralContainer, Pod, Service } from '../api/generated/types.ts';
import { nameOf, namespaceOf, uidOf } from '../api/meta/object.ts';
import { errorMessage } from '../base/errors.ts';
import { containerConfig } from './container-config.ts';
import { ContainerStartError } from './container-error.ts';
import { primaryGroup } from './host-files.ts';
import { containerUser } from './plan/container-user.ts';
import { ConfigError, containerEnvironment, environmentReferences } from './plan/environment.ts';
import type { EnvironmentSources } from './plan/environment.ts';
import type { PodFacts } from './plan/field-ref.ts';
import { apiServerService, serviceEnvironment } from './plan/service-environment.ts';
import type { PodDirectories } from './pod-directories.ts';
import type { PodEvents } from './pod-events.ts';
import type { ContainerConfig, ContainerRuntime, ContainerStatus } from './runtime/runtime.ts';
import type { ObjectReader } from './volume/object-reader.ts';
import type { MountedVolumes } from './volume/volume-manager.ts';

export interface LauncherOptions {
  readonly runtime: ContainerRuntime;
  readonly reader: ObjectReader;
  readonly directories: PodDirectories;
  readonly events: PodEvents;
  /** Services of a namespace, from the cache. */
  readonly services: (namespace: string) => readonly Service[];
  /** Where pods find the API server. */
  readonly apiServerAddress: { readonly host: string; readonly port: number };
}

export interface LaunchRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly hostname: string;
  readonly facts: PodFacts;
  readonly volumes: MountedVolumes;
}

export interface ContainerLauncher {
  /** Throws ContainerStartError; the event about it has been recorded then. */
  launch(request: LaunchRequest): Promise<ContainerStatus>;
}

export function createContainerLauncher(options: LauncherOptions): ContainerLauncher {
  return {
    async launch(request) {
      const events = options.events.about(request.pod, request.container.name);
      try {
        const config = await configOf(options, request);
        const image = `Container image "${config.image}" is provided by the host file system`;
        events.normal('Pulled', image);
        return await start(options, request, config);
      } catch (error) {
        const failure = startError(error);
        events.warning('Failed', `Error: ${failure.message}`);
        throw failure;
      }
    },
  };
}

function startError(error: unknown): ContainerStartError {
  if (error instanceof ContainerStartError) return error;
  const reason =
    error instanceof ConfigError ? 'CreateContainerConfigError' : 'CreateContainerError';
  return new ContainerStartError(reason, errorMessage(error), error);
}

async function start(
  { runtime, events }: LauncherOptions,
  { pod, container, sandboxId }: LaunchRequest,
  config: ContainerConfig,
): Promise<ContainerStatus> {
  const about = events.about(pod, container.name);
  about.normal('Created', 'Container created');
  try {
    const status = await runtime.startContainer(sandboxId, config);
    if (status.reason !== 'StartError') about.normal('Started', 'Container started');
    return status;
  } catch (error) {
    throw new ContainerStartError('RunContainerError', errorMessage(error), error);
  }
}

async function configOf(
  options: LauncherOptions,
  request: LaunchRequest,
): Promise<ContainerConfig> {
  const { pod, container, attempt, volumes } = request;
  const { directories, runtime } = options;
  const targetId = targetOf(runtime, request);
  const environment = await environmentOf(options, request);
  const place = { name: container.name, attempt };
  const file = directories.terminationMessage(uidOf(pod), place);
  const config = await containerConfig({
    pod,
    container,
    attempt,
    environment,
    user: containerUser(pod, container, {
      uid: runtime.abilities.runAsUser ? 0 : (process.getuid?.() ?? 0),
      groupOf: (uid) => primaryGroup(uid),
    }),
    volumes,
    logPath: directories.log(uidOf(pod), place),
    terminationMessageFile: file,
    targetId,
  });
  await makeTerminationMessageFile(file);
  await mkdir(dirname(config.logPath), { recursive: true });
  return config;
}

/** The container that a debug container looks at (`kubectl debug --target`), if any. */
function targetOf(
  runtime: ContainerRuntime,
  { container, sandboxId }: LaunchRequest,
): string | undefined {
  const { targetContainerName: name }: EphemeralContainer = container;
  if (name === undefined || name === '') return undefined;
  const target = runtime
    .listContainers()
    .filter((other) => other.sandboxId === sandboxId && other.name === name)
    .toSorted((a, b) => b.attempt - a.attempt)[0];
  if (target) return target.id;
  const message = `unable to find target container ${name}`;
  throw new ContainerStartError('CreateContainerConfigError', message);
}

/** Any user may write it. */
async function makeTerminationMessageFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '');
  await chmod(path, 0o666);
}

async function fetchAll<T>(
  names: readonly string[],
  read: (name: string) => Promise<T>,
): Promise<Map<string, T>> {
  const unique = [...new Set(names)];
  return new Map(
    await Promise.all(unique.map(async (name): Promise<[string, T]> => [name, await read(name)])),
  );
}

async function environmentOf(
  options: LauncherOptions,
  { pod, container, hostname, facts }: LaunchRequest,
): Promise<Map<string, string>> {
  const { reader, services, apiServerAddress } = options;
  const namespace = namespaceOf(pod);
  const references = environmentReferences(container);
  const sources: EnvironmentSources = {
    configMaps: await fetchAll(references.configMaps, (name) =>
      reader.configMap({ namespace, name }),
    ),
    secrets: await fetchAll(references.secrets, (name) => reader.secret({ namespace, name })),
  };
  const isApiServer = (service: Service) =>
    namespace === 'default' && nameOf(service) === 'kubernetes';
  const linked = pod.spec?.enableServiceLinks === false ? [] : services(namespace);
  const environment = containerEnvironment({
    pod,
    container,
    facts,
    sources,
    services: serviceEnvironment([
      ...linked.filter((service) => !isApiServer(service)),
      apiServerService(apiServerAddress),
    ]),
  });
  if (!environment.has('HOSTNAME')) environment.set('HOSTNAME', hostname);
  return environment;
}
