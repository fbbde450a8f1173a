// Gives pods the priority of their class, and keeps the default class the only one.
import type { Pod, PodSpec, PriorityClass } from '../../api/generated/types.ts';
import { priorityClasses } from '../../api/other-resources.ts';
import type { Store } from '../../storage/store.ts';
import { getObject, listObjects } from '../registry/object-store.ts';
import { refuse, requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const DEFAULT_PREEMPTION = 'PreemptLowerPriority';

/**
 * Sets spec.priority and preemptionPolicy; an update keeps them. Throws 403 for an unknown class,
 * and for values that are not those of the class.
 */
export function priority(request: AdmissionRequest): void {
  const update = requestOn<Pod>(request, 'pods', 'update');
  if (update) {
    keepPriority(update.object.spec, update.old?.spec);
    return;
  }
  const spec = requestOn<Pod>(request, 'pods', 'create')?.object.spec;
  if (spec) setPriority(request, spec);
}

function keepPriority(spec: PodSpec | undefined, old: PodSpec | undefined): void {
  if (!spec) return;
  if (old?.priority !== undefined) spec.priority ??= old.priority;
  if (old?.preemptionPolicy !== undefined) spec.preemptionPolicy ??= old.preemptionPolicy;
}

function setPriority(request: AdmissionRequest, spec: PodSpec): void {
  const priorityClass = classOf(request, spec.priorityClassName ?? '');
  const wanted = {
    priority: priorityClass?.value ?? 0,
    preemptionPolicy: priorityClass?.preemptionPolicy ?? DEFAULT_PREEMPTION,
  };
  const rest = 'must not be provided in pod spec; priority admission controller computed ';
  const from = 'from the given PriorityClass name';
  if (spec.priority !== undefined && spec.priority !== wanted.priority) {
    const what = `the integer value of priority (${spec.priority})`;
    throw refuse(request, `${what} ${rest}${wanted.priority} ${from}`);
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== wanted.preemptionPolicy) {
    const what = `the string value of PreemptionPolicy (${spec.preemptionPolicy})`;
    throw refuse(request, `${what} ${rest}${wanted.preemptionPolicy} ${from}`);
  }
  if (priorityClass) spec.priorityClassName = priorityClass.metadata.name;
  Object.assign(spec, wanted);
}

/** The named class, or the default one. */
function classOf(request: AdmissionRequest, name: string): PriorityClass | undefined {
  const { store } = request.context;
  if (name === '') return defaultClass(store);
  const target = { resource: priorityClasses, namespace: '', name };
  const found = getObject<PriorityClass>(store, target);
  if (!found) throw refuse(request, `no PriorityClass with name ${name} was found`);
  return found.object;
}

/** The least of those marked as default, should there be several. */
function defaultClass(store: Store): PriorityClass | undefined {
  return listObjects<PriorityClass>(store, priorityClasses, '')
    .filter(({ globalDefault }) => globalDefault === true)
    .toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}

/** After validation. Throws 403 for a second default class. */
export function onlyDefaultPriority(request: AdmissionRequest): void {
  const own = requestOn<PriorityClass>(request, 'priorityclasses', 'create', 'update')?.object;
  if (own?.globalDefault !== true) return;
  const { name } = defaultClass(request.context.store)?.metadata ?? {};
  if (name === undefined || name === own.metadata.name) return;
  const why = `PriorityClass ${name} is already marked as default. Only one default can exist`;
  throw refuse(request, why);
}
