// A short run of the fuzzer; `npm run fuzz` does long ones.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFuzzServer, type FuzzServer } from './fuzz-server.ts';
import { runFuzz } from './run.ts';

const REQUESTS = 3_000;
let server: FuzzServer;

beforeAll(async () => void (server = await startFuzzServer(1)));
afterAll(() => server.stop());

test(
  'API-310: whatever is sent, the answer is an object or a Status',
  { timeout: 120_000 },
  async () => {
    const { findings, codes } = await runFuzz(server, { seed: 20_000, requests: REQUESTS });
    expect(findings).toEqual([]);
    // Most requests are refused; enough must get through to try what is behind the door.
    const taken = [...codes].filter(([code]) => code < 300).map(([, count]) => count);
    expect(taken.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(REQUESTS / 20);
  },
);
