// Connects to programs that listen on a pod's own loopback interface only, as port-forward must. A
// socket belongs to the network namespace in which it was made, whoever has it: a small program in
// the pod's namespace connects and hands the socket over.
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Clock, Timer } from '../../../base/clock.ts';
import type { CommandRunner } from '../command-runner.ts';

/** Another connection often follows soon; after that nothing of ours is left in the pod. */
const IDLE_MS = 10_000;

/** It starts no reading, so that what the other side says first is not lost on the way. */
const PROGRAM = `
const { connect } = require('node:net');
const dial = (id, port, hosts, first) => {
  const [host, ...others] = hosts;
  if (host === undefined) return process.send({ id, failure: first });
  const socket = connect({ host, port, allowHalfOpen: true }).pause();
  socket.once('error', ({ code, address }) => dial(id, port, others, first ?? { code, address }));
  socket.once('connect', () => process.send({ id }, socket));
};
process.on('message', ({ id, port }) => dial(id, port, ['127.0.0.1', '::1']));
process.on('disconnect', () => process.kill(process.pid));
`;

interface Answer {
  readonly id: number;
  /** Why there is no socket: code `ECONNREFUSED`. */
  readonly failure?: { readonly code: string; readonly address: string };
}

interface Dialer {
  isRunning(): boolean;
  dial(port: number): Promise<Socket>;
  close(): void;
}

interface Entry {
  readonly dialer: Dialer;
  idle?: Timer;
}

interface Call {
  resolve(socket: Socket): void;
  reject(error: Error): void;
}

export interface PodDialersOptions {
  readonly runner: CommandRunner;
  readonly clock: Clock;
}

/** One per runtime; the programs start when first needed and end when they are idle. */
export interface PodDialers {
  /**
   * Connects to a port of localhost in a network namespace. Throws an error with Node's `code` and
   * `address` when nobody listens.
   */
  dial(namespace: string, port: number): Promise<Socket>;
  /** Ends the program of a namespace that is about to go. */
  close(namespace: string): void;
}

export function podDialers({ runner, clock }: PodDialersOptions): PodDialers {
  const dialers = new Map<string, Entry>();
  const close = (namespace: string) => {
    const entry = dialers.get(namespace);
    dialers.delete(namespace);
    entry?.idle?.cancel();
    entry?.dialer.close();
  };
  return {
    async dial(namespace, port) {
      let entry = dialers.get(namespace);
      // One that was killed is of no use any more.
      if (!entry?.dialer.isRunning()) entry = { dialer: startDialer(runner, namespace) };
      dialers.set(namespace, entry);
      entry.idle?.cancel();
      entry.idle = clock.schedule(IDLE_MS, () => close(namespace));
      return await entry.dialer.dial(port);
    },
    close,
  };
}

function startDialer(runner: CommandRunner, namespace: string): Dialer {
  const enter = ['nsenter', `--net=${namespace}`];
  const program = [process.execPath, '--eval', PROGRAM];
  const child = runner.spawn([...enter, ...program], ['ignore', 'ignore', 'ignore', 'ipc']);
  const waiting = new Map<number, Call>();
  let count = 0;
  child.on('message', ({ id, failure }: Answer, socket: unknown) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (socket instanceof Socket) {
      if (call) call.resolve(socket);
      else socket.destroy();
    } else call?.reject(Object.assign(new Error(`connect ${failure?.code}`), failure));
  });
  whenEnded(child, (error) => {
    for (const call of waiting.values()) call.reject(error);
  });
  child.unref();
  child.channel?.unref();
  return {
    isRunning: () => child.connected,
    dial: (port) =>
      new Promise((resolve, reject) => {
        const id = count++;
        waiting.set(id, { resolve, reject });
        child.send({ id, port }, (error) => {
          if (error) reject(error);
        });
      }),
    close: () => {
      if (child.connected) child.disconnect();
    },
  };
}

function whenEnded(child: ChildProcess, ended: (error: Error) => void): void {
  child.once('error', ended);
  child.once('exit', () => ended(new Error('the pod’s network is gone')));
}
