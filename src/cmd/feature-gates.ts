// The flag --feature-gates: its form, and whether the emulated version has the gates.
import { InvalidArgumentError } from 'commander';
import { gatesOf } from '../api/feature-gates.ts';
import { OrdinalError } from '../base/errors.ts';

/** Reads `A=true,B=false`. Throws InvalidArgumentError. */
export function parseFeatureGates(text: string): Record<string, boolean> {
  const gates: Record<string, boolean> = {};
  for (const entry of text.split(',').filter((part) => part.trim() !== '')) {
    const match = /^\s*([A-Za-z][A-Za-z0-9]*)=(true|false)\s*$/.exec(entry);
    if (!match?.[1]) {
      throw new InvalidArgumentError(`"${entry}" is not of the form Gate=true|false`);
    }
    gates[match[1]] = match[2] === 'true';
  }
  return gates;
}

/** Throws OrdinalError `ORD_FEATURE_GATE` for a gate that the version does not have. */
export function assertGatesExist(
  gates: Readonly<Record<string, boolean>>,
  version: '1.36' | '1.37',
): void {
  const known = gatesOf(version);
  const unknown = Object.keys(gates).find((gate) => !known.includes(gate));
  if (unknown === undefined) return;
  throw new OrdinalError('ORD_FEATURE_GATE', `${version} has no feature gate "${unknown}"`, {
    action: `choose among ${known.join(', ')}`,
  });
}
