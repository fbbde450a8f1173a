// The records of one Service and its EndpointSlices (SS-906 … SS-912; Kubernetes DNS specification
// 1.1).
import type { Endpoint, EndpointSlice, Service } from '../api/generated/types.ts';
import { nameOf, namespaceOf } from '../api/meta/object.ts';
import { addressRecord, reverseName, type DnsRecord } from './record.ts';

/** `nginx.default.svc.cluster.local`. */
function serviceName(service: Service, zone: string): string {
  return `${nameOf(service)}.${namespaceOf(service)}.svc.${zone}`.toLowerCase();
}

/** All records that exist because of `service`; `slices` are those that carry its name. */
export function serviceRecords(
  service: Service,
  slices: readonly EndpointSlice[],
  zone: string,
): DnsRecord[] {
  const name = serviceName(service, zone);
  if (service.spec?.type === 'ExternalName') {
    const target = (service.spec.externalName ?? '').toLowerCase().replace(/\.$/, '');
    return target === '' ? [] : [{ name, type: 'CNAME', target }];
  }
  if (service.spec?.clusterIP === 'None') return headlessRecords(name, slices);
  return clusterRecords(service, name);
}

function clusterRecords(service: Service, name: string): DnsRecord[] {
  const addresses = service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? ''];
  const records: DnsRecord[] = [];
  for (const address of addresses.filter((candidate) => candidate !== '')) {
    records.push(addressRecord(name, address));
    records.push({ name: reverseName(address), type: 'PTR', target: name });
  }
  for (const port of records.length === 0 ? [] : (service.spec?.ports ?? [])) {
    if (port.name === undefined || port.name === '') continue;
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    const srvName = `_${port.name}._${protocol}.${name}`.toLowerCase();
    records.push({ name: srvName, type: 'SRV', target: name, port: port.port });
  }
  return records;
}

function headlessRecords(name: string, slices: readonly EndpointSlice[]): DnsRecord[] {
  const records = new Map<string, DnsRecord>();
  const add = (record: DnsRecord) => records.set(JSON.stringify(record), record);
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue; // SS-908
      for (const address of endpoint.addresses) {
        const host = `${endpointLabel(endpoint, address)}.${name}`;
        add(addressRecord(name, address));
        add(addressRecord(host, address));
        for (const record of portRecords(slice, { name, host })) add(record);
        if (endpoint.hostname) add({ name: reverseName(address), type: 'PTR', target: host });
      }
    }
  }
  return [...records.values()];
}

/** SS-907; endpoints without a hostname are named after their address (SS-910). */
function endpointLabel(endpoint: Endpoint, address: string): string {
  if (endpoint.hostname) return endpoint.hostname.toLowerCase();
  return address.replaceAll('.', '-').replaceAll(':', '-');
}

/** SS-909: named ports only. */
function portRecords(
  slice: EndpointSlice,
  { name, host }: { name: string; host: string },
): DnsRecord[] {
  return (slice.ports ?? []).flatMap((port) => {
    if (!port.name || port.port === undefined) return [];
    const srvName =
      `_${port.name}._${(port.protocol ?? 'TCP').toLowerCase()}.${name}`.toLowerCase();
    return [{ name: srvName, type: 'SRV' as const, target: host, port: port.port }];
  });
}
