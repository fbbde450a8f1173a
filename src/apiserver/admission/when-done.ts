// Goes on after something that is usually done already. A write that asks nobody outside stays one
// turn of the event loop, so that no other write comes between its decision and itself.

/** `next` of the value: at once, or later when it is a promise. */
export function whenDone<T, R>(
  value: T | Promise<T>,
  next: (value: T) => R | Promise<R>,
): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
