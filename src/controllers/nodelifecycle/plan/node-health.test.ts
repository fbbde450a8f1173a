import { describe, expect, it } from 'vitest';
import type { Lease, Node, NodeCondition } from '../../../api/generated/types.ts';
import { formatTime } from '../../../base/time.ts';
import { judgeHealth, type HealthVerdict, type NodeHealth } from './node-health.ts';

const START_MS = Date.UTC(2026, 0, 1);
const PERIODS = { graceMs: 50_000, startupGraceMs: 60_000 };

function node(ready?: Partial<NodeCondition>, others: readonly NodeCondition[] = []): Node {
  const conditions = ready ? [{ type: 'Ready', status: 'True', ...ready }, ...others] : [...others];
  const metadata = { name: 'n', creationTimestamp: formatTime(START_MS) };
  return { apiVersion: 'v1', kind: 'Node', metadata, status: { conditions } };
}

const lease = (renewTime: string): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'n' },
  spec: { renewTime },
});

/** Looks at the node so many seconds after the start. */
const look = (
  seconds: number,
  object: Node,
  more: { known?: NodeHealth; lease?: Lease } = {},
): HealthVerdict =>
  judgeHealth({
    ...PERIODS,
    node: object,
    lease: more.lease,
    known: more.known,
    nowMs: START_MS + seconds * 1000,
  });

describe('a node with a status', () => {
  it('SS-941: is Unknown after 50 s without heartbeat, with all that it said of itself', () => {
    const network = { type: 'NetworkUnavailable', status: 'False' };
    const pressure = { type: 'DiskPressure', status: 'True', reason: 'Full' };
    const beat = formatTime(START_MS);
    const object = node({ lastHeartbeatTime: beat }, [network, pressure]);
    const { health } = look(0, object);
    expect(look(50, object, { known: health })).toMatchObject({
      before: 'True',
      ready: 'True',
      conditions: undefined,
    });
    const verdict = look(51, object, { known: health });
    expect(verdict).toMatchObject({ before: 'True', ready: 'Unknown' });
    const now = formatTime(START_MS + 51_000);
    const silent = {
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
      lastTransitionTime: now,
    };
    expect(verdict.conditions).toEqual([
      { type: 'Ready', lastHeartbeatTime: beat, ...silent },
      network,
      { type: 'DiskPressure', ...silent },
      expect.objectContaining({ type: 'MemoryPressure', reason: 'NodeStatusNeverUpdated' }),
      expect.objectContaining({ type: 'PIDPressure', reason: 'NodeStatusNeverUpdated' }),
    ]);
  });

  it('SS-941: is written once', () => {
    const object = node({ status: 'Unknown' });
    const { health } = look(0, object);
    const verdict = look(100, object, { known: health });
    expect(verdict).toMatchObject({ before: 'Unknown', ready: 'Unknown', conditions: undefined });
  });

  it('SS-941: lives by its status or by its lease', () => {
    const first = look(0, node({ lastHeartbeatTime: 'a' }), { lease: lease('1') });
    const byStatus = look(40, node({ lastHeartbeatTime: 'b' }), { known: first.health });
    expect(byStatus.health.seenMs).toBe(START_MS + 40_000);
    const object = node({ lastHeartbeatTime: 'b' });
    const byLease = look(80, object, { known: byStatus.health, lease: lease('2') });
    expect(byLease.health.seenMs).toBe(START_MS + 80_000);
    const silent = look(131, object, { known: byLease.health, lease: lease('2') });
    expect(silent.ready).toBe('Unknown');
  });

  it('SS-941: lives, even if its clock was set back', () => {
    const { health } = look(0, node({}), { lease: lease('2026-01-01T12:00:00Z') });
    const later = look(60, node({}), { known: health, lease: lease('2025-12-31T12:00:00Z') });
    expect(later.ready).toBe('True');
  });

  it('an old heartbeat is new to a controller that has just started', () => {
    const object = node({ lastHeartbeatTime: '2020-01-01T00:00:00Z' });
    expect(look(9000, object, { lease: lease('2020-01-01T00:00:00Z') }).ready).toBe('True');
  });

  it('SS-941: one that says itself that it is not ready was not ready before', () => {
    expect(look(0, node({ status: 'False' }))).toMatchObject({ before: 'False', ready: 'False' });
  });
});

describe('a node without a status', () => {
  it('SS-941: is Unknown 60 s after its creation', () => {
    const { health, ready, before } = look(30, node());
    expect([before, ready]).toEqual(['Unknown', undefined]);
    expect(look(60, node(), { known: health }).conditions).toBeUndefined();
    const late = look(61, node(), { known: health });
    expect(late.conditions?.map(({ type, reason }) => [type, reason])).toEqual(
      ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => [
        type,
        'NodeStatusNeverUpdated',
      ]),
    );
  });

  it('has a new grace period from its first status, or when it lost it', () => {
    const { health } = look(0, node());
    const first = look(59, node({}), { known: health });
    expect(first.health.seenMs).toBe(START_MS + 59_000);
    expect(look(100, node(), { known: first.health }).health.seenMs).toBe(START_MS + 100_000);
  });
});
