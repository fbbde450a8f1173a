// Runs a set of controllers over shared informers, if asked to only while it is the leader.
import { assert } from '../base/assert.ts';
import type { Runnable } from '../base/runnable.ts';
import { aborted } from './abort.ts';
import type { InformerFactory } from './informer.ts';
import type { LeaderElectionOptions } from './leader-election.ts';
import { createLeaderElector } from './leader-election.ts';

export interface ManagerOptions {
  readonly informers: InformerFactory;
  /** Run all the time, before everything else: event recorders. */
  readonly background?: readonly Runnable[];
  /** Already made, so that their informers are known. Run at once, or only while leading. */
  readonly controllers: readonly Runnable[];
  readonly leaderElection?: Omit<LeaderElectionOptions, 'onStartedLeading' | 'onStoppedLeading'> & {
    /** Called when leadership ended by itself; the controllers have stopped. Time to exit. */
    readonly onLost: () => void;
  };
}

/**
 * Starts background, informers, controllers, in this order, and stops them in reverse. `start()`
 * resolves when the controllers run; with leader election when the candidacy has begun. If
 * something cannot start, what has started is stopped and the error thrown.
 */
export function createManager(options: ManagerOptions): Runnable {
  const { informers, background = [], controllers, leaderElection } = options;
  const workers: Runnable[] =
    leaderElection === undefined ? [group(controllers)] : [candidate(controllers, leaderElection)];
  return sequence([...background, informers, ...workers]);
}

/** Controllers wait for their informers, so they start side by side. */
function group(controllers: readonly Runnable[]): Runnable {
  return {
    async start() {
      await Promise.all(controllers.map((controller) => controller.start()));
    },
    async stop() {
      for (const controller of controllers.toReversed()) await controller.stop();
    },
  };
}

function candidate(
  controllers: readonly Runnable[],
  { onLost, ...election }: NonNullable<ManagerOptions['leaderElection']>,
): Runnable {
  const work = group(controllers);
  return createLeaderElector({
    ...election,
    async onStartedLeading(signal) {
      const ended = aborted(signal);
      // Starting waits for the informers, which may take longer than the leadership lasts.
      const started = work.start();
      await Promise.race([started, ended]);
      await ended;
      await work.stop();
      await started;
    },
    onStoppedLeading(why) {
      if (why !== 'stopped') onLost();
    },
  });
}

function sequence(parts: readonly Runnable[]): Runnable {
  const running: Runnable[] = [];
  let begun = false;
  const stop = async () => {
    for (let part = running.pop(); part !== undefined; part = running.pop()) await part.stop();
  };
  return {
    async start() {
      assert(!begun, 'a manager is started once');
      begun = true;
      try {
        for (const part of parts) {
          running.push(part);
          await part.start();
        }
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
