// Probe timing and thresholds under a clock that stands still.
import { describe, expect, test } from 'vitest';
import type { Probe } from '../../api/generated/types.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { SUCCEEDED, failed } from './probe-outcome.ts';
import { ProbeWorker } from './probe-worker.ts';
import type { ProbeKind } from './probe-worker.ts';

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** Runs a worker over the answers; the log says when what happened, in seconds. */
async function runWorker(
  kind: ProbeKind,
  probe: Probe,
  { answers, seconds }: { answers: readonly boolean[]; seconds: number },
): Promise<string[]> {
  const clock = new ManualClock(0);
  const log: string[] = [];
  const note = (what: string) => log.push(`${clock.now() / 1000} ${what}`);
  let count = 0;
  const worker = new ProbeWorker(
    {
      kind,
      probe,
      clock,
      startedAtMs: 0,
      run: async () => {
        const success = answers[Math.min(count++, answers.length - 1)] ?? true;
        note(success ? 'ok' : 'bad');
        return success ? SUCCEEDED : failed('why');
      },
      onFailure: () => {},
      onResult: (success) => note(success ? '=> success' : '=> failure'),
    },
    undefined,
  );
  worker.start();
  for (let second = 0; second <= seconds; second++) {
    for (let tenth = 0; tenth < (second === 0 ? 1 : 10); tenth++) {
      clock.advance(second === 0 ? 0 : 100);
      await settle();
    }
  }
  worker.stop();
  return log;
}

describe('ProbeWorker', () => {
  test('starts after initialDelaySeconds and repeats every periodSeconds', async () => {
    const probe = { initialDelaySeconds: 3, periodSeconds: 2 };
    await expect(runWorker('readiness', probe, { answers: [true], seconds: 7 })).resolves.toEqual([
      '3 ok',
      '3 => success',
      '5 ok',
      '7 ok',
    ]);
  });

  test('failureThreshold failures in a row make a failure', async () => {
    const probe = { periodSeconds: 1, failureThreshold: 2 };
    const answers = [true, false, true, false, false];
    await expect(runWorker('readiness', probe, { answers, seconds: 4 })).resolves.toEqual([
      '0 ok',
      '0 => success',
      '1 bad',
      '2 ok',
      '3 bad',
      '4 bad',
      '4 => failure',
    ]);
  });

  test('successThreshold successes in a row make it ready again', async () => {
    const probe = { periodSeconds: 1, failureThreshold: 1, successThreshold: 2 };
    const answers = [false, true, true];
    await expect(runWorker('readiness', probe, { answers, seconds: 2 })).resolves.toEqual([
      '0 bad',
      '0 => failure',
      '1 ok',
      '2 ok',
      '2 => success',
    ]);
  });

  test('a container that was never ready is looked at more often, silently', async () => {
    const probe = { periodSeconds: 2, failureThreshold: 1 };
    const answers = [false, false, false, false, false, true, false];
    await expect(runWorker('readiness', probe, { answers, seconds: 6 })).resolves.toEqual([
      '0 bad',
      '0 => failure',
      '0.1 bad',
      '0.3 bad',
      '0.7 bad',
      '1.5 bad',
      '2 ok',
      '2 => success',
      '4 bad',
      '4 => failure',
      '6 bad',
    ]);
  });

  test('a startup probe ends with its result, a liveness probe with its failure', async () => {
    const probe = { periodSeconds: 1, failureThreshold: 1 };
    await expect(runWorker('startup', probe, { answers: [true], seconds: 5 })).resolves.toEqual([
      '0 ok',
      '0 => success',
    ]);
    await expect(
      runWorker('liveness', probe, { answers: [true, false], seconds: 5 }),
    ).resolves.toEqual(['0 ok', '0 => success', '1 bad', '1 => failure']);
  });
});
