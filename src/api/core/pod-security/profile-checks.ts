// The checks of AppArmor and seccomp profiles, of both levels.
import { goQuote } from '../../meta/go-quote.ts';
import {
  containersOf,
  containersWhere,
  distinct,
  isWindows,
  namesOf,
  plural,
  quoted,
  settersText,
} from './pod-check.ts';
import type { CheckedPod, Finding, PodCheck } from './pod-check.ts';

const TYPES: readonly string[] = ['RuntimeDefault', 'Localhost'];
const APPARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';
/** Since then, seccomp profiles are fields. */
const SECCOMP_FIELDS = 19;
/** Since then, Windows is spared what it doesn't have. */
export const KNOWS_WINDOWS = 25;

/** Of the level baseline. */
export const profileChecks: readonly PodCheck[] = [
  { id: 'appArmorProfile', find: findAppArmor },
  {
    id: 'seccompProfile_baseline',
    find: (pod, minor) =>
      minor >= SECCOMP_FIELDS ? findSeccomp(pod) : findSeccompAnnotations(pod),
  },
];

/** Of the level restricted. */
export const restrictedSeccomp: PodCheck = {
  id: 'seccompProfile_restricted',
  since: SECCOMP_FIELDS,
  overrides: 'seccompProfile_baseline',
  find(pod, minor) {
    if (minor >= KNOWS_WINDOWS && isWindows(pod)) return undefined;
    return findSeccomp(pod) ?? findMissingSeccomp(pod);
  },
};

function isBad(profile: { type?: string } | undefined): boolean {
  return profile !== undefined && !TYPES.includes(profile.type ?? '');
}

function findAppArmor(pod: CheckedPod): Finding | undefined {
  const own = pod.spec.securityContext?.appArmorProfile;
  const bad = containersWhere(pod, ({ appArmorProfile }) => isBad(appArmorProfile));
  const annotations = Object.entries(pod.annotations)
    .filter(([key, value]) => key.startsWith(APPARMOR_PREFIX) && !isAllowedAppArmor(value))
    .map(([key, value]) => `${key}=${goQuote(value)}`)
    .sort();
  const setters = [
    ...(isBad(own) ? ['pod'] : []),
    ...(bad.length > 0 ? [namesOf(bad)] : []),
    ...(annotations.length > 0 ? [plural(annotations, 'annotation')] : []),
  ];
  if (setters.length === 0) return undefined;
  const types = [
    ...(isBad(own) ? [own?.type ?? ''] : []),
    ...bad.map(({ securityContext }) => securityContext?.appArmorProfile?.type ?? ''),
  ];
  const values = [...distinct(types), ...annotations];
  return {
    reason: plural(values, 'forbidden AppArmor profile'),
    detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

function isAllowedAppArmor(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}

function findSeccomp(pod: CheckedPod): Finding | undefined {
  const own = pod.spec.securityContext?.seccompProfile;
  const bad = containersWhere(pod, ({ seccompProfile }) => isBad(seccompProfile));
  const setters = settersText(isBad(own), bad);
  if (setters === undefined) return undefined;
  const types = distinct([
    ...(isBad(own) ? [own?.type ?? ''] : []),
    ...bad.map(({ securityContext }) => securityContext?.seccompProfile?.type ?? ''),
  ]);
  const what = 'must not set securityContext.seccompProfile.type to';
  return { reason: 'seccompProfile', detail: `${setters} ${what} ${quoted(types)}` };
}

function findMissingSeccomp(pod: CheckedPod): Finding | undefined {
  if (pod.spec.securityContext?.seccompProfile !== undefined) return undefined;
  const bad = containersWhere(pod, ({ seccompProfile }) => seccompProfile === undefined);
  if (bad.length === 0) return undefined;
  const what = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
  return { reason: 'seccompProfile', detail: `pod or ${namesOf(bad)} ${what}` };
}

function findSeccompAnnotations(pod: CheckedPod): Finding | undefined {
  const keys = [SECCOMP_POD, ...containersOf(pod).map(({ name }) => SECCOMP_PREFIX + name)];
  const bad = keys.flatMap((key) => {
    const value = pod.annotations[key];
    return value === undefined || isAllowedSeccomp(value) ? [] : [`${key}=${goQuote(value)}`];
  });
  if (bad.length === 0) return undefined;
  const texts = distinct(bad);
  const detail = `forbidden ${plural(texts, 'annotation')} ${texts.join(', ')}`;
  return { reason: 'seccompProfile', detail };
}

function isAllowedSeccomp(value: string): boolean {
  return (
    value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/')
  );
}
