import { describe } from 'vitest';
import { probeSandbox } from './probe-sandbox.ts';
import { sandboxSuite } from './sandbox-suite.ts';

const { refusal } = await probeSandbox();
if (refusal !== undefined) console.warn(`sandbox tests can't run here: ${refusal}`);

// In CI a machine that can't run them is a fault, not an excuse.
describe.skipIf(refusal !== undefined && process.env['CI'] !== 'true')('sandbox runtime', () => {
  sandboxSuite(() => {});
});
