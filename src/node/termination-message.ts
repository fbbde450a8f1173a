// The message a container leaves behind: from its file, or from the end of its log if it failed.
import { open, readFile } from 'node:fs/promises';
import type { Container } from '../api/generated/types.ts';

/** Upstream's limits. */
const MESSAGE_BYTES_MAX = 4096;
const LOG_BYTES_MAX = 2048;
const LOG_LINES_MAX = 80;

export interface TerminationMessageInput {
  readonly container: Container | undefined;
  readonly file: string;
  readonly logPath: string;
  readonly exitCode: number;
}

async function tail(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const buffer = Buffer.alloc(length);
    await file.read(buffer, 0, length, size - length);
    return buffer.toString();
  } finally {
    await file.close();
  }
}

/** Strips time, stream and tag of lines in CRI format. */
function plainLog(text: string): string {
  return text
    .split('\n')
    .map((line) => /^\S+ (?:stdout|stderr) [FP] (.*)$/.exec(line)?.[1])
    .filter((line) => line !== undefined)
    .slice(-LOG_LINES_MAX)
    .map((line) => `${line}\n`)
    .join('');
}

/** The message; the empty string if there is none. */
export async function terminationMessage(input: TerminationMessageInput): Promise<string> {
  const { container, file, logPath, exitCode } = input;
  const content = await readFile(file).catch(() => Buffer.alloc(0));
  if (content.length > 0) return content.subarray(0, MESSAGE_BYTES_MAX).toString();
  if (container?.terminationMessagePolicy !== 'FallbackToLogsOnError' || exitCode === 0) return '';
  // Twice the bytes, because the log's lines carry more than the message.
  const text = await tail(logPath, 2 * LOG_BYTES_MAX).catch(() => '');
  return Buffer.from(plainLog(text)).subarray(-LOG_BYTES_MAX).toString();
}
