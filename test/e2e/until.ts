// Waiting for what others do: polling with a deadline, never a fixed sleep.
const POLL_MS = 40;

export interface UntilOptions {
  readonly seconds?: number;
  /** What was seen last, for the message of a time-out. */
  readonly show?: () => string;
}

/** Polls until `look` gives something other than undefined and false; throws after `seconds`. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { seconds = 30, show = () => '' }: UntilOptions = {},
): Promise<T> {
  const deadlineMs = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadlineMs) {
      throw new Error(`not within ${seconds} s: ${what}\n${show()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
