// Which pods nobody else will remove, and why.
import { TAINT } from '../../../api/core/taint.ts';
import type { Node, Pod } from '../../../api/generated/types.ts';
import { isConditionTrue } from '../../../api/meta/conditions.ts';
import { isTerminating, nameOf } from '../../../api/meta/object.ts';

export interface GarbageQuestion {
  readonly pods: readonly Pod[];
  /** The node of the name, if it is in the API. */
  readonly nodeOf: (name: string) => Node | undefined;
  /** Names of nodes that are known to be gone for good. */
  readonly goneNodes: ReadonlySet<string>;
  /** So many pods that have ended are left. */
  readonly endedMax: number;
}

export interface GarbagePod {
  readonly pod: Pod;
  /** Its node is gone, which it is to say itself (SS-946). */
  readonly isOrphan: boolean;
}

/** Names of nodes that pods are on and the API has not. */
export function missingNodes({
  pods,
  nodeOf,
}: Pick<GarbageQuestion, 'pods' | 'nodeOf'>): Set<string> {
  const names = pods.map(({ spec }) => spec?.nodeName ?? '');
  return new Set(names.filter((name) => name !== '' && nodeOf(name) === undefined));
}

/** SS-946, SS-947, SS-950, and the oldest of too many pods that have ended; each pod once. */
export function garbagePods(question: GarbageQuestion): GarbagePod[] {
  const { pods, nodeOf, goneNodes } = question;
  const surplus = new Set(surplusOfEnded(question));
  return pods.flatMap((pod): GarbagePod[] => {
    const name = pod.spec?.nodeName ?? '';
    if (goneNodes.has(name)) return [{ pod, isOrphan: true }];
    const isLost = isTerminating(pod) && (name === '' || isOutOfService(nodeOf(name)));
    return isLost || surplus.has(pod) ? [{ pod, isOrphan: false }] : [];
  });
}

/** True when somebody has said that the machine does not run any more, and it does not object. */
function isOutOfService(node: Node | undefined): boolean {
  if (node === undefined || isConditionTrue(node.status?.conditions, 'Ready')) return false;
  return (node.spec?.taints ?? []).some(({ key }) => key === TAINT.outOfService);
}

/** Evicted ones first, then the oldest. */
function surplusOfEnded({ pods, endedMax }: GarbageQuestion): Pod[] {
  const ended = pods.filter(
    ({ status }) => status?.phase === 'Failed' || status?.phase === 'Succeeded',
  );
  if (ended.length <= endedMax) return [];
  const rank = (pod: Pod) => (isEvicted(pod) ? '0' : '1') + (pod.metadata.creationTimestamp ?? '');
  const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return ended
    .toSorted((a, b) => before(rank(a), rank(b)) || before(nameOf(a), nameOf(b)))
    .slice(0, ended.length - endedMax);
}

function isEvicted({ status }: Pod): boolean {
  return status?.phase === 'Failed' && status.reason === 'Evicted';
}
