// Taints keep pods off a node unless they tolerate them.
import type { Node, Pod, Taint, Toleration } from '../../../api/generated/types.ts';

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

/** True when the toleration covers the taint; an empty key or effect covers all of them. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  return operator === 'Exists' || (key !== '' && value === (taint.value ?? ''));
}
