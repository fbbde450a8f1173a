// Fields of pods and templates behind gates that are off: dropped on writing, as upstream does,
// unless the stored object has such a field already.
import type { PodSpec, PodTemplateSpec } from '../generated/types.ts';
import type { RuleContext } from '../kind-rules.ts';
import { gateEnabled } from '../feature-gates.ts';

/** As dropDisabledFields, for the template of a workload. */
export function dropDisabledTemplateFields(
  template: PodTemplateSpec | undefined,
  old: PodTemplateSpec | undefined,
  context: RuleContext,
): void {
  dropDisabledFields(template?.spec, old?.spec, context);
}

/** Drops in place what the server does not take; `old` is the stored spec on an update. */
export function dropDisabledFields(
  spec: PodSpec | undefined,
  old: PodSpec | undefined,
  context: RuleContext,
): void {
  if (spec === undefined) return;
  for (const field of ['clusterTrustBundle', 'podCertificate'] as const) {
    if (projections(old).some((source) => source[field] !== undefined)) continue;
    for (const source of projections(spec)) delete source[field];
  }
  if (old?.schedulingGroup === undefined) delete spec.schedulingGroup;
  if (!gateEnabled(context, 'ContainerStopSignals')) dropStopSignals(spec, old);
}

function projections(spec: PodSpec | undefined) {
  return (spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
}

function containersOf(spec: PodSpec | undefined) {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers];
}

function dropStopSignals(spec: PodSpec, old: PodSpec | undefined): void {
  if (containersOf(old).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined)) return;
  for (const container of containersOf(spec)) {
    if (container.lifecycle?.stopSignal === undefined) continue;
    const { stopSignal: _, ...rest } = container.lifecycle;
    if (Object.keys(rest).length > 0) container.lifecycle = rest;
    else delete container.lifecycle;
  }
}
