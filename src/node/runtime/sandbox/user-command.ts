// The words that turn the namespace's root into the container's user.
import type { ContainerConfig } from '../runtime.ts';
import { containerCapabilities } from './capabilities.ts';
import type { SandboxAbilities } from './probe-sandbox.ts';

export interface UserCommandOptions {
  readonly config: ContainerConfig;
  readonly abilities: Pick<SandboxAbilities, 'rootless' | 'userIds'>;
  /** Capabilities that we can pass on at all. */
  readonly available: ReadonlySet<string>;
  /** `join`: the user namespace has been entered already (exec). */
  readonly entry: 'start' | 'join';
}

/** True when the container's user exists only in a user namespace of its own. */
export function needsUserNamespace(
  { user }: Pick<ContainerConfig, 'user'>,
  { rootless, userIds }: Pick<SandboxAbilities, 'rootless' | 'userIds'>,
): boolean {
  return rootless && userIds === 'single' && (user.uid !== 0 || user.gid !== 0);
}

/** Command prefix: user, groups, capabilities and privileges of the container. */
export function userCommand(options: UserCommandOptions): string[] {
  const { config, abilities, available, entry } = options;
  const { user, privileged, allowPrivilegeEscalation } = config;
  const nested = needsUserNamespace(config, abilities);
  const mapping = ['unshare', '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`];
  // A user other than 0 has lost the capabilities, and with them the right to drop any.
  const canDrop = !(nested && user.uid !== 0);
  return [
    ...(nested && entry === 'start' ? mapping : []),
    'setpriv',
    ...(abilities.rootless ? [] : identity(user)),
    ...(privileged || !canDrop ? [] : capabilityOptions(config, available)),
    ...(privileged || allowPrivilegeEscalation ? [] : ['--no-new-privs']),
    // The signal must be asked for after the change of user, which clears it.
    ...(entry === 'start' ? ['--pdeathsig', 'KILL'] : []),
    '--',
  ];
}

function identity({ uid, gid, supplementalGroups }: ContainerConfig['user']): string[] {
  const groups = [...new Set(supplementalGroups)].join(',');
  return [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    groups === '' ? '--clear-groups' : `--groups=${groups}`,
  ];
}

function capabilityOptions(config: ContainerConfig, available: ReadonlySet<string>): string[] {
  const kept = containerCapabilities(config.capabilities, available);
  const bounding = ['-all', ...kept.map((name) => `+${name.toLowerCase()}`)].join(',');
  return [`--bounding-set=${bounding}`, '--inh-caps=-all'];
}
