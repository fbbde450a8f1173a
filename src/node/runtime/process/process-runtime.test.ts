import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { runtimeConformance } from '../runtime-conformance.ts';
import { temporaryDirectory, TEST_SERVICES } from '../runtime-test-kit.ts';
import { createProcessRuntime } from './process-runtime.ts';

describe('process runtime', () => {
  runtimeConformance(async () => {
    const dir = temporaryDirectory();
    const stateDir = join(dir, 'runtime');
    return {
      dir,
      stateDir,
      create: () => createProcessRuntime({ ...TEST_SERVICES, stateDir, nodeIndex: 0 }),
      close: async () => rmSync(dir, { recursive: true }),
    };
  });
});
