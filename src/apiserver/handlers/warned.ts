// What a body is warned about is said when the request fails later, too (API-114).
import { StatusError } from '../../api/meta/status-error.ts';

/** Gives what `work` gives; a StatusError of it carries the warnings known by then. */
export async function warned<T>(
  warnings: () => readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StatusError) error.warnings = [...warnings(), ...error.warnings];
    throw error;
  }
}
