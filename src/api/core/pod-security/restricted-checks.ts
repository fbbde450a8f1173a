// The further checks of the level restricted: what hardened pods are made of.
import type { Container } from '../../generated/types.ts';
import { findProcMount } from './baseline-checks.ts';
import {
  containersOf,
  containersWhere,
  distinct,
  hasOwnUsers,
  isWindows,
  namesOf,
  plural,
  quoted,
  settersText,
} from './pod-check.ts';
import type { CheckedPod, Finding, PodCheck } from './pod-check.ts';
import { KNOWS_WINDOWS, restrictedSeccomp } from './profile-checks.ts';

const VOLUMES: readonly string[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const NET_BIND = 'NET_BIND_SERVICE';
/** Since then, pods with users of their own may be root among these. */
const KNOWS_OWN_USERS = 35;

/** By id. */
export const restrictedChecks: readonly PodCheck[] = [
  {
    id: 'allowPrivilegeEscalation',
    since: 8,
    find: (pod, minor) => (isSpared(pod, minor) ? undefined : findEscalation(pod)),
  },
  {
    id: 'capabilities_restricted',
    since: 22,
    overrides: 'capabilities_baseline',
    find: (pod, minor) => (isSpared(pod, minor) ? undefined : findCapabilities(pod)),
  },
  {
    id: 'procMount_restricted',
    since: KNOWS_OWN_USERS,
    overrides: 'procMount',
    find: findProcMount,
  },
  { id: 'restrictedVolumes', find: findVolumes },
  { id: 'runAsNonRoot', find: (pod, minor) => (mayBeRoot(pod, minor) ? undefined : findRoot(pod)) },
  {
    id: 'runAsUser',
    since: 23,
    find: (pod, minor) => (mayBeRoot(pod, minor) ? undefined : findRootUser(pod)),
  },
  restrictedSeccomp,
];

function isSpared(pod: CheckedPod, minor: number): boolean {
  return minor >= KNOWS_WINDOWS && isWindows(pod);
}

function mayBeRoot(pod: CheckedPod, minor: number): boolean {
  return minor >= KNOWS_OWN_USERS && hasOwnUsers(pod);
}

function findEscalation(pod: CheckedPod): Finding | undefined {
  const bad = containersWhere(
    pod,
    ({ allowPrivilegeEscalation }) => allowPrivilegeEscalation !== false,
  );
  if (bad.length === 0) return undefined;
  const detail = `${namesOf(bad)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
}

function findCapabilities(pod: CheckedPod): Finding | undefined {
  const keeps = containersWhere(
    pod,
    ({ capabilities }) => !(capabilities?.drop ?? []).includes('ALL'),
  );
  const added = ({ securityContext }: Container) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => name !== NET_BIND);
  const adds = containersOf(pod).filter((container) => added(container).length > 0);
  const foreign = quoted(distinct(adds.flatMap(added)));
  const details = [
    ...(keeps.length > 0
      ? [`${namesOf(keeps)} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(adds.length > 0
      ? [`${namesOf(adds)} must not include ${foreign} in securityContext.capabilities.add`]
      : []),
  ];
  if (details.length === 0) return undefined;
  return { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

function findVolumes({ spec }: CheckedPod): Finding | undefined {
  const typeOf = (volume: object) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
  const bad = (spec.volumes ?? []).filter((volume) => !VOLUMES.includes(typeOf(volume)));
  if (bad.length === 0) return undefined;
  const names = bad.map(({ name }) => name);
  const types = distinct(bad.map(typeOf));
  const who = `${plural(names, 'volume')} ${quoted(names)} ${plural(names, 'uses', 'use')}`;
  const detail = `${who} ${plural(types, 'restricted volume type')} ${quoted(types)}`;
  return { reason: 'restricted volume types', detail };
}

function findRoot(pod: CheckedPod): Finding | undefined {
  const reason = 'runAsNonRoot != true';
  const own = pod.spec.securityContext?.runAsNonRoot;
  const explicit = containersWhere(pod, ({ runAsNonRoot }) => runAsNonRoot === false);
  const setters = settersText(own === false, explicit);
  if (setters !== undefined) {
    return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` };
  }
  const implicit = containersWhere(pod, ({ runAsNonRoot }) => runAsNonRoot === undefined);
  if (own === true || implicit.length === 0) return undefined;
  const what = 'must set securityContext.runAsNonRoot=true';
  return { reason, detail: `pod or ${namesOf(implicit)} ${what}` };
}

function findRootUser(pod: CheckedPod): Finding | undefined {
  const bad = containersWhere(pod, ({ runAsUser }) => runAsUser === 0);
  const setters = settersText(pod.spec.securityContext?.runAsUser === 0, bad);
  if (setters === undefined) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` };
}
