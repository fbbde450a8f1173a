// Rules of pods for one system only, and of the annotations that once named profiles.
import { describe, expect, test } from 'vitest';
import type { Pod } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const body = (spec: JsonObject, annotations: JsonObject = {}): JsonObject => ({
  metadata: { name: 'p', annotations },
  spec: { serviceAccountName: 'default', containers: [{ name: 'c', image: 'i' }], ...spec },
});
const errorsOf = (spec: JsonObject, annotations?: JsonObject) =>
  create<Pod>('pods', body(spec, annotations)).errors;

describe('API-314: systems', () => {
  test('what belongs to Linux is not for Windows', () => {
    const securityContext = { runAsUser: 1, fsGroup: 1, seLinuxOptions: {}, sysctls: [] };
    const container = {
      name: 'c',
      image: 'i',
      securityContext: { privileged: true, runAsUser: 2 },
    };
    const spec = {
      os: { name: 'windows' },
      hostPID: true,
      hostIPC: false,
      securityContext,
      containers: [container],
    };
    const why = 'Forbidden: cannot be set for a windows pod';
    expect(errorsOf(spec)).toEqual([
      `spec.securityContext.seLinuxOptions: ${why}`,
      `spec.hostPID: ${why}`,
      `spec.securityContext.fsGroup: ${why}`,
      `spec.securityContext.runAsUser: ${why}`,
      `spec.containers[0].securityContext.privileged: ${why}`,
      `spec.containers[0].securityContext.runAsUser: ${why}`,
    ]);
    expect(errorsOf({ os: { name: 'windows' } })).toEqual([]);
  });

  test('Windows options are not for Linux', () => {
    const securityContext = { windowsOptions: { runAsUserName: 'me' } };
    const why = 'Forbidden: windows options cannot be set for a linux pod';
    const container = { name: 'c', image: 'i', securityContext };
    const spec = { os: { name: 'linux' }, securityContext, containers: [container] };
    expect(errorsOf(spec)).toEqual([
      `spec.securityContext.windowsOptions: ${why}`,
      `spec.containers[0].securityContext.windowsOptions: ${why}`,
    ]);
  });
});

describe('API-314: annotations of profiles', () => {
  const key = (container: string) => `container.apparmor.security.beta.kubernetes.io/${container}`;
  const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod';

  test('name containers and profiles that can be', () => {
    expect(errorsOf({}, { [key('c')]: 'localhost/x', [SECCOMP]: 'runtime/default' })).toEqual([]);
    expect(errorsOf({}, { [key('z')]: 'bad', [SECCOMP]: 'localhost/../x' })).toEqual([
      `metadata.annotations.${SECCOMP}: Invalid value: "../x": must not contain '..'`,
      `metadata.annotations[${key('z')}]: Invalid value: "z": container not found`,
      `metadata.annotations[${key('z')}]: Invalid value: "bad": ` +
        'invalid AppArmor profile name: "bad"',
    ]);
  });

  test('are not added, changed or removed later', () => {
    const plain = {};
    const noted = { [key('c')]: 'unconfined' };
    const errors = (before: JsonObject, after: Record<string, string>) =>
      update<Pod>('pods', body({}, before), ({ metadata }) => (metadata.annotations = after))
        .errors;
    expect(errors(plain, noted)).toEqual([
      `metadata.annotations[${key('c')}]: Forbidden: may not add AppArmor annotations`,
    ]);
    expect(errors(noted, plain)).toEqual([
      `metadata.annotations[${key('c')}]: Forbidden: may not remove or update AppArmor annotations`,
    ]);
  });
});
