// Shortcuts for the tests of this folder that prove rules: sets with claims, decisions and parts.
import type {
  OwnerReference,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../../../api/generated/types.ts';
import { deepFreeze, nameOf } from '../../../api/meta/object.ts';
import { setReference } from './identity.ts';
import { plan } from './plan.ts';
import {
  actionTexts,
  buildMember,
  buildSet,
  buildSnapshot,
  DEFAULT_OPTIONS,
  type PodCondition,
} from './set-builder.ts';
import type { Action, EngineOptions, Plan, Snapshot } from './snapshot.ts';

export const parallel = { podManagementPolicy: 'Parallel' };

/** What 1.37 decides, with its gates. */
export const OPTIONS_137: EngineOptions = {
  ...DEFAULT_OPTIONS,
  maxUnavailable: true,
  emulatedVersion: '1.37',
};

/** The plan for a set and its pods; nothing of what is passed in may be changed. */
export function decide(
  set: StatefulSet,
  pods: readonly Pod[],
  parts: Partial<Snapshot> = {},
): Plan {
  return plan(deepFreeze(buildSnapshot(set, pods, parts)));
}

/** The actions of `decide` as texts. */
export function texts(
  set: StatefulSet,
  pods: readonly Pod[],
  parts: Partial<Snapshot> = {},
): string[] {
  return actionTexts(decide(set, pods, parts));
}

/** Pods from the start ordinal up, one a state. */
export function members(
  set: StatefulSet,
  states: readonly PodCondition[],
  revision = 'web-new',
): Pod[] {
  const start = set.spec?.ordinals?.start ?? 0;
  return states.map((state, index) => buildMember(set, start + index, { state, revision }));
}

/** All actions of a plan, in order. */
export function actionsOf(decided: Plan): Action[] {
  return decided.stages.flatMap((stage) => stage.tasks.flatMap((task) => task.actions));
}

/** The pods that a plan creates. */
export function createdPods(decided: Plan): Pod[] {
  return actionsOf(decided).flatMap((action) => (action.type === 'create-pod' ? [action.pod] : []));
}

/** The pods that a plan updates. */
export function updatedPods(decided: Plan): Pod[] {
  return actionsOf(decided).flatMap((action) => (action.type === 'update-pod' ? [action.pod] : []));
}

/** Names of the claims that a plan creates. */
export function createdClaims(decided: Plan): string[] {
  return actionsOf(decided).flatMap((action) =>
    'claims' in action ? action.claims.create.map(nameOf) : [],
  );
}

/** Owners (`StatefulSet web`, `Pod web-1`) that a plan writes on each claim it updates. */
export function claimOwners(decided: Plan): Record<string, string[]> {
  const updated = actionsOf(decided).flatMap((action) =>
    'claims' in action ? action.claims.update : [],
  );
  return Object.fromEntries(
    updated.map((claim) => [
      nameOf(claim),
      (claim.metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind} ${name}`),
    ]),
  );
}

export function claimTemplate(
  name: string,
  metadata: Partial<PersistentVolumeClaim['metadata']> = {},
): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, ...metadata },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
}

/** A set with the claim template `data`. */
export function buildSetWithClaims(spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  return buildSet({ volumeClaimTemplates: [claimTemplate('data')], ...spec });
}

/** A stored claim. */
export function storedClaim(
  name: string,
  metadata: Partial<PersistentVolumeClaim['metadata']> = {},
): PersistentVolumeClaim {
  return claimTemplate(name, { namespace: 'shop', uid: `uid-of-${name}`, ...metadata });
}

/** Reads claims by name, as a snapshot does. */
export function claimsIn(claims: readonly PersistentVolumeClaim[]): Snapshot['claim'] {
  return (name) => claims.find((claim) => nameOf(claim) === name);
}

export const ownerSet = (set: StatefulSet): OwnerReference => setReference(set);

export const ownerPod = (name: string, uid: string): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'Pod',
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});
