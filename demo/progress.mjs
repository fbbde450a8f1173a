// What the demo shows: a live line in a terminal, plain lines elsewhere; and its checks.
import pc from 'picocolors';

const live = process.stdout.isTTY === true;
const startedMs = performance.now();
let shown = '';

function clock() {
  return pc.dim(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)} s`);
}

function clear() {
  if (live && shown !== '') process.stdout.write('\r\x1b[2K');
  shown = '';
}

/** A line that stays. */
export function say(text) {
  clear();
  process.stdout.write(`${clock()}  ${text}\n`);
}

export function heading(text) {
  clear();
  process.stdout.write(`\n${pc.bold(text)}\n`);
}

/** Replaces the live line; nothing where there is no terminal. */
export function progress(text) {
  if (!live || text === shown) return;
  const width = (process.stdout.columns ?? 80) - 12;
  process.stdout.write(`\r\x1b[2K${clock()}  ${pc.cyan(text.slice(0, width))}`);
  shown = text;
}

export class CheckFailed extends Error {}

/** Prints the claim if it holds; throws CheckFailed with what was expected and seen if not. */
export function check(claim, { expected, seen }) {
  if (JSON.stringify(expected) !== JSON.stringify(seen)) {
    throw new CheckFailed(
      `${claim}\n  expected: ${JSON.stringify(expected)}\n  seen:     ${JSON.stringify(seen)}`,
    );
  }
  say(`${pc.green('✓')} ${claim}`);
}

/**
 * Polls `look` until it gives something other than undefined; throws CheckFailed after `seconds`.
 */
export async function until(what, look, { seconds = 30, show = () => what } = {}) {
  const deadlineMs = performance.now() + seconds * 1000;
  let last;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      if (error instanceof CheckFailed) throw error;
      last = error;
    }
    if (performance.now() > deadlineMs) {
      const seen = last === undefined ? show() : `${show()} (${last.message})`;
      throw new CheckFailed(`${what}\n  expected: within ${seconds} s\n  seen:     ${seen}`);
    }
    progress(show());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
