// Which versions of a resource are the same in the store: they have the same hash (API-205).
import { createHash } from 'node:crypto';
import type { ResourceDefinition } from '../../api/resources.ts';

const HASH_BYTES = 8;

/** Built-in versions that are other forms of what is stored. */
const STORED_IN: ReadonlyMap<string, string> = new Map([
  ['autoscaling/v1', 'autoscaling/v2'],
  ['events.k8s.io/v1', '/v1'],
]);

/** Base64, as the reference calculates it; undefined for what is never stored. */
export function storageVersionHash(resource: ResourceDefinition): string | undefined {
  const { group, version, kind, verbs, custom } = resource;
  if (!verbs.includes('get')) return undefined;
  const own = `${group}/${version}`;
  const stored = custom?.storedVersion ?? STORED_IN.get(own) ?? own;
  const digest = createHash('sha256').update(`${stored}/${kind}`).digest();
  return digest.subarray(0, HASH_BYTES).toString('base64');
}
