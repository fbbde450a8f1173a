import { expect, it } from 'vitest';
import type { StatefulSet } from '../../api/generated/types.ts';
import type { Json } from '../../api/meta/object.ts';
import { statusError } from '../../api/meta/status-error.ts';
import type { Clock } from '../../base/clock.ts';
import { createClient } from '../../client/create-client.ts';
import type { Transport } from '../../client/transport.ts';
import { buildSet } from './plan/set-builder.ts';
import { writeStatus } from './write-status.ts';

/** Time passes at once. */
const clock: Clock = {
  now: () => 0,
  schedule(_delayMs, callback) {
    queueMicrotask(callback);
    return { cancel: () => {} };
  },
};

/** A client whose writes conflict so often; what it is sent is kept. */
function conflicting(conflicts: number) {
  const sent: StatefulSet[] = [];
  const transport: Transport = {
    request({ body }) {
      sent.push(body as StatefulSet);
      if (sent.length <= conflicts) throw statusError('Conflict', 'modified');
      return Promise.resolve(body as unknown as Json);
    },
    watch: () => Promise.reject(new Error('nothing to watch')),
    close: () => Promise.resolve(),
  };
  return { client: createClient(transport), sent };
}

const versioned = (uid: string, resourceVersion: string): StatefulSet => {
  const set = buildSet();
  return { ...set, metadata: { ...set.metadata, uid, resourceVersion } };
};
const status = { replicas: 3, observedGeneration: 1 };

it('SS-551: after a conflict the same status is written on top of the cached set', async () => {
  const { client, sent } = conflicting(1);
  const cached = () => versioned('a', '2');
  await writeStatus(versioned('a', '1'), status, { client, clock, cached });
  expect(sent.map(({ metadata }) => metadata.resourceVersion)).toEqual(['1', '2']);
  expect(sent.at(-1)?.status).toEqual(status);
});

it('SS-551: it is never written on a successor of the set, whose counts it does not tell', async () => {
  const { client, sent } = conflicting(1);
  const cached = () => versioned('b', '9');
  const write = writeStatus(versioned('a', '1'), status, { client, clock, cached });
  await expect(write).rejects.toThrow('modified');
  expect(sent).toHaveLength(1);
});
