// What one sync sees, and what it decides: the data on both sides of plan().
import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  StatefulSetStatus,
} from '../../../api/generated/types.ts';
import type { GateName } from './gates.ts';

/** Feature gates and version that change decisions. */
export interface EngineOptions {
  /** MaxUnavailableStatefulSet. */
  readonly maxUnavailable: boolean;
  /** StatefulSetRecreateStrategy; absent is off. */
  readonly recreate?: boolean;
  /** StaleControllerConsistencyStatefulSet (SS-801); absent is on. */
  readonly waitsForOwnWrites?: boolean;
  /** StatefulSetSemanticRevisionComparison (SS-522); absent is on. */
  readonly comparesRebuilt?: boolean;
  readonly emulatedVersion: '1.36' | '1.37';
}

export interface Snapshot {
  readonly set: StatefulSet;
  readonly revisions: {
    readonly current: ControllerRevision;
    readonly update: ControllerRevision;
    readonly collisionCount: number;
  };
  /** Pods owned by the set. */
  readonly pods: readonly Pod[];
  /** Reads a claim of the set's namespace as the cache has it. */
  readonly claim: (name: string) => PersistentVolumeClaim | undefined;
  /** The one instant of this sync (SS-305). */
  readonly nowMs: number;
  readonly options: EngineOptions;
}

/** Claims to create and to bring to policy for one pod. */
export interface ClaimChanges {
  /** The pod they belong to. */
  readonly podName: string;
  readonly create: readonly PersistentVolumeClaim[];
  /** Existing claims that are being deleted: an error for whoever needs them (SS-210). */
  readonly terminating: readonly string[];
  /** Existing claims with the owner references of the policy. */
  readonly update: readonly PersistentVolumeClaim[];
  /** Claims whose policy is ignored because of another controller (SS-266). */
  readonly conflicting: readonly string[];
}

export type Action =
  /** Create claims, then the pod, then set claim references. */
  | { readonly type: 'create-pod'; readonly pod: Pod; readonly claims: ClaimChanges }
  /** Missing claims and references of a pending pod (SS-212). */
  | { readonly type: 'repair-claims'; readonly claims: ClaimChanges }
  /** Identity, storage or claim references of a running pod (SS-313). */
  | { readonly type: 'update-pod'; readonly pod: Pod; readonly claims: ClaimChanges }
  /** References of a condemned pod's claims (SS-256). */
  | { readonly type: 'update-claims'; readonly claims: ClaimChanges }
  | {
      readonly type: 'delete-pod';
      readonly name: string;
      /** Absent for a pod that was created in this very plan. */
      readonly uid: string | undefined;
      readonly why: 'terminal' | 'condemned' | 'update';
    };

/** Actions on one slot, in order; the first error ends them. */
export interface Task {
  readonly ordinal: number;
  readonly actions: readonly Action[];
}

/**
 * Tasks of a stage run one by one, or by slow start (SS-304); an error ends the plan after the
 * stage.
 */
export interface Stage {
  readonly step: 'recreate' | 'replicas' | 'condemned-claims' | 'condemned' | 'update';
  readonly order: 'serial' | 'slow-start';
  readonly tasks: readonly Task[];
}

/** The object and field that must change for a gate to open, and the value it must have. */
export interface WaitTarget {
  /** `Pod/web-2`, `PersistentVolumeClaim/data-web-2`, `StatefulSet/web`. */
  readonly object: string;
  readonly field: string;
  /** `absent`: the field, or the object that it identifies, is gone. */
  readonly wanted: string;
}

/**
 * What something waits for and why, as data: `plan` and `explain` are built on it. A settled set
 * has none; pods behind one gate share one wait.
 */
export interface Wait {
  /** `Pod/web-2`, `PersistentVolumeClaim/data-web-2`, `StatefulSet/web`; of several the lowest. */
  readonly object: string;
  /** Waits of pods: the ordinals, first to last, of those that wait for the same. */
  readonly ordinals?: { readonly first: number; readonly last: number };
  /** Name in GATES, where its rule and meaning stand. */
  readonly gate: GateName;
  readonly waitsFor: WaitTarget;
  /** Since when the gate is closed, ms since the epoch, as far as the objects tell. */
  readonly sinceMs: number | undefined;
  /** When it opens by itself, ms since the epoch; absent: only through a change. */
  readonly opensAtMs?: number;
}

export interface Plan {
  readonly stages: readonly Stage[];
  /** Before completion, and before update deletions are counted off (SS-546). */
  readonly status: StatefulSetStatus;
  /** The step that holds the sync first; then by step and ordinal. */
  readonly waits: readonly Wait[];
  /** With the gate MaxUnavailableStatefulSet: the numbers of SS-451 and SS-452. */
  readonly budget?: { readonly maxUnavailable: number; readonly unavailable: number };
  /** Why this set cannot be handled at all: the sync's error, after the status (SS-500). */
  readonly refusal?: string;
}
