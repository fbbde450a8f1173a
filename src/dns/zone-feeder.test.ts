// From Services and slices in the API to what the zone answers.
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Endpoint, Service } from '../api/generated/types.ts';
import { endpointSlices, services } from '../api/resources.ts';
import { silentLogger } from '../base/logger.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { seededRandom } from '../base/random.ts';
import type { Client } from '../client/client.ts';
import { createClient } from '../client/create-client.ts';
import { createInformerFactory } from '../client/informer-factory.ts';
import { createFakeApi } from '../client/testing/fake-api.ts';
import { settle } from '../client/testing/settle.ts';
import { Zone } from './zone.ts';
import { feedZone } from './zone-feeder.ts';

const namespace = 'shop';
const NAME = 'nginx.shop.svc.cluster.local';
const WEB_0 = `web-0.${NAME}`;
let zone: Zone;
let client: Client;

beforeEach(async () => {
  const clock = new ManualClock();
  const random = seededRandom(1);
  client = createClient(createFakeApi({ clock, random }).transport);
  const informers = createInformerFactory({ client, clock, random, logger: silentLogger });
  zone = new Zone('cluster.local');
  const stop = feedZone(zone, informers);
  await informers.start();
  onTestFinished(async () => {
    stop();
    await informers.stop();
  });
});

async function createService(spec: Service['spec'] = { clusterIP: 'None' }): Promise<void> {
  const metadata = { name: 'nginx', namespace };
  await client.resource(services).create({ apiVersion: 'v1', kind: 'Service', metadata, spec });
  await settle();
}

const sliceOf = (endpoints: readonly Endpoint[]) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'nginx-1', namespace, labels: { 'kubernetes.io/service-name': 'nginx' } },
  addressType: 'IPv4',
  endpoints: [...endpoints],
});

const endpoint = (address: string, ready: boolean, hostname?: string): Endpoint => ({
  addresses: [address],
  conditions: { ready },
  ...(hostname === undefined ? {} : { hostname }),
});

async function createSlice(...endpoints: Endpoint[]): Promise<void> {
  await client.resource(endpointSlices).create(sliceOf(endpoints));
  await settle();
}

async function changeSlice(...endpoints: Endpoint[]): Promise<void> {
  await client.resource(endpointSlices).update(sliceOf(endpoints));
  await settle();
}

/** The addresses of a name, or why there are none. */
function addresses(name: string): string | string[] {
  const found = zone.lookup(name, 'A');
  if (found.result !== 'records') return found.result;
  return found.records.flatMap((record) => ('address' in record ? [record.address] : [])).sort();
}

describe('a headless Service', () => {
  it('SS-906: is no name while none of its endpoints is ready', async () => {
    await createService();
    expect(addresses(NAME)).toBe('no-name');
    await createSlice(endpoint('10.0.0.1', false, 'web-0'), endpoint('10.0.0.2', false, 'web-1'));
    expect(addresses(NAME)).toBe('no-name');
    await changeSlice(endpoint('10.0.0.1', true, 'web-0'), endpoint('10.0.0.2', true, 'web-1'));
    expect(addresses(NAME)).toEqual(['10.0.0.1', '10.0.0.2']);
    await changeSlice(endpoint('10.0.0.1', true, 'web-0'), endpoint('10.0.0.2', false, 'web-1'));
    expect(addresses(NAME)).toEqual(['10.0.0.1']);
    expect(zone.lookup(NAME, 'AAAA').result).toBe('no-data');
  });

  it('SS-907, SS-908, SS-1016: a pod has its name as long as it is ready', async () => {
    await createService();
    await createSlice(endpoint('10.0.0.1', false, 'web-0'));
    expect(addresses(WEB_0)).toBe('no-name');
    await changeSlice(endpoint('10.0.0.1', true, 'web-0'));
    expect(addresses(WEB_0)).toEqual(['10.0.0.1']);
    await changeSlice(endpoint('10.0.0.1', false, 'web-0'));
    expect(addresses(WEB_0)).toBe('no-name');
  });

  it('SS-913: the name moves with the pod, and nothing of the old place is left', async () => {
    await createService();
    await createSlice(endpoint('10.0.0.1', true, 'web-0'));
    await changeSlice();
    expect(addresses(WEB_0)).toBe('no-name');
    await changeSlice(endpoint('10.0.0.9', true, 'web-0'));
    expect(addresses(WEB_0)).toEqual(['10.0.0.9']);
    expect(zone.lookup('1.0.0.10.in-addr.arpa', 'PTR').result).toBe('no-name');
    expect(zone.lookup('9.0.0.10.in-addr.arpa', 'PTR').result).toBe('records');
  });

  it('SS-911: an endpoint without hostname has no record of the pod, whatever the pod says', async () => {
    await createService();
    await createSlice(endpoint('10.0.0.1', true));
    expect(addresses(NAME)).toEqual(['10.0.0.1']);
    expect(addresses(WEB_0)).toBe('no-name');
  });

  it('takes its records along when it goes', async () => {
    await createService();
    await createSlice(endpoint('10.0.0.1', true, 'web-0'));
    await client.resource(services).delete({ namespace, name: 'nginx' });
    await settle();
    expect(addresses(WEB_0)).toBe('no-name');
  });
});

it('SS-912: a Service with a cluster address gives its pods no names', async () => {
  await createService({ clusterIP: '10.96.0.7' });
  await createSlice(endpoint('10.0.0.1', true, 'web-0'));
  expect(addresses(NAME)).toEqual(['10.96.0.7']);
  expect(addresses(WEB_0)).toBe('no-name');
});
