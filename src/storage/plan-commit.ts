// Decides what one commit group changes in what is kept, automatic compaction included. Pure.
import type { History } from './history.ts';
import { forgottenRevisions } from './replay.ts';
import type { StoreEvent } from './store.ts';
import type { CommitGroup, StoreHead } from './store-engine.ts';

export interface CommitInput {
  /** What is kept now. */
  head: StoreHead;
  history: History;
  /** Events that may remain in the history. */
  historyLimit: number;
  /** The group's writes, ascending revisions. */
  events: readonly StoreEvent[];
  /** Revision that someone asked to compact to; 0: nobody did. */
  compactRevision: number;
}

/** A commit group whose records know what they replace. */
export interface PlannedCommit extends CommitGroup {
  readonly appended: readonly StoreEvent[];
}

export function planCommit(input: CommitInput): PlannedCommit {
  const { head, history, events } = input;
  const compactedRevision = Math.max(
    head.compactedRevision,
    input.compactRevision,
    newestExcessRevision(input),
  );
  const forgotten = forgottenRevisions([
    ...history.through(compactedRevision),
    ...events.filter((event) => event.entry.revision <= compactedRevision),
  ]);
  return {
    before: head,
    after: {
      revision: events.at(-1)?.entry.revision ?? head.revision,
      compactedRevision,
      recordCount: head.recordCount + events.length - forgotten.length,
    },
    appended: events,
    forgotten,
  };
}

/** Revision of the newest event beyond the history limit; 0 if all events fit. */
function newestExcessRevision({ history, historyLimit, events }: CommitInput): number {
  const excess = history.size + events.length - historyLimit;
  if (excess <= 0) return 0;
  const event = history.at(excess - 1) ?? events[excess - 1 - history.size];
  return event?.entry.revision ?? 0;
}
