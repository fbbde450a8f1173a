// Tokens of service accounts for pods: asked for once, kept, and renewed in time.
import type { Pod, ServiceAccountTokenProjection } from '../../api/generated/types.ts';
import { nameOf, namespaceOf, uidOf } from '../../api/meta/object.ts';
import { parseTime } from '../../base/time.ts';
import type { Clock } from '../../base/clock.ts';
import type { ObjectReader } from './object-reader.ts';
import { VolumeError } from './volume-error.ts';

export interface TokenSource {
  /** A token that is good for a while yet. Throws what the server answers. */
  token(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>;
  /** Forgets the tokens of a pod. */
  forget(podUid: string): void;
}

const LIFETIME_SECONDS_DEFAULT = 3600;
/** Renewed after 80 % of its life, as a kubelet does. */
const RENEW_AFTER = 0.8;

interface Entry {
  readonly podUid: string;
  readonly token: string;
  readonly renewAtMs: number;
}

export function createTokenSource(reader: ObjectReader, clock: Clock): TokenSource {
  const entries = new Map<string, Entry>();
  const request = async (pod: Pod, projection: ServiceAccountTokenProjection): Promise<Entry> => {
    const { audience, expirationSeconds = LIFETIME_SECONDS_DEFAULT } = projection;
    const podUid = uidOf(pod);
    const account = {
      namespace: namespaceOf(pod),
      name: pod.spec?.serviceAccountName ?? 'default',
    };
    const reply = await reader.token(account, {
      ...(audience === undefined || audience === '' ? {} : { audiences: [audience] }),
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: nameOf(pod), uid: podUid },
    });
    const token = reply.status?.token;
    if (token === undefined) throw new VolumeError('the server sent no service account token');
    const nowMs = clock.now();
    const endMs = parseTime(reply.status?.expirationTimestamp) ?? nowMs + expirationSeconds * 1000;
    return { podUid, token, renewAtMs: nowMs + (endMs - nowMs) * RENEW_AFTER };
  };
  return {
    async token(pod, projection) {
      const { audience = '', expirationSeconds = 0 } = projection;
      const key = [uidOf(pod), audience, expirationSeconds].join('|');
      const known = entries.get(key);
      if (known !== undefined && clock.now() < known.renewAtMs) return known.token;
      const entry = await request(pod, projection);
      entries.set(key, entry);
      return entry.token;
    },
    forget(podUid) {
      for (const [key, entry] of entries) if (entry.podUid === podUid) entries.delete(key);
    },
  };
}
