// Gives pods their priority. Priority classes are not served yet, apart from the two of the system.
import type { Pod } from '../../api/generated/types.ts';
import { refuse, requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const SYSTEM_CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);
const DEFAULT_PREEMPTION = 'PreemptLowerPriority';

/**
 * Sets spec.priority and preemptionPolicy; an update keeps the priority. Throws 403 for an unknown
 * class.
 */
export function priority(request: AdmissionRequest): void {
  const update = requestOn<Pod>(request, 'pods', 'update');
  if (update) {
    const { spec: old } = update.old ?? {};
    const { spec } = update.object;
    if (spec && old?.priority !== undefined) spec.priority ??= old.priority;
    if (spec && old?.preemptionPolicy !== undefined) spec.preemptionPolicy ??= old.preemptionPolicy;
    return;
  }
  const spec = requestOn<Pod>(request, 'pods', 'create')?.object.spec;
  if (!spec) return;
  const name = spec.priorityClassName ?? '';
  const value = name === '' ? 0 : SYSTEM_CLASSES.get(name);
  if (value === undefined) throw refuse(request, `no PriorityClass with name ${name} was found`);
  if (spec.priority !== undefined && spec.priority !== value) {
    const why =
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
      `priority admission controller computed ${value} from the given PriorityClass name`;
    throw refuse(request, why);
  }
  spec.priority = value;
  spec.preemptionPolicy ??= DEFAULT_PREEMPTION;
}
