// Judges from heartbeats whether a node is still there. Times are those of our own clock when we
// saw a heartbeat, not those that nodes write: their clocks may differ.
import type { Lease, Node, NodeCondition } from '../../../api/generated/types.ts';
import { findCondition } from '../../../api/meta/conditions.ts';
import { formatTime, parseTime } from '../../../base/time.ts';

/** What is remembered of a node from look to look. */
export interface NodeHealth {
  /** Its Ready condition as last seen, or as we wrote it. */
  readonly ready: NodeCondition | undefined;
  /** When we last saw a sign of life. */
  readonly seenMs: number;
  /** `renewTime` of its lease as last seen; its clock may have been set back since. */
  readonly renewTime: string | undefined;
}

/** How long silence is tolerated, in milliseconds. */
export interface GracePeriods {
  readonly graceMs: number;
  /** For nodes that have never reported a status. */
  readonly startupGraceMs: number;
}

export interface HealthQuestion extends GracePeriods {
  readonly node: Node;
  readonly lease: Lease | undefined;
  readonly known: NodeHealth | undefined;
  readonly nowMs: number;
}

export interface HealthVerdict {
  readonly health: NodeHealth;
  /** Status of Ready before this look; a node that never reported counts as Unknown. */
  readonly before: string;
  /** Status of Ready from now on; undefined: never reported, and still within its time. */
  readonly ready: string | undefined;
  /** All conditions of the node as they are to be written; undefined: nothing to write. */
  readonly conditions: NodeCondition[] | undefined;
}

/** What a node that is silent no longer tells us; NetworkUnavailable is set by others. */
const FROM_THE_NODE = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];

/** SS-941: after the grace period without heartbeat a node's conditions become Unknown. */
export function judgeHealth(question: HealthQuestion): HealthVerdict {
  const { node, nowMs, graceMs, startupGraceMs } = question;
  const ready = findCondition(node.status?.conditions, 'Ready');
  const health = noteHeartbeat(question, ready);
  const before = ready?.status ?? 'Unknown';
  const isLate = nowMs > health.seenMs + (ready === undefined ? startupGraceMs : graceMs);
  if (!isLate || ready?.status === 'Unknown') {
    return { health, before, ready: ready?.status, conditions: undefined };
  }
  const conditions = silentConditions(node, formatTime(nowMs));
  const written = { ...health, ready: findCondition(conditions, 'Ready') };
  return { health: written, before, ready: 'Unknown', conditions };
}

function noteHeartbeat(
  { node, lease, known, nowMs }: HealthQuestion,
  ready: NodeCondition | undefined,
): NodeHealth {
  const renewTime = lease?.spec?.renewTime;
  const isRenewed = renewTime !== undefined && renewTime !== known?.renewTime;
  return {
    ready,
    seenMs: isRenewed ? nowMs : statusSeenMs({ node, known, nowMs }, ready),
    renewTime: renewTime ?? known?.renewTime,
  };
}

function statusSeenMs(
  { node, known, nowMs }: Pick<HealthQuestion, 'node' | 'known' | 'nowMs'>,
  ready: NodeCondition | undefined,
): number {
  if (known === undefined) {
    const createdMs = parseTime(node.metadata.creationTimestamp) ?? nowMs;
    return ready === undefined ? createdMs : nowMs;
  }
  const isSameBeat = known.ready?.lastHeartbeatTime === ready?.lastHeartbeatTime;
  const isSameKind = (known.ready === undefined) === (ready === undefined);
  return isSameBeat && isSameKind ? known.seenMs : nowMs;
}

function silentConditions({ metadata, status }: Node, now: string): NodeCondition[] {
  const conditions = (status?.conditions ?? []).map((condition): NodeCondition => {
    const { type } = condition;
    if (!FROM_THE_NODE.includes(type) || condition.status === 'Unknown') return condition;
    return {
      ...condition,
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: now,
    };
  });
  const missing = FROM_THE_NODE.filter((type) => findCondition(conditions, type) === undefined);
  const never = missing.map((type): NodeCondition => ({
    type,
    status: 'Unknown',
    reason: 'NodeStatusNeverUpdated',
    message: 'Kubelet never posted node status.',
    lastHeartbeatTime: metadata.creationTimestamp,
    lastTransitionTime: now,
  }));
  return [...conditions, ...never];
}
