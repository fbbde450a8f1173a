// A pod that names a runtime class gets what the class says about scheduling and overhead.
import type { Pod, PodSpec, RuntimeClass } from '../../api/generated/types.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { runtimeClasses } from '../../api/other-resources.ts';
import { getObject } from '../registry/object-store.ts';
import { refuse, requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

/** Throws 403 for a class that doesn't exist, and for a pod that contradicts its class. */
export function runtimeClass(request: AdmissionRequest): void {
  const spec = requestOn<Pod>(request, 'pods', 'create')?.object.spec;
  const name = spec?.runtimeClassName ?? '';
  if (!spec || name === '') return;
  const target = { resource: runtimeClasses, namespace: '', name };
  const found = getObject<RuntimeClass>(request.context.store, target);
  if (!found) {
    throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
  }
  addOverhead(request, spec, found.object);
  addScheduling(request, spec, found.object);
}

/** Throws 403 for a pod with an overhead that no class gives it. */
export function overheadOfClass(request: AdmissionRequest): void {
  const spec = requestOn<Pod>(request, 'pods', 'create')?.object.spec;
  if (spec?.overhead === undefined) return;
  const target = { resource: runtimeClasses, namespace: '', name: spec.runtimeClassName ?? '' };
  const found = getObject<RuntimeClass>(request.context.store, target);
  if (found?.object.overhead) return;
  const why = 'Pod Overhead set without corresponding RuntimeClass defined Overhead';
  throw refuse(request, `pod rejected: ${why}`);
}

function addOverhead(request: AdmissionRequest, spec: PodSpec, { overhead }: RuntimeClass): void {
  if (overhead === undefined) return;
  const fixed = overhead.podFixed;
  if (spec.overhead !== undefined && !semanticEqual(spec.overhead, fixed)) {
    const why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
    throw refuse(request, why);
  }
  if (fixed) spec.overhead = { ...fixed };
}

function addScheduling(
  request: AdmissionRequest,
  spec: PodSpec,
  { scheduling }: RuntimeClass,
): void {
  if (!scheduling) return;
  const own = spec.nodeSelector ?? {};
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    if (own[key] === undefined || own[key] === value) continue;
    const why = `pod rejected: conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own[key]}`;
    throw refuse(request, why);
  }
  const selector = { ...own, ...scheduling.nodeSelector };
  if (Object.keys(selector).length > 0) spec.nodeSelector = selector;
  const tolerations = spec.tolerations ?? [];
  const added = (scheduling.tolerations ?? []).filter(
    (toleration) => !tolerations.some((known) => semanticEqual(known, toleration)),
  );
  if (added.length > 0) spec.tolerations = [...tolerations, ...added];
}
