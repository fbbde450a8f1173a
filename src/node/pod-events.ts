// Events about pods and their containers, in a kubelet's words.
import type { Container, Pod } from '../api/generated/types.ts';
import type { KubernetesObject } from '../api/meta/object.ts';

/** What the agent needs of an event recorder (client/event-recorder.ts). */
export interface PodEventSink {
  event(
    object: KubernetesObject,
    type: 'Normal' | 'Warning',
    details: { reason: string; message: string; fieldPath?: string },
  ): void;
}

export interface PodEvents {
  normal(pod: Pod, reason: string, message: string): void;
  warning(pod: Pod, reason: string, message: string): void;
  /** The same about one container of the pod. */
  about(
    pod: Pod,
    container: string,
  ): {
    normal(reason: string, message: string): void;
    warning(reason: string, message: string): void;
  };
}

/** `spec.containers{name}`, `spec.initContainers{name}` … */
export function fieldPathOf(pod: Pod, name: string): string {
  const has = (list: readonly Pick<Container, 'name'>[] | undefined) =>
    (list ?? []).some((container) => container.name === name);
  if (has(pod.spec?.initContainers)) return `spec.initContainers{${name}}`;
  if (has(pod.spec?.ephemeralContainers)) return `spec.ephemeralContainers{${name}}`;
  return `spec.containers{${name}}`;
}

export function createPodEvents(sink: PodEventSink): PodEvents {
  return {
    normal: (pod, reason, message) => sink.event(pod, 'Normal', { reason, message }),
    warning: (pod, reason, message) => sink.event(pod, 'Warning', { reason, message }),
    about(pod, container) {
      const fieldPath = fieldPathOf(pod, container);
      return {
        normal: (reason, message) => sink.event(pod, 'Normal', { reason, message, fieldPath }),
        warning: (reason, message) => sink.event(pod, 'Warning', { reason, message, fieldPath }),
      };
    },
  };
}
