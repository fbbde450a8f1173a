// The server's side of host-dialer.ts: opens connections to webhooks that are not in the cluster.
// The channel carries them as descriptors, so no byte goes through another process.
import { Socket } from 'node:net';
import type { OutsideDialer } from '../apiserver/node-connection.ts';
import { isClusterAddress } from '../node/runtime/cluster-network.ts';

export interface DialRequest {
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** What a system error says; it crosses as JSON. */
export interface DialFailure {
  readonly message: string;
  readonly code: string | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly hostname: string | undefined;
}

/** Comes with the connected socket unless it failed. Without an id: the dialer has started. */
export interface DialReply {
  readonly id?: number;
  readonly failure?: DialFailure;
}

interface Waiting {
  readonly resolve: (socket: Socket) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Connects by way of the launcher's channel (`process.send`), which starts the dialer at the first
 * use. Call it once in a process.
 */
export function createOutsideDialer(): OutsideDialer {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let started: Promise<void> | undefined;
  let onStarted = () => {};

  process.on('message', (message, handle) => {
    const { id, failure } = message as DialReply;
    if (id === undefined) return onStarted();
    const call = waiting.get(id);
    waiting.delete(id);
    if (failure) call?.reject(Object.assign(new Error(failure.message), failure));
    else if (!(handle instanceof Socket)) call?.reject(new Error('EOF'));
    else if (call) call.resolve(handle);
    else handle.destroy();
  });
  process.on('disconnect', () => {
    for (const { reject } of waiting.values()) reject(ended());
    waiting.clear();
  });

  const dial = async (host: string, port: number): Promise<Socket> => {
    if (!process.connected) throw ended();
    started ??= new Promise((resolve) => {
      onStarted = resolve;
      send({}); // a line that the waiting shell reads, see launch.ts
    });
    const id = ++lastId;
    const socket = new Promise<Socket>((resolve, reject) => waiting.set(id, { resolve, reject }));
    void started.then(() => send({ id, host, port }));
    return await socket;
  };
  return (host, port) => (isClusterAddress(host) ? undefined : () => dial(host, port));
}

function send(message: DialRequest | object): void {
  // That the other side is gone is told by 'disconnect'.
  process.send?.(message, undefined, {}, () => {});
}

function ended(): Error {
  return new Error("the process that connects in the host's network has ended");
}
