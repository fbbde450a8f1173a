// Hands out the pod addresses of one node. What is in use is known from the pods' records; only the
// position after the last one given is kept here, so that an address rests as long as possible.
import { OrdinalError } from '../../base/errors.ts';
import { POD_HOST_NUMBERS } from './cluster-network.ts';
import { readRecord, writeRecord } from './disk-record.ts';

export interface AddressPoolOptions {
  /** Keeps the position across restarts. */
  readonly file: string;
  /** Host number → address. */
  readonly address: (hostNumber: number) => string;
}

/**
 * The next address not in `inUse`, going round. Throws OrdinalError `ORD_ADDRESSES_EXHAUSTED` when
 * every address of the node is taken.
 */
export function allocateAddress(pool: AddressPoolOptions, inUse: ReadonlySet<string>): string {
  const { first, last } = POD_HOST_NUMBERS;
  const count = last - first + 1;
  const position = readRecord<{ last: number }>(pool.file)?.last ?? last;
  for (let step = 1; step <= count; step++) {
    const candidate = first + ((position - first + step) % count);
    const address = pool.address(candidate);
    if (inUse.has(address)) continue;
    writeRecord(pool.file, { last: candidate });
    return address;
  }
  throw new OrdinalError('ORD_ADDRESSES_EXHAUSTED', `all ${count} pod addresses are in use`, {
    action: 'Delete pods of this node or run more nodes.',
  });
}
