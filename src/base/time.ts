// Times as the API writes them. Pure: what the time is comes from a Clock.

let lastSecond = NaN;
let lastText = '';

/** RFC 3339 in UTC and whole seconds, the form of `metav1.Time` (API-402). */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  // A busy server says the same second thousands of times.
  if (second !== lastSecond) {
    lastText = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

/** RFC 3339 with six fraction digits, the form of `metav1.MicroTime` (API-402). */
export function formatMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}

/** Milliseconds since the epoch, or undefined for an absent or unreadable time. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
