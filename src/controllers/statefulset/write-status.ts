// Writes the status of a set, if it differs (SS-549, SS-551, SS-552).
import type { StatefulSet, StatefulSetStatus } from '../../api/generated/types.ts';
import { uidOf } from '../../api/meta/object.ts';
import { isConflict } from '../../api/meta/status-error.ts';
import { statefulSets } from '../../api/resources.ts';
import { sleep, type Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { statusDiffers } from './plan/status.ts';

const TRIES_MAX = 5;
const RETRY_DELAY_MS = 10;

export interface WriteStatusOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** Reads the set from the cache again after a conflict. */
  readonly cached: () => StatefulSet | undefined;
}

/** Returns the set as stored, or undefined when nothing was to be written. */
export async function writeStatus(
  set: StatefulSet,
  status: StatefulSetStatus,
  { client, clock, cached }: WriteStatusOptions,
): Promise<StatefulSet | undefined> {
  if (!statusDiffers(set, status)) return undefined;
  let base = set;
  for (let tries = 1; ; tries++) {
    try {
      return await client.resource(statefulSets).updateStatus({ ...base, status });
    } catch (error) {
      if (!isConflict(error) || tries === TRIES_MAX) throw error;
      await sleep(clock, RETRY_DELAY_MS);
      const latest = cached() ?? base;
      // Another set of that name by now: the counts are not its own.
      if (uidOf(latest) !== uidOf(set)) throw error;
      base = latest;
    }
  }
}
