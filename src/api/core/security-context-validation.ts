// Security contexts of pods and containers.
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  GoStruct,
  duplicate,
  invalidForEach,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../meta/field-errors.ts';
import { validateId } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import { isBlank, oneOf } from './field-rules.ts';
import { validateDescendingPath } from './path-validation.ts';
import { validateWindowsOptions } from './windows-options-validation.ts';

const PROFILES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
/** PATH_MAX without its terminator. */
const PROFILE_LIMIT = 4095;
const SYSCTL = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const SYSCTL_LIMIT = 253;

function* validateIds(context: object, path: FieldPath, fields: readonly string[]): Causes {
  for (const field of fields) {
    const id: unknown = Reflect.get(context, field);
    if (typeof id === 'number') yield* invalidForEach(path.child(field), id, validateId(id));
  }
}

/** The security context of a pod at `path`. */
export function* validatePodSecurityContext(spec: PodSpec, path: FieldPath): Causes {
  const context = spec.securityContext;
  if (context === undefined) return;
  yield* validateIds(context, path, ['fsGroup', 'runAsUser', 'runAsGroup']);
  for (const [i, group] of (context.supplementalGroups ?? []).entries()) {
    yield* invalidForEach(path.child('supplementalGroups').index(i), group, validateId(group));
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const message = 'ShareProcessNamespace and HostPID cannot both be enabled';
    yield invalidValue(path.child('shareProcessNamespace'), true, message);
  }
  yield* validateSysctls(context, spec, path.child('sysctls'));
  const changePolicies = ['Always', 'OnRootMismatch'];
  yield* oneOf(context.fsGroupChangePolicy, path.child('fsGroupChangePolicy'), changePolicies);
  yield* validateSeccompProfile(context.seccompProfile, path.child('seccompProfile'));
  yield* validateWindowsOptions(context.windowsOptions, path.child('windowsOptions'));
  yield* validateAppArmorProfile(context.appArmorProfile, path.child('appArmorProfile'));
  const groupPolicies = ['Merge', 'Strict'];
  const groupPath = path.child('supplementalGroupsPolicy');
  yield* oneOf(context.supplementalGroupsPolicy, groupPath, groupPolicies);
  const labelPolicies = ['MountOption', 'Recursive'];
  yield* oneOf(context.seLinuxChangePolicy, path.child('seLinuxChangePolicy'), labelPolicies);
}

function* validateSysctls(context: PodSecurityContext, spec: PodSpec, path: FieldPath): Causes {
  const names = new Set<string>();
  for (const [i, { name = '' }] of (context.sysctls ?? []).entries()) {
    const namePath = path.index(i).child('name');
    if (name === '') yield required(namePath);
    else if (name.length > SYSCTL_LIMIT || !SYSCTL.test(name)) {
      const size = `must have at most ${SYSCTL_LIMIT} characters`;
      yield invalidValue(namePath, name, `${size} and match regex ${sysctlText()}`);
    } else if (names.has(name)) yield duplicate(namePath, name);
    names.add(name);
    const dotted = name.replaceAll('/', '.');
    if (spec.hostNetwork === true && dotted.startsWith('net.')) {
      yield invalidValue(namePath, name, "may not be specified when 'hostNetwork' is true");
    } else if (spec.hostIPC === true && /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/.test(dotted)) {
      yield invalidValue(namePath, name, "may not be specified when 'hostIPC' is true");
    }
  }
}

/** The regular expression as upstream prints it. */
function sysctlText(): string {
  const segment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
  return `^(${segment}[\\./])*${segment}$`;
}

function* validateSeccompProfile(profile: SeccompProfile | undefined, path: FieldPath): Causes {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  const typePath = path.child('type');
  if (isBlank(type)) yield required(typePath, 'type is required when seccompProfile is set');
  else if (!PROFILES.includes(type)) yield notSupported(typePath, type, PROFILES);
  const profilePath = path.child('localhostProfile');
  if (type !== 'Localhost') {
    if (localhostProfile === undefined) return;
    const value = { Type: type ?? '', LocalhostProfile: localhostProfile };
    yield invalidValue(
      profilePath,
      new GoStruct(value),
      'can only be set when seccomp type is Localhost',
    );
  } else if (localhostProfile === undefined) {
    yield required(profilePath, 'must be set when seccomp type is Localhost');
  } else yield* validateDescendingPath(localhostProfile, profilePath);
}

function* validateAppArmorProfile(profile: AppArmorProfile | undefined, path: FieldPath): Causes {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  const profilePath = path.child('localhostProfile');
  if (isBlank(type)) {
    yield required(path.child('type'), 'type is required when appArmorProfile is set');
  } else if (type === 'Localhost') yield* validateLocalhostProfile(localhostProfile, profilePath);
  else if (!PROFILES.includes(type)) yield notSupported(path.child('type'), type, PROFILES);
  else if (localhostProfile !== undefined) {
    const message = 'can only be set when AppArmor type is Localhost';
    yield invalidValue(profilePath, localhostProfile, message);
  }
}

function* validateLocalhostProfile(profile: string | undefined, path: FieldPath): Causes {
  if (profile === undefined || profile === '') {
    yield required(path, 'must be set when AppArmor type is Localhost');
    return;
  }
  if (profile.trim() !== profile) {
    yield invalidValue(path, profile, 'must not be padded with whitespace');
  }
  if (profile.length > PROFILE_LIMIT) yield tooLong(path, PROFILE_LIMIT);
}

/** The security context of a container at `path`. */
export function* validateSecurityContext(
  context: SecurityContext | undefined,
  path: FieldPath,
  hostUsers: boolean,
): Causes {
  if (context === undefined) return;
  yield* validateIds(context, path, ['runAsUser', 'runAsGroup']);
  yield* oneOf(context.procMount, path.child('procMount'), ['Default', 'Unmasked']);
  if (hostUsers && context.procMount === 'Unmasked') {
    const message = '`hostUsers` must be false to use `Unmasked`';
    yield invalidValue(path.child('procMount'), context.procMount, message);
  }
  yield* validateSeccompProfile(context.seccompProfile, path.child('seccompProfile'));
  if (context.allowPrivilegeEscalation === false) yield* noEscalation(context, path);
  yield* validateWindowsOptions(context.windowsOptions, path.child('windowsOptions'));
  yield* validateAppArmorProfile(context.appArmorProfile, path.child('appArmorProfile'));
}

function* noEscalation(context: SecurityContext, path: FieldPath): Causes {
  const cannot = 'cannot set `allowPrivilegeEscalation` to false and';
  if (context.privileged === true) {
    yield invalidValue(path, internalContext(context), `${cannot} \`privileged\` to true`);
  }
  for (const capability of context.capabilities?.add ?? []) {
    if (capability !== 'CAP_SYS_ADMIN') continue;
    const message = `${cannot} \`capabilities.Add\` CAP_SYS_ADMIN`;
    yield invalidValue(path, internalContext(context), message);
  }
}

/** Messages show upstream's internal form: every field, by its Go name. */
function internalContext(context: SecurityContext): Record<string, unknown> {
  const { capabilities, seLinuxOptions, seccompProfile, appArmorProfile } = context;
  return {
    Capabilities: capabilities
      ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null }
      : null,
    Privileged: context.privileged ?? null,
    SELinuxOptions: seLinuxOptions
      ? {
          User: seLinuxOptions.user ?? '',
          Role: seLinuxOptions.role ?? '',
          Type: seLinuxOptions.type ?? '',
          Level: seLinuxOptions.level ?? '',
        }
      : null,
    WindowsOptions: context.windowsOptions ?? null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: internalProfile(seccompProfile),
    AppArmorProfile: internalProfile(appArmorProfile),
  };
}

function internalProfile(profile: SeccompProfile | undefined) {
  if (profile === undefined) return null;
  return { Type: profile.type ?? '', LocalhostProfile: profile.localhostProfile ?? null };
}
