// SS-942: pods stay five minutes on a node that is not ready or unreachable, unless they say
// otherwise.
import type { Pod, Toleration } from '../../api/generated/types.ts';
import { requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const TAINTS: readonly string[] = [
  'node.kubernetes.io/not-ready',
  'node.kubernetes.io/unreachable',
];
const TOLERATION_SECONDS = 300;

/** Adds the tolerations of 300 s that a pod has not set itself. */
export function defaultTolerations(request: AdmissionRequest): void {
  const spec = requestOn<Pod>(request, 'pods', 'create', 'update')?.object.spec;
  if (!spec) return;
  const own = spec.tolerations ?? [];
  const missing = TAINTS.filter((key) => !own.some((toleration) => tolerates(toleration, key)));
  if (missing.length === 0) return;
  const added = missing.map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: TOLERATION_SECONDS,
  }));
  spec.tolerations = [...own, ...added];
}

function tolerates({ key = '', effect = '' }: Toleration, taint: string): boolean {
  return (key === taint || key === '') && (effect === 'NoExecute' || effect === '');
}
