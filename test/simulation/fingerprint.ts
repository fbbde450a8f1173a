// Sums of fingerprints tell whether two sets of object versions are the same, in any order.

/** 32 bits of FNV-1a over the key and the version. */
export function fingerprint(key: string, resourceVersion: string): number {
  let hash = 0x811c9dc5;
  const text = `${key}@${resourceVersion}`;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
