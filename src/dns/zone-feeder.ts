// Keeps a Zone in step with the Services and EndpointSlices of the API.
import type { EndpointSlice, Service } from '../api/generated/types.ts';
import { keyOf, namespaceOf } from '../api/meta/object.ts';
import { endpointSlices, services } from '../api/resources.ts';
import type { InformerFactory } from '../client/informer.ts';
import { serviceRecords } from './service-records.ts';
import type { Zone } from './zone.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const BY_SERVICE = 'dns-service';

function serviceKeyOf(slice: EndpointSlice): string {
  return `${namespaceOf(slice)}/${slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? ''}`;
}

/**
 * Subscribes; records change in the same turn as the informer's cache. Returns the unsubscriber.
 */
export function feedZone(zone: Zone, informers: InformerFactory): () => void {
  const serviceInformer = informers.informer(services);
  const sliceInformer = informers.informer(endpointSlices);
  sliceInformer.addIndex(BY_SERVICE, (slice) => [serviceKeyOf(slice)]);
  const refresh = (key: string) => {
    const [namespace = '', name = ''] = key.split('/');
    const service = serviceInformer.lister.get({ namespace, name });
    const slices = sliceInformer.lister.byIndex(BY_SERVICE, key);
    zone.replace(key, service ? serviceRecords(service, slices, zone.name) : []);
  };
  const onService = (service: Service) => refresh(keyOf(service));
  const onSlice = (slice: EndpointSlice) => refresh(serviceKeyOf(slice));
  const stops = [
    serviceInformer.addEventHandler({
      add: onService,
      update: (_previous, service) => onService(service),
      delete: onService,
    }),
    sliceInformer.addEventHandler({
      add: onSlice,
      update(previous, slice) {
        if (serviceKeyOf(previous) !== serviceKeyOf(slice)) onSlice(previous);
        onSlice(slice);
      },
      delete: onSlice,
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
