// What a pod that says it is for Windows, or for Linux, cannot have.
import type { Container, PodSpec } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { forbidden } from '../meta/field-errors.ts';
import type { Causes } from './field-rules.ts';

export interface LocatedContainer {
  readonly container: Pick<Container, 'securityContext'>;
  readonly containerPath: FieldPath;
}

const CONTEXT = 'securityContext';
const NOT_ON_WINDOWS = 'cannot be set for a windows pod';
const POD_CONTEXT = ['appArmorProfile', 'seLinuxOptions'] as const;
const POD_SPEC = ['hostUsers', 'hostPID', 'hostIPC'] as const;
const LATER_POD_CONTEXT = [
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
const CONTAINER_CONTEXT = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

/** What belongs to Linux, in a pod for Windows. */
export function* forbidLinuxOptions(
  spec: PodSpec,
  path: FieldPath,
  containers: Iterable<LocatedContainer>,
): Causes {
  const context = spec.securityContext ?? {};
  const inContext = path.child(CONTEXT);
  yield* forbidSet(context, POD_CONTEXT, inContext);
  yield* forbidSet(withoutFalse(spec), POD_SPEC, path);
  for (const field of LATER_POD_CONTEXT) {
    if (field === 'runAsUser') yield* forbidSet(spec, ['shareProcessNamespace'], path);
    yield* forbidSet(context, [field], inContext);
  }
  for (const { container, containerPath } of containers) {
    const own = container.securityContext ?? {};
    yield* forbidSet(own, CONTAINER_CONTEXT, containerPath.child(CONTEXT));
  }
}

/** False is unset for what is no pointer upstream. */
function withoutFalse({ hostUsers, hostPID, hostIPC }: PodSpec) {
  return { hostUsers, hostPID: hostPID || undefined, hostIPC: hostIPC || undefined };
}

function* forbidSet<K extends string>(
  value: Partial<Record<K, unknown>>,
  fields: readonly K[],
  path: FieldPath,
): Causes {
  for (const field of fields) {
    const set = value[field];
    if (set === undefined || (field === 'sysctls' && (set as unknown[]).length === 0)) continue;
    yield forbidden(path.child(field), NOT_ON_WINDOWS);
  }
}

/** Windows options have no place in a pod that says it is for Linux. */
export function* forbidWindowsOptions(
  spec: PodSpec,
  path: FieldPath,
  containers: Iterable<LocatedContainer>,
): Causes {
  const message = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions !== undefined) {
    yield forbidden(path.child(CONTEXT, 'windowsOptions'), message);
  }
  for (const { container, containerPath } of containers) {
    if (container.securityContext?.windowsOptions === undefined) continue;
    yield forbidden(containerPath.child(CONTEXT, 'windowsOptions'), message);
  }
}
