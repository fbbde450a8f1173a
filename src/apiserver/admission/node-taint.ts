// A new node gets no pods before somebody has seen that it is ready (TaintNodesByCondition).
import type { Node } from '../../api/generated/types.ts';
import { isSameTaint, TAINT } from '../../api/core/taint.ts';
import { requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const NOT_READY = { key: TAINT.notReady, effect: 'NoSchedule' };

/** API-923: adds the taint at creation; the node lifecycle controller takes it off. */
export function nodeTaint(request: AdmissionRequest): void {
  const node = requestOn<Node>(request, 'nodes', 'create')?.object;
  if (!node) return;
  const taints = node.spec?.taints ?? [];
  if (taints.some((taint) => isSameTaint(taint, NOT_READY))) return;
  node.spec = { ...node.spec, taints: [...taints, NOT_READY] };
}
