// The channel protocol over WebSocket (API-730 … API-734): the first byte of a message names the
// channel; in the base64 variants it is a digit and the rest is base64 text.

export interface ChannelProtocol {
  /** As offered in Sec-WebSocket-Protocol. */
  readonly name: string;
  readonly version: number;
  readonly base64: boolean;
}

/** Best first. */
export const CHANNEL_PROTOCOLS: readonly ChannelProtocol[] = [
  { name: 'v5.channel.k8s.io', version: 5, base64: false },
  { name: 'v4.channel.k8s.io', version: 4, base64: false },
  { name: 'v4.base64.channel.k8s.io', version: 4, base64: true },
  { name: 'v3.channel.k8s.io', version: 3, base64: false },
  { name: 'v2.channel.k8s.io', version: 2, base64: false },
  { name: 'channel.k8s.io', version: 1, base64: false },
  { name: 'base64.channel.k8s.io', version: 1, base64: true },
];

/** What clients speak that offer no protocol at all. */
export const UNNAMED_PROTOCOL: ChannelProtocol = { name: '', version: 1, base64: false };

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const ERROR = 3;
export const RESIZE = 4;
/** Payload: the channel that the sender has closed (version 5). */
export const CLOSE = 255;

export interface ChannelMessage {
  readonly channel: number;
  readonly payload: Buffer;
}

/** The best protocol among those offered, undefined when none is known. */
export function chooseProtocol(offered: ReadonlySet<string>): ChannelProtocol | undefined {
  if (offered.size === 0) return UNNAMED_PROTOCOL;
  return CHANNEL_PROTOCOLS.find(({ name }) => offered.has(name));
}

/** A message to send: bytes, or text in the base64 variants. */
export function encodeMessage(
  { base64 }: ChannelProtocol,
  { channel, payload }: ChannelMessage,
): Buffer | string {
  if (base64) return `${channel}${payload.toString('base64')}`;
  const bytes = Buffer.allocUnsafe(payload.length + 1);
  bytes[0] = channel;
  payload.copy(bytes, 1);
  return bytes;
}

/** Reads a received message; undefined for an empty one. */
export function decodeMessage(
  { base64 }: ChannelProtocol,
  bytes: Buffer,
): ChannelMessage | undefined {
  const [first] = bytes;
  if (first === undefined) return undefined;
  const rest = bytes.subarray(1);
  if (!base64) return { channel: first, payload: rest };
  return { channel: first - 0x30, payload: Buffer.from(rest.toString('latin1'), 'base64') };
}

/** The terminal size in a resize message, undefined when unreadable. */
export function parseResize(payload: Buffer): { width: number; height: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(payload.toString()) as { Width?: number; Height?: number };
    if (!Number.isInteger(Width) || !Number.isInteger(Height)) return undefined;
    return { width: Width as number, height: Height as number };
  } catch {
    return undefined;
  }
}
