// Upstream's feature gates that are switches here, with their default for each version.
import type { RuleContext } from './kind-rules.ts';

type Version = RuleContext['emulatedVersion'];

/** The default of every gate; a version that does not have a gate does not list it. */
const DEFAULTS = {
  '1.36': {
    ContainerStopSignals: false,
    MaxUnavailableStatefulSet: false,
    StaleControllerConsistencyStatefulSet: true,
    StatefulSetSemanticRevisionComparison: true,
  },
  '1.37': {
    ContainerStopSignals: false,
    MaxUnavailableStatefulSet: true,
    StaleControllerConsistencyStatefulSet: true,
    StatefulSetRecreateStrategy: false,
    StatefulSetSemanticRevisionComparison: true,
  },
} as const satisfies Readonly<Record<Version, Readonly<Record<string, boolean>>>>;

export type FeatureGate = keyof (typeof DEFAULTS)['1.37'];

/** Names of the gates that a version has, in order. */
export function gatesOf(version: Version): readonly string[] {
  return Object.keys(DEFAULTS[version]);
}

/**
 * True when the gate is set on, or unset and on by default in the emulated version. A gate that the
 * version does not have is off, whatever was set.
 */
export function gateEnabled(
  context: Pick<RuleContext, 'featureGates' | 'emulatedVersion'>,
  gate: FeatureGate,
): boolean {
  const defaults: Readonly<Partial<Record<FeatureGate, boolean>>> =
    DEFAULTS[context.emulatedVersion];
  const usual = defaults[gate];
  if (usual === undefined) return false;
  return context.featureGates.get(gate) ?? usual;
}
