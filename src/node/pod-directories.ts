// Where the agent keeps what belongs to a pod. Everything is below one directory a pod, so that
// removing the pod is removing that directory.
//   pods/<uid>/volumes/<volume>/            volumes made by the agent
//   pods/<uid>/logs/<container>/<n>.log     log of attempt n
//   pods/<uid>/containers/<container>/<n>   termination message of attempt n
import { join } from 'node:path';

export interface PodDirectories {
  readonly podsDirectory: string;
  pod(podUid: string): string;
  /** `container.attempt` counts from 0. */
  log(podUid: string, container: ContainerAttempt): string;
  terminationMessage(podUid: string, container: ContainerAttempt): string;
}

export interface ContainerAttempt {
  readonly name: string;
  readonly attempt: number;
}

export function podDirectories(stateDir: string): PodDirectories {
  const podsDirectory = join(stateDir, 'pods');
  const pod = (podUid: string) => join(podsDirectory, podUid);
  return {
    podsDirectory,
    pod,
    log: (uid, { name, attempt }) => join(pod(uid), 'logs', name, `${attempt}.log`),
    terminationMessage: (uid, { name, attempt }) =>
      join(pod(uid), 'containers', name, String(attempt)),
  };
}
