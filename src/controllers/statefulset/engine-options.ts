// The engine's options as feature gates give them.
import { gateEnabled } from '../../api/feature-gates.ts';
import type { RuleContext } from '../../api/kind-rules.ts';
import type { EngineOptions } from './plan/snapshot.ts';

/** Reads the gates as set, or as they are by default in the emulated version. */
export function engineOptions(
  settings: Pick<RuleContext, 'featureGates' | 'emulatedVersion'>,
): EngineOptions {
  return {
    emulatedVersion: settings.emulatedVersion,
    maxUnavailable: gateEnabled(settings, 'MaxUnavailableStatefulSet'),
    recreate: gateEnabled(settings, 'StatefulSetRecreateStrategy'),
    waitsForOwnWrites: gateEnabled(settings, 'StaleControllerConsistencyStatefulSet'),
    comparesRebuilt: gateEnabled(settings, 'StatefulSetSemanticRevisionComparison'),
  };
}
