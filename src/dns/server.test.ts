import { Resolver } from 'node:dns/promises';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { decode, encode } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { createForwarder, type Forwarder } from './forwarder.ts';
import { addressRecord, type DnsRecord } from './record.ts';
import { createDnsServer } from './server.ts';
import { Zone } from './zone.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(records: readonly DnsRecord[], forwarder?: Forwarder) {
  const zone = new Zone('cluster.local');
  zone.replace('default/nginx', records);
  const server = createDnsServer({
    zone,
    listeners: [{ address: '127.0.0.1', port: 0 }],
    forwarder,
    clock: systemClock,
    logger: silentLogger,
  });
  await server.start();
  stops.push(() => server.stop());
  const port = server.ports[0] ?? 0;
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([`127.0.0.1:${port}`]);
  return { zone, resolver, port };
}

const base = 'nginx.default.svc.cluster.local';

describe('DNS server', () => {
  it('SS-907: answers a pod name, whatever its spelling', async () => {
    const { resolver } = await start([addressRecord(`web-0.${base}`, '10.244.0.7')]);
    expect(await resolver.resolve4(`web-0.${base}`)).toEqual(['10.244.0.7']);
    expect(await resolver.resolve4(`WEB-0.${base}`)).toEqual(['10.244.0.7']);
  });

  it('SS-913: a record that moved is answered with its new address at once', async () => {
    const { zone, resolver } = await start([addressRecord(`web-0.${base}`, '10.244.0.7')]);
    zone.replace('default/nginx', [addressRecord(`web-0.${base}`, '10.244.0.8')]);
    expect(await resolver.resolve4(`web-0.${base}`)).toEqual(['10.244.0.8']);
  });

  it('SS-906: an existing name without the type is no data, an unknown one no name', async () => {
    const { resolver } = await start([addressRecord(`web-0.${base}`, '10.244.0.7')]);
    await expect(resolver.resolve6(`web-0.${base}`)).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('default.svc.cluster.local')).rejects.toMatchObject({
      code: 'ENODATA',
    });
    await expect(resolver.resolve4(`web-9.${base}`)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('SS-909: SRV and PTR', async () => {
    const target = `web-0.${base}`;
    const { resolver } = await start([
      { name: `_http._tcp.${base}`, type: 'SRV', target, port: 80 },
      { name: '7.0.244.10.in-addr.arpa', type: 'PTR', target },
    ]);
    expect(await resolver.resolveSrv(`_http._tcp.${base}`)).toMatchObject([
      { name: target, port: 80 },
    ]);
    expect(await resolver.reverse('10.244.0.7')).toEqual([target]);
  });

  it('a large answer is truncated over UDP and whole over TCP', async () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      addressRecord(base, `10.244.1.${index}`),
    );
    const { resolver } = await start(many);
    expect(await resolver.resolve4(base)).toHaveLength(200);
  });

  it('garbage is ignored and a name that is not ours refused without forwarder', async () => {
    const { resolver, port } = await start([addressRecord(base, '10.244.0.7')]);
    const socket = createSocket('udp4');
    socket.send(Buffer.from('not dns at all'), port, '127.0.0.1');
    const tcp = connect(port, '127.0.0.1');
    tcp.write(Buffer.from([0, 4, 1, 2, 3, 4]));
    await once(tcp, 'close');
    await expect(resolver.resolve4('example.com')).rejects.toMatchObject({ code: 'EREFUSED' });
    expect(await resolver.resolve4(base)).toEqual(['10.244.0.7']);
    socket.close();
  });

  it('other names are asked of the resolvers of the host', async () => {
    const upstream = createSocket('udp4');
    upstream.on('message', (message, remote) => {
      const query = decode(message);
      const answers = [{ type: 'A' as const, name: 'example.com', ttl: 60, data: '192.0.2.1' }];
      const questions = query.questions ?? [];
      const reply = encode({ type: 'response', id: query.id ?? 0, questions, answers });
      upstream.send(reply, remote.port, remote.address);
    });
    upstream.bind(0, '127.0.0.1');
    await once(upstream, 'listening');
    stops.push(() => new Promise((resolve) => upstream.close(() => resolve())));
    const socket = createSocket('udp4');
    const forwarder = createForwarder({
      socket,
      resolvers: [{ address: '127.0.0.1', port: upstream.address().port }],
      clock: systemClock,
      random: systemRandom,
    });
    const { resolver } = await start([], forwarder);
    expect(await resolver.resolve4('example.com')).toEqual(['192.0.2.1']);
  });
});
