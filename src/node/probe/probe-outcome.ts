// What one probe run says.

export interface ProbeOutcome {
  readonly success: boolean;
  /** Output of a failed run, as shown in the event. */
  readonly output: string;
}

/** Longer outputs are cut, as a kubelet does. */
export const OUTPUT_BYTES_MAX = 10 * 1024;

export function failed(output: string): ProbeOutcome {
  return { success: false, output };
}

export const SUCCEEDED: ProbeOutcome = { success: true, output: '' };
