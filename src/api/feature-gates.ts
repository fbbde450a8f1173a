// The feature gates that change what the API accepts, with their default for each version.
import type { RuleContext } from './kind-rules.ts';

/** Every gate that there is. */
export const FEATURE_GATES = ['MaxUnavailableStatefulSet', 'StatefulSetRecreateStrategy'] as const;

export type FeatureGate = (typeof FEATURE_GATES)[number];

/** Gates whose default is on, by emulated version; every other gate is off. */
const ON: Readonly<Record<RuleContext['emulatedVersion'], ReadonlySet<FeatureGate>>> = {
  '1.36': new Set([]),
  '1.37': new Set(['MaxUnavailableStatefulSet']),
};

/** Gates that a version does not have: they are off in it, whatever was set. */
const UNKNOWN: Readonly<Record<RuleContext['emulatedVersion'], ReadonlySet<FeatureGate>>> = {
  '1.36': new Set(['StatefulSetRecreateStrategy']),
  '1.37': new Set([]),
};

/** True when the gate is set on, or unset and on by default in the emulated version. */
export function gateEnabled(
  context: Pick<RuleContext, 'featureGates' | 'emulatedVersion'>,
  gate: FeatureGate,
): boolean {
  if (UNKNOWN[context.emulatedVersion].has(gate)) return false;
  return context.featureGates.get(gate) ?? ON[context.emulatedVersion].has(gate);
}
