// Services and the pods they select, from the informers: shared by both controllers of this folder.
import type { Pod, Service } from '../../api/generated/types.ts';
import { semanticEqual } from '../../api/meta/json-equal.ts';
import { matches, selectorFromMap } from '../../api/meta/labels.ts';
import { keyOf, namespaceOf } from '../../api/meta/object.ts';
import { pods, services } from '../../api/resources.ts';
import type { Informer, InformerFactory } from '../../client/informer.ts';

export interface ServicePods {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  /** Pods that the selector of `service` selects; it must have one. */
  selected(service: Service): Pod[];
  /**
   * Calls back with the key of every Service that an event may concern. Returns the unsubscriber.
   */
  onChange(enqueue: (key: string) => void): () => void;
}

/** A Service without a selector has endpoints of somebody else's making. */
export function hasSelector(service: Service): boolean {
  return (
    service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0
  );
}

export function createServicePods(informers: InformerFactory): ServicePods {
  const serviceInformer = informers.informer(services);
  const podInformer = informers.informer(pods);
  const matching = (pod: Pod) =>
    serviceInformer.lister
      .list(namespaceOf(pod))
      .filter(
        (service) =>
          hasSelector(service) &&
          matches(selectorFromMap(service.spec?.selector), pod.metadata.labels),
      );
  return {
    services: serviceInformer,
    pods: podInformer,
    selected(service) {
      const selector = selectorFromMap(service.spec?.selector);
      return podInformer.lister
        .list(namespaceOf(service))
        .filter((pod) => matches(selector, pod.metadata.labels));
    },
    onChange(enqueue) {
      const onService = (service: Service) => enqueue(keyOf(service));
      const onPod = (pod: Pod) => {
        for (const service of matching(pod)) enqueue(keyOf(service));
      };
      const stops = [
        serviceInformer.addEventHandler({
          add: onService,
          update: (_previous, service) => onService(service),
          delete: onService,
        }),
        podInformer.addEventHandler({
          add: onPod,
          update(previous, pod) {
            if (!semanticEqual(previous.metadata.labels, pod.metadata.labels)) onPod(previous);
            onPod(pod);
          },
          delete: onPod,
        }),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}
