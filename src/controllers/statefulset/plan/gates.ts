// What can hold something back: each gate with its rule, the field that opens it and the value that
// this field must have. `absent` means: the field, or the object that it identifies, is gone.

/** A gate: data for `plan` and `explain`. */
export interface Gate {
  /** The rule of the specification that closes it. */
  readonly rule: string;
  /** The field, of the object in `Wait.waitsFor`, that must change. */
  readonly field: string;
  /** The value that opens the gate; a wait may name a more exact one. */
  readonly wanted: string;
  /** What is held back and why, as a sentence. */
  readonly why: string;
}

const READY = { field: 'status.conditions[Ready].status', wanted: 'True' } as const;
const GONE = { field: 'metadata.uid', wanted: 'absent' } as const;
const PARTITION = 'spec.updateStrategy.rollingUpdate.partition';
const STRATEGY = 'spec.updateStrategy.type';

/** Every gate there is. */
export const GATES = {
  SetTerminating: {
    rule: 'SS-606',
    field: 'metadata.finalizers',
    wanted: 'absent',
    why: 'The set is being deleted: its pods are left as they are.',
  },
  RecreateGateOff: {
    rule: 'SS-500',
    field: STRATEGY,
    wanted: 'RollingUpdate',
    why: 'The strategy Recreate needs the feature gate StatefulSetRecreateStrategy.',
  },
  RecreateOldPods: {
    rule: 'SS-496',
    ...GONE,
    why: 'No pod is created while one of an old revision exists.',
  },
  PodTerminal: { rule: 'SS-306', ...GONE, why: 'The finished pod goes before its replacement.' },
  PodTerminating: {
    rule: 'SS-310',
    field: 'metadata.deletionTimestamp',
    wanted: 'absent',
    why: 'The pod is being deleted; its name is free when it is gone.',
  },
  PodNotRunning: {
    rule: 'SS-311',
    field: 'status.phase',
    wanted: 'Running',
    why: 'The pod does not run yet.',
  },
  PodNotReady: { rule: 'SS-311', ...READY, why: 'The pod is not ready.' },
  PodNotAvailable: {
    rule: 'SS-312',
    field: 'status.conditions[Ready].lastTransitionTime',
    wanted: 'older than spec.minReadySeconds',
    why: 'The pod is not ready for minReadySeconds yet.',
  },
  ClaimStale: {
    rule: 'SS-258',
    ...GONE,
    why: 'The claim belongs to an earlier pod of this name and is about to be collected.',
  },
  ClaimTerminating: { rule: 'SS-210', ...GONE, why: 'A claim of the pod is being deleted.' },
  ClaimUnbound: {
    rule: 'SS-861',
    field: 'status.phase',
    wanted: 'Bound',
    why: 'The claim has no volume yet; its pod cannot be started. Nothing else waits for it.',
  },
  EarlierSlot: {
    rule: 'SS-303',
    ...READY,
    why: 'Under OrderedReady a slot is handled when all lower ones are settled.',
  },
  SlotsFirst: {
    rule: 'SS-335',
    ...READY,
    why: 'Under OrderedReady nothing is scaled down before all slots are settled.',
  },
  HigherCondemned: {
    rule: 'SS-330',
    ...GONE,
    why: 'Pods are scaled down one by one, from the highest ordinal.',
  },
  NotFirstUnavailable: {
    rule: 'SS-332',
    ...READY,
    why: 'An unhealthy pod is scaled down only if no other one comes before it.',
  },
  ScalingFirst: {
    rule: 'SS-340',
    ...READY,
    why: 'Under OrderedReady nothing is updated before scaling is done.',
  },
  Partition: {
    rule: 'SS-441',
    field: PARTITION,
    wanted: 'at most the slot',
    why: 'The partition keeps slots below it from being updated.',
  },
  OnDelete: {
    rule: 'SS-471',
    field: STRATEGY,
    wanted: 'RollingUpdate',
    why: 'Under OnDelete a pod is updated when someone deletes it.',
  },
  UpdateOrder: {
    rule: 'SS-432',
    ...READY,
    why: 'Pods are updated one by one, from the highest slot; the one before must be available.',
  },
  UpdateBudget: {
    rule: 'SS-453',
    ...READY,
    why: 'As many pods are unavailable as maxUnavailable allows.',
  },
  RolloutIncomplete: {
    rule: 'SS-481',
    field: 'status.updatedReplicas',
    wanted: 'spec.replicas',
    why: 'status.currentRevision moves on when all pods are updated and ready.',
  },
} as const satisfies Readonly<Record<string, Gate>>;

export type GateName = keyof typeof GATES;
