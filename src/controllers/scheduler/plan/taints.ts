// Taints keep pods off a node unless they tolerate them.
import { tolerates } from '../../../api/core/taint.ts';
import type { Node, Pod, Taint } from '../../../api/generated/types.ts';

/** The first taint that forbids the pod to be placed on the node. */
export function forbiddingTaint(pod: Pod, node: Node): Taint | undefined {
  return untolerated(pod, node, ['NoSchedule', 'NoExecute'])[0];
}

/** How many taints ask to prefer other nodes. */
export function avoidedTaints(pod: Pod, node: Node): number {
  return untolerated(pod, node, ['PreferNoSchedule']).length;
}

function untolerated(pod: Pod, node: Node, effects: readonly string[]): Taint[] {
  const tolerations = pod.spec?.tolerations ?? [];
  return (node.spec?.taints ?? []).filter(
    (taint) =>
      effects.includes(taint.effect) && !tolerations.some((entry) => tolerates(entry, taint)),
  );
}
