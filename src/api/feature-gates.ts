// The feature gates that change what the API accepts, with their default for each version.
import type { RuleContext } from './kind-rules.ts';

/** Gates whose default is on, by emulated version; every other gate is off. */
const ON: Readonly<Record<RuleContext['emulatedVersion'], ReadonlySet<string>>> = {
  '1.36': new Set([]),
  '1.37': new Set(['MaxUnavailableStatefulSet']),
};

/** True when the gate is set on, or unset and on by default in the emulated version. */
export function gateEnabled(
  context: Pick<RuleContext, 'featureGates' | 'emulatedVersion'>,
  gate: 'MaxUnavailableStatefulSet' | 'StatefulSetRecreateStrategy',
): boolean {
  return context.featureGates.get(gate) ?? ON[context.emulatedVersion].has(gate);
}
