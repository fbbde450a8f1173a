import { describe } from 'vitest';
import { probeSandbox } from './probe-sandbox.ts';
import { sandboxSuite } from './sandbox-suite.ts';

/** Exists nowhere, so no file or process of it can be in the way. */
const ORDINARY_USER = 61_234;

/** Gives up root for the rest of this test file, which has a process of its own. */
function becomeOrdinaryUser(): void {
  if (process.getuid?.() !== 0) return;
  process.setgroups?.([]);
  process.setgid?.(ORDINARY_USER);
  process.setuid?.(ORDINARY_USER);
}

becomeOrdinaryUser();
const { refusal } = await probeSandbox();
if (refusal !== undefined) console.warn(`rootless sandbox tests can't run here: ${refusal}`);

describe.skipIf(refusal !== undefined && process.env['CI'] !== 'true')('rootless sandbox', () => {
  sandboxSuite(becomeOrdinaryUser);
});
