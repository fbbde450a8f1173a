// What a resize may not do (API-706): change other resources than CPU and memory, take one away,
// change the quality class, or change the containers themselves.
import { podQosClass } from '../../../api/core/pod-resources.ts';
import type { Container, Pod, ResourceRequirements } from '../../../api/generated/types.ts';
import { fieldPath, forbidden, invalidValue } from '../../../api/meta/field-errors.ts';
import { semanticEqual } from '../../../api/meta/json-equal.ts';
import type { StatusCause } from '../../../api/meta/status-error.ts';

const SPEC = fieldPath('spec');
const MIRROR = 'kubernetes.io/config.mirror';
const ONLY_CPU_AND_MEMORY = 'only cpu and memory resources are mutable';
const LISTS = ['containers', 'initContainers'] as const;
const COMPUTE: ReadonlySet<string> = new Set(['cpu', 'memory']);
const AMOUNTS = ['requests', 'limits'] as const;
type Resources = ResourceRequirements | undefined;

/** Why no resize of the pod is possible; undefined when one may be. */
export function refusalOfAny({ metadata, spec }: Pod): StatusCause | undefined {
  if (metadata.annotations?.[MIRROR] !== undefined) {
    return forbidden('[]', 'static pods cannot be resized');
  }
  if (spec?.os?.name === 'windows') return forbidden('[]', 'windows pods cannot be resized');
  return undefined;
}

/** The causes against a resize, in upstream's order. */
export function resizeCauses(pod: Pod, old: Pod): StatusCause[] {
  const general = [...qosCauses(pod, old), ...supportCauses(old), ...podLevelCauses(pod, old)];
  const order = LISTS.flatMap((list) => orderCauses(pod, old, list));
  if (order.length > 0) return [...general, ...order];
  const removed = (['initContainers', 'containers'] as const).flatMap((list) =>
    pairs(pod, old, list).flatMap(([container, before], index) =>
      removals(container.resources, before.resources).map((field) =>
        forbidden(
          SPEC.child(list).index(index).child('resources').child(field),
          `resource ${field} cannot be removed`,
        ),
      ),
    ),
  );
  const mutated = [...containerCauses(pod, old), ...initContainerCauses(pod, old)];
  return [...general, ...removed, ...mutated];
}

function qosCauses(pod: Pod, old: Pod): StatusCause[] {
  const before = podQosClass(old);
  if (podQosClass(pod) === before) return [];
  return [invalidValue(SPEC, before, 'Pod QOS Class may not change as a result of resizing')];
}

/** A node that can resize says what running containers have. */
function supportCauses({ status }: Pod): StatusCause[] {
  const running = status?.containerStatuses?.find(({ state }) => state?.running !== undefined);
  if (!running || running.resources !== undefined) return [];
  return [forbidden(SPEC, 'Pod running on node without support for resize')];
}

function podLevelCauses({ spec }: Pod, { spec: old }: Pod): StatusCause[] {
  const [now, before] = [spec?.resources, old?.resources];
  if (!isSet(now) && !isSet(before)) return [];
  const path = SPEC.child('resources');
  if (before && !now) return [forbidden(path, 'pod-level resources cannot be removed')];
  const causes = removals(now, before).map((field) =>
    forbidden(path.child(field), `pod-level resource ${field} cannot be removed`),
  );
  if (semanticEqual(withoutCompute(now), withoutCompute(before))) return causes;
  return [...causes, forbidden(SPEC, `${ONLY_CPU_AND_MEMORY} at pod-level`)];
}

function isSet(resources: Resources): boolean {
  return AMOUNTS.some((field) => Object.keys(resources?.[field] ?? {}).length > 0);
}

function orderCauses(pod: Pod, old: Pod, list: (typeof LISTS)[number]): StatusCause[] {
  const [now, before] = [pod.spec?.[list] ?? [], old.spec?.[list] ?? []];
  const path = SPEC.child(list);
  if (now.length !== before.length) {
    return [forbidden(path, `${list} may not be added or removed on resize`)];
  }
  const message = `${list} may not be renamed or reordered on resize`;
  return before.flatMap(({ name }, index) =>
    now[index]?.name === name ? [] : [forbidden(path.index(index).child('name'), message)],
  );
}

/** The containers before and after; both lists have the same length. */
function pairs(pod: Pod, old: Pod, list: (typeof LISTS)[number]): [Container, Container][] {
  const before = old.spec?.[list] ?? [];
  return (pod.spec?.[list] ?? []).map((container, index) => [
    container,
    before[index] ?? container,
  ]);
}

function removals(now: Resources, before: Resources): (typeof AMOUNTS)[number][] {
  return AMOUNTS.filter((field) =>
    Object.keys(before?.[field] ?? {}).some((name) => now?.[field]?.[name] === undefined),
  );
}

function containerCauses(pod: Pod, old: Pod): StatusCause[] {
  return pairs(pod, old, 'containers').flatMap(([container, before]) =>
    sameButCompute(container, before) ? [] : [forbidden(SPEC, ONLY_CPU_AND_MEMORY)],
  );
}

function initContainerCauses(pod: Pod, old: Pod): StatusCause[] {
  return pairs(pod, old, 'initContainers').flatMap(([container, before], index) => {
    const path = SPEC.child('initContainers').index(index);
    const causes: StatusCause[] = [];
    if (!sameButCompute(container, before)) {
      const message = 'only cpu and memory resources for init or sidecar containers are mutable';
      causes.push(forbidden(path, message));
    }
    const isSidecar = container.restartPolicy === 'Always';
    if (isSidecar || semanticEqual(container, before)) return causes;
    const restarts = (container.resizePolicy ?? []).filter(
      ({ restartPolicy }) => restartPolicy === 'RestartContainer',
    );
    const message =
      'non-sidecar init containers with a resize policy of RestartContainer cannot be resized';
    return [...causes, ...restarts.map(() => forbidden(path, message))];
  });
}

function sameButCompute(container: Container, before: Container): boolean {
  const plain = (one: Container) => ({ ...one, resources: withoutCompute(one.resources) });
  return semanticEqual(plain(container), plain(before));
}

/** Amounts without the two that a resize may change. */
function withoutCompute(resources: Resources): object {
  const rest = (amounts: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(amounts).filter(([name]) => !COMPUTE.has(name)));
  return { requests: rest(resources?.requests), limits: rest(resources?.limits) };
}
