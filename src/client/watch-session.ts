// One watch from opening to end as one promise, with a limit on silence.
import type { Clock, Timer } from '../base/clock.ts';
import type { WatchEvent, WatchHandler, WatchStream } from './transport.ts';

export interface WatchSessionOptions {
  open(handler: WatchHandler, signal: AbortSignal): Promise<WatchStream>;
  /** Handles one event; throwing ends the session with that error. */
  event(event: WatchEvent): void;
  /** How long nothing may come, in milliseconds; asked anew for each wait. */
  silenceMs(): number;
  clock: Clock;
  /** Ends the session in good order. */
  signal: AbortSignal;
}

/** Why a session is over: the server closed it in good order, nothing came, or `signal`. */
export type WatchEnd = 'ended' | 'silent' | 'stopped';

/** Rejects with what went wrong. When it settles nothing is left: no timer, no stream. */
export function runWatch(options: WatchSessionOptions): Promise<WatchEnd> {
  const { clock, signal } = options;
  return new Promise((resolve, reject) => {
    const connection = new AbortController();
    let over = false;
    let stream: WatchStream | undefined;
    let lastMs = clock.now();
    const finish = (settle: () => void) => {
      if (over) return;
      over = true;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      stream?.stop();
      connection.abort();
      settle();
    };
    const onAbort = () => finish(() => resolve('stopped'));
    const fail = (error: unknown) => finish(() => reject(error));
    // One timer that looks back, instead of one timer an event.
    const checkSilence = () => {
      const remainingMs = lastMs + options.silenceMs() - clock.now();
      if (remainingMs > 0) timer = clock.schedule(remainingMs, checkSilence);
      else finish(() => resolve('silent'));
    };
    let timer: Timer = clock.schedule(options.silenceMs(), checkSilence);
    const handler: WatchHandler = {
      event: (event) => {
        if (over) return;
        lastMs = clock.now();
        try {
          options.event(event);
        } catch (error) {
          fail(error);
        }
      },
      end: (error) => (error === undefined ? finish(() => resolve('ended')) : fail(error)),
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) return onAbort();
    options.open(handler, connection.signal).then((opened) => {
      if (over) opened.stop();
      stream = opened;
    }, fail);
  });
}
