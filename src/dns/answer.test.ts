import { encode } from 'dns-packet';
import { expect, it } from 'vitest';
import { present } from '../base/assert.ts';
import { answerFrom, readQuery } from './answer.ts';
import { addressRecord } from './record.ts';
import { Zone } from './zone.ts';

const SECOND = 1;

function ask(zone: Zone, name: string) {
  const question = { type: 'A' as const, name };
  const query = present(
    readQuery(encode({ type: 'query', id: 7, questions: [question] })),
    'query',
  );
  return present(answerFrom(zone, query), 'answer');
}

it('SS-913, SS-1016: an address and its absence may both be kept for one second', () => {
  const zone = new Zone('cluster.local');
  zone.replace('shop/nginx', [addressRecord('web-0.nginx.shop.svc.cluster.local', '10.0.0.1')]);
  const found = ask(zone, 'web-0.nginx.shop.svc.cluster.local');
  expect(found.answers).toMatchObject([{ type: 'A', ttl: SECOND, data: '10.0.0.1' }]);
  const missing = ask(zone, 'web-1.nginx.shop.svc.cluster.local');
  // RFC 2308: the smaller of both numbers is how long the absence may be kept.
  expect(missing.answers ?? []).toEqual([]);
  expect(missing.authorities).toMatchObject([
    { type: 'SOA', ttl: SECOND, data: { minimum: SECOND } },
  ]);
});
