import { expect, test } from 'vitest';
import { statusError } from '../api/meta/status-error.ts';
import { pods } from '../api/resources.ts';
import { createClient } from './create-client.ts';
import { listAll } from './list-all.ts';
import type { TransportRequest } from './transport.ts';

const item = (name: string) => ({ metadata: { name } });

/** A server with two pages; the second one may have expired. */
function pagedClient({ expired }: { expired: boolean }) {
  const requests: TransportRequest[] = [];
  const client = createClient({
    request: async (request) => {
      requests.push(request);
      const { limit, continue: token } = request.query ?? {};
      if (limit === undefined) return { metadata: { resourceVersion: '9' }, items: [item('all')] };
      if (token === undefined) {
        return { metadata: { resourceVersion: '5', continue: 'next' }, items: [item('a')] };
      }
      if (expired) throw statusError('Expired', 'too old');
      return { metadata: { resourceVersion: '5' }, items: [item('b')] };
    },
    watch: () => Promise.reject(new Error('unused')),
    close: async () => {},
  });
  return { resources: client.resource(pods), requests };
}

test('API-515: follows continue; only the first page names a resourceVersion', async () => {
  const { resources, requests } = pagedClient({ expired: false });
  const { items, resourceVersion } = await listAll(resources, { resourceVersion: '0' });
  expect(items).toEqual([
    { apiVersion: 'v1', kind: 'Pod', ...item('a') },
    { apiVersion: 'v1', kind: 'Pod', ...item('b') },
  ]);
  expect(resourceVersion).toBe('5');
  expect(requests.map(({ query }) => query)).toEqual([
    { limit: '500', resourceVersion: '0' },
    { limit: '500', continue: 'next' },
  ]);
});

test('API-515: expired pages are replaced by one whole list', async () => {
  const { resources } = pagedClient({ expired: true });
  const { items, resourceVersion } = await listAll(resources, { namespace: 'a' });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['all']);
  expect(resourceVersion).toBe('9');
});
