// Assertions are for mistakes of ours; errors are for the world.

export class AssertionError extends Error {
  override name = 'AssertionError';
}

/** Throws AssertionError unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(`assertion failed: ${message}`);
}

/** Returns `value` without undefined and null; throws AssertionError naming `what` otherwise. */
export function present<T>(value: T | undefined | null, what: string): T {
  assert(value !== undefined && value !== null, `${what} is missing`);
  return value;
}
