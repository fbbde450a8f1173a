// Which user a container runs as.
import type { Container, Pod } from '../../api/generated/types.ts';
import { ConfigError } from './environment.ts';
import { podText } from './pod-snapshot.ts';

export interface UserDefaults {
  /** Used without `runAsUser`. */
  readonly uid: number;
  /** Primary group of a user, by the image's passwd file; 0 if it has none. */
  groupOf(uid: number): number;
}

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
}

/** Throws ConfigError if `runAsNonRoot` forbids the user. */
export function containerUser(
  pod: Pod,
  container: Container,
  defaults: UserDefaults,
): ContainerUser {
  const podContext = pod.spec?.securityContext ?? {};
  const context = container.securityContext ?? {};
  const asked = context.runAsUser ?? podContext.runAsUser;
  const uid = asked ?? defaults.uid;
  if ((context.runAsNonRoot ?? podContext.runAsNonRoot) === true && uid === 0) {
    const where = `(pod: "${podText(pod)}", container: ${container.name})`;
    throw new ConfigError(
      asked === 0
        ? `container's runAsUser breaks non-root policy ${where}`
        : `container has runAsNonRoot and image will run as root ${where}`,
    );
  }
  const { fsGroup, supplementalGroups = [] } = podContext;
  const groups = new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])]);
  return {
    uid,
    gid: context.runAsGroup ?? podContext.runAsGroup ?? defaults.groupOf(uid),
    supplementalGroups: [...groups],
  };
}

/** The `runAsUser` that all containers have; undefined if one has none or another. */
export function commonUser({ spec }: Pod): number | undefined {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  const all = [...initContainers, ...containers, ...ephemeralContainers];
  const users = all.map(({ securityContext }) => {
    return securityContext?.runAsUser ?? spec?.securityContext?.runAsUser;
  });
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}
