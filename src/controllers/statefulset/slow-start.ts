// Batches of 1, 2, 4 … concurrent calls: one failure costs one batch, not all (SS-304).

const BATCH_MAX = 500;

/**
 * Runs `run` on all items. After a batch with an error no further batch starts; throws its errors
 * joined.
 */
export async function slowStart<T>(
  items: readonly T[],
  run: (item: T) => Promise<void>,
): Promise<void> {
  for (
    let start = 0, size = 1;
    start < items.length;
    start += size, size = Math.min(size * 2, BATCH_MAX)
  ) {
    const results = await Promise.allSettled(items.slice(start, start + size).map(run));
    const errors = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    if (errors.length > 0) throw joinErrors(errors);
  }
}

/**
 * One error as it is; several as one whose message lists the different ones, like upstream's
 * aggregate.
 */
export function joinErrors(errors: readonly unknown[]): unknown {
  if (errors.length === 1) return errors[0];
  const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  const unique = [...new Set(messages)];
  const text = unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
  return new AggregateError(errors, text);
}
