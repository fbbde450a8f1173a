// Runs a postStart or preStop handler: exec, httpGet or sleep.
import type { Container, LifecycleHandler } from '../api/generated/types.ts';
import { sleep } from '../base/clock.ts';
import { httpGet, httpTarget } from './probe/http-request.ts';
import { portNumber } from './probe/run-probe.ts';
import type { ProbeTools } from './probe/run-probe.ts';

export interface HookTarget {
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
  readonly timeoutMs: number;
  /** Ends a sleep early. */
  readonly signal?: AbortSignal;
}

/** Throws Error with the sentence for the event if the hook fails. */
export async function runLifecycleHook(
  tools: ProbeTools,
  handler: LifecycleHandler,
  target: HookTarget,
): Promise<void> {
  const { container, containerId, podIP, timeoutMs } = target;
  if (handler.exec !== undefined) {
    const command = handler.exec.command ?? [];
    const result = await tools.runtime.execSync(containerId, command, timeoutMs);
    const what = `command '${command.join(' ')}'`;
    if (result.timedOut) throw new Error(`${what} timed out`);
    if (result.exitCode !== 0) {
      const output = `${result.stdout.toString()}${result.stderr.toString()}`.slice(0, 1024);
      throw new Error(`${what} exited with ${result.exitCode}: ${output}`);
    }
  } else if (handler.httpGet !== undefined) {
    const { clock, userAgent } = tools;
    const port = portNumber(container, handler.httpGet.port);
    const agent = userAgent.replace('kube-probe', 'kube-lifecycle');
    const http = httpTarget(handler.httpGet, { podIP, port, agent });
    const { statusCode } = await httpGet(http, { clock, timeoutMs });
    if (statusCode >= 400) throw new Error(`HTTP hook failed with statuscode: ${statusCode}`);
  } else if (handler.sleep !== undefined) {
    const delayMs = Math.min(handler.sleep.seconds * 1000, timeoutMs);
    await sleep(tools.clock, delayMs, target.signal);
  } else if (handler.tcpSocket !== undefined) {
    throw new Error('tcpSocket lifecycle handlers are not supported');
  }
}
